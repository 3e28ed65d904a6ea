"""Jobs: found by name, their arguments checked, sync or async, handed a key and the item."""

import asyncio
import threading

import pytest

from worker import jobs, registry
from worker.registry import BadArguments, Callables, Missing


@pytest.fixture(autouse=True)
def _only_these(monkeypatch):
    known = Callables(reserved=frozenset({"key", "item"}))
    monkeypatch.setattr(registry, "jobs", known)

    @known.register("greet", title="greets")
    async def greet(*, key, item, name: str, often: int = 1):
        return {"key": key, "item": item, "said": name * often}

    @known.register("where")
    def where():
        return threading.current_thread() is threading.main_thread()

    @known.register("fails")
    async def fails():
        raise ConnectionError("503 upstream")


def run(job, /, **args):
    return asyncio.run(jobs.run(job, args, key="k-1", item={"row": 7}))


def test_a_job_gets_its_arguments_the_key_and_the_item():
    assert run("greet", name="ha", often="2") == {"key": "k-1", "item": {"row": 7}, "said": "haha"}


def test_a_plain_one_runs_in_a_thread_and_needs_neither_key_nor_item():
    assert run("where") is False


def test_what_it_raises_is_raised():
    with pytest.raises(ConnectionError, match="503"):
        run("fails")


def test_arguments_that_do_not_fit_are_refused_before_it_is_called():
    with pytest.raises(BadArguments, match="needs the argument 'name'"):
        run("greet", often=3)
    with pytest.raises(BadArguments, match="no argument 'key'"):
        run("greet", name="x", key="stolen")


def test_a_job_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(Missing, match=r"no job 'lunch'\. There are: fails, greet, where\."):
        run("lunch")
