"""The examples in docs/patterns.md run as they stand, and its table names nothing that is not there."""

import importlib
import json
import re
import sys
import uuid
from contextlib import AsyncExitStack

import pytest
from temporalio.worker import Worker

from tests.architecture.rules import ROOT
from tests.temporal import run
from worker import client as door
from worker.batch_contract import read_spec

PATTERNS = (ROOT / "docs" / "patterns.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PATTERNS, re.MULTILINE | re.DOTALL)
TABLE = PATTERNS.partition("## Where each thing is")[2]


# --- the examples -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """All blocks as one module, so that the workflows' sandbox can load it, too."""
    folder = tmp_path_factory.mktemp("patterns")
    (folder / "examples_of_patterns.py").write_text("\n\n".join(BLOCKS))
    sys.path.insert(0, str(folder))
    yield importlib.import_module("examples_of_patterns")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def play(examples, temporal_server):
    """Start a workflow by its name, send it signals, and give what it returns."""
    queue, stack = f"patterns-{uuid.uuid4().hex[:8]}", AsyncExitStack()
    found = list(vars(examples).values())
    workflows = [each for each in found if hasattr(each, "__temporal_workflow_definition")]
    activities = [each for each in found if hasattr(each, "__temporal_activity_definition")]

    async def open_it():
        client = await door.connect(patient=True)
        await stack.enter_async_context(Worker(client, task_queue=queue, workflows=workflows, activities=activities))
        return client

    client = run(open_it())

    def start(name, *args, signals=()):
        async def to_its_end():
            handle = await client.start_workflow(name, args=list(args), id=f"{name}-{uuid.uuid4()}", task_queue=queue)
            for signal, given in signals:
                await handle.signal(signal, args=list(given))
            return await handle.result()

        return run(to_its_end())

    start.client = client
    yield start
    run(stack.aclose())


def test_there_is_an_example_in_each_section():
    sections = re.split(r"^## ", PATTERNS.partition("## Which when")[0], flags=re.MULTILINE)[1:]
    assert len(sections) == 11
    for section in sections:
        assert all(word in section for word in ("**When**", "**How**", "**Trap", "```python")), section[:40]


def test_an_entity_loses_no_signal_over_its_runs(play):
    signals = [*(("happened", [number]) for number in range(10)), ("end", [])]
    told = play("Entity", signals=signals)
    assert told["done"] == 10


def test_a_child_that_fails_is_a_result(play):
    told = play("Tenants", ["voss", "broken", "lenz"])
    assert told == {"voss": "voss is done", "broken": "failed: its data is damaged", "lenz": "lenz is done"}


def test_a_child_that_is_not_waited_for_goes_on(play):
    child = play.client.get_workflow_handle(play("Starter", "voss"))
    assert run(child.result()) == "voss is done"


def test_parts_keep_each_their_outcome(play):
    assert play("Order") == {"reserve": "done", "pay": "failed: the card was declined", "quote": "done"}


def test_a_window_gives_every_outcome_in_its_order(play):
    assert play("Halves", [2, 3, 4, 6]) == [1, "failed: 3 is odd", 2, 3]


def test_a_tree_of_reduces_gives_the_sum(play):
    assert play("Total", [[float(number)] * 2 for number in range(10)]) == 90


def test_three_chunks_at_one_a_window_wait_twice(play):
    assert play("Paced", 3) >= 2


def test_a_lower_rung_serves_and_says_so(play):
    assert play("Recommendation", "voss") == {
        "items": ["lamp"], "source": "popular", "degraded": True, "why": "the model is away, twice",
    }  # fmt: skip


def test_a_breaker_opens_is_tried_and_closes(examples):
    assert examples.a_breakers_story() == ["closed", "open", "half_open", "closed"]


def test_data_by_reference_is_summed_and_cleaned_up(play, tmp_path):
    assert play("ByReference", str(tmp_path)) == sum(range(10_000))
    assert list(tmp_path.iterdir()) == []


def test_after_a_sudden_end_it_goes_on_from_the_checkpoint(play):
    told = play("Walk", 5_000)
    assert told["done"] == 5_000
    assert told["of_the_last_try"] <= 4_000


def test_a_decision_counts_once_by_who_may_and_rubbish_is_refused(play):
    signals = [("approve", []), ("approve", [{"by": "dirk"}]), ("approve", [{"by": "maria"}, "more"])]
    told = play("Decision", "manager", signals=signals)
    assert (told["status"], told["by"]) == ("approved", "maria")
    assert told["refused"] == ["None does not decide as manager", "'dirk' does not decide as manager"]


# --- the table --------------------------------------------------------------------------------------------------

ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")] for line in re.findall(r"^\|.*$", TABLE, re.MULTILINE)[2:]
]
NAMED = sorted(set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*(?:::\w+)?)`", PATTERNS)))


def missing(named):
    """Why there is no such file, folder or test; "" where it is."""
    path, _colons, test = named.partition("::")
    place = ROOT / path
    if not place.exists():
        return f"there is no {path}"
    return "" if not test or f"def {test}(" in place.read_text() else f"{path} has no {test}"


def test_every_file_and_test_that_is_named_is_there():
    assert len(NAMED) > 60
    assert [words for named in NAMED if (words := missing(named))] == []


@pytest.mark.parametrize("named", ["worker/nothing.py", "tests/docs/test_patterns.py::test_that_there_is_not", "odd/"])
def test_what_is_not_there_would_be_noticed(named):
    assert missing(named)


def test_every_row_says_where_how_to_see_it_and_what_holds_it_or_that_it_is_not_built_yet():
    assert all(len(row) == 4 for row in ROWS)
    for system, _where, see, held in ROWS:
        assert "`tests/" in held or see.startswith("not built yet"), system


def test_every_system_has_its_rows():
    assert {row[0].strip("*").split()[0].strip("*") for row in ROWS} == {str(number) for number in range(1, 10)}


# --- what is started by hand ------------------------------------------------------------------------------------

COMMANDS = re.findall(r"--type (\w+) --workflow-id [\w-]+ \\\n((?:.*\n)+?)(?=\.venv|```)", TABLE)


def test_what_is_started_by_hand_is_what_the_contract_takes():
    assert [kind for kind, _rest in COMMANDS] == ["BatchWorkflow"] * 3
    for _kind, rest in COMMANDS:
        given = [json.loads(text) for text in re.findall(r"--input '(.*?)'", rest, re.DOTALL)]
        spec = read_spec(*given)
        assert (spec.errors, spec.warnings) == ((), ()), given
