"""The live pieces of batches: they move without being asked, cost the same for many, and nothing when all is over."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches import queries
from batches.models import Batch, State
from batches.regions import line_key
from live.regions import find
from live.rendering import Piece, render
from tests.batches.pages.conftest import SIX, points, written
from tests.conftest import person
from tests.live.conftest import asked, look, port, session_of  # noqa: F401  (fixtures: found by their names here)
from tests.temporal import until

OF_ONE = ("batch-head", "batch", "batch-line", "batch-map", "batch-past", "batch-facts", "batch-results")


def regions_of(row):
    return [Piece(name, str(row.uuid)) for name in OF_ONE]


def test_a_batch_moves_pauses_and_ends_before_the_eyes_of_who_looks(batches, told, rita, alive, look):  # noqa: F811
    told.open.clear()
    running = batches.start([{"n": n} for n in range(30)], max_parallel=1)
    row = until(lambda: Batch.objects.filter(state=State.RUNNING).first())
    pieces = {piece.name: piece.element_id for piece in regions_of(row)}
    page = look(*map(str, [*regions_of(row), Piece("batches", "")]), cookie=session_of(rita))
    page.until("Running", pieces["batch-head"], 60)
    page.until("adds up to 30", pieces["batch"], 60)
    page.until("0 of 3 done", pieces["batch-map"], 60)
    page.until("0 % of 30", "region-batches", 60)
    page.until("Results so far", pieces["batch-results"], 60)
    running.signal("pause", "olga", "They move house")
    page.until("Pausing", pieces["batch-head"], 60)
    told.open.set()
    page.until("Paused", pieces["batch-head"], 60)
    page.until("They move house", pieces["batch-past"], 60)
    running.signal("resume", "olga")
    page.until("Completed", pieces["batch-head"], 60)
    page.until_true(lambda: "so far" not in page.elements[pieces["batch-results"]], "the results are whole", 60)
    page.until("100", pieces["batch"], 60)
    page.until("3 of 3 done", pieces["batch-map"], 60)
    page.until("Completed", "region-batches", 60)


def test_the_numbers_move_about_twice_a_second_and_no_more(batches, told, rita, alive, look):  # noqa: F811
    """As long as a chunk ends every few hundredths of a second, hardly an update is left out, and none is added."""
    running = batches.start([{"n": n} for n in range(9_000)], chunk_size=5, max_parallel=2, pace=RATE)
    row = until(lambda: Batch.objects.filter(state=State.RUNNING).first())
    piece = Piece("batch", str(row.uuid))
    page = look(str(piece), cookie=session_of(rita))
    page.until("adds up to", piece.element_id, 60)
    page.pulses(2)
    before, began = len(page.versions(piece.element_id)), time.monotonic()
    page.pulses(6)
    each_second = (len(page.versions(piece.element_id)) - before) / (time.monotonic() - began)
    running.signal("cancel")
    running.result()
    assert 1.2 <= each_second <= 2.4


RATE = {"kind": "token_bucket", "limit": 100, "per_seconds": 1}


def test_the_number_of_questions_is_the_same_for_one_viewer_and_for_many(
    batches, told, rita, olga, boss, alive, asked, look,  # noqa: F811
):  # fmt: skip
    told.open.clear()
    batches.start([1, 2, 3])
    row = until(lambda: Batch.objects.filter(state=State.RUNNING).first())
    pieces = [str(piece) for piece in regions_of(row)]
    cookies = [session_of(user) for user in (rita, olga, boss)]

    def asked_by(number):
        pages = [look(*pieces, cookie=cookies[place % 3]) for place in range(number)]
        for page in pages:
            page.until("Running", Piece("batch-head", str(row.uuid)).element_id, 60)
        asked.clear()
        pages[0].pulses(4)
        found = sum(asked.values())
        for page in pages:
            page.close()
        return found

    one, many = asked_by(1), asked_by(18)
    told.open.set()
    assert 4 <= one <= 11
    assert many <= 11


def test_when_it_has_ended_nobody_is_asked_any_more(temporal, rita):
    row = written(state="completed", succeeded=100)
    for piece in regions_of(row):
        render(find(piece.name), piece, "everybody")
    assert not temporal.asked


def test_another_one_like_it_is_offered_to_ops_while_it_runs(temporal, db):
    """Afterwards the same stands at the top."""

    def offered(row, ops):
        return "Start another one" in render(find("batch-another"), Piece("batch-another", str(row.uuid)), ops)

    running, ended = written(pending=1), written(state="completed", succeeded=1)
    assert [offered(running, True), offered(running, False), offered(ended, True)] == [True, False, False]


@pytest.mark.parametrize("state", State.values)
def test_nothing_that_takes_the_focus_or_decides_is_in_a_region(temporal, db, state):
    row = written(state=state, succeeded=40, failed=10, running=10, pending=40)
    points(row, 2, 20)
    temporal.says(row)
    for piece in [*regions_of(row), Piece("batches", "")]:
        html = render(find(piece.name), piece, "everybody")
        for part in ("<form", "<input", "<button", "csrf", "autofocus"):
            assert part not in html


def test_nobody_watches_what_there_is_not(rita):
    row = written(pending=1)
    others = ("", "x", str(row.uuid).upper(), "00000000-0000-4000-8000-000000000000", f"{row.uuid}/x", f"{row.uuid}/")
    for name in OF_ONE:
        assert find(name).may_watch(rita, str(row.uuid))
        assert not any(allowed(rita, name, key) for key in others)
    assert find("batch-line").may_watch(rita, line_key(row.uuid, True))
    rita.is_active = False
    assert not any(find(name).may_watch(rita, str(row.uuid)) for name in OF_ONE)


def allowed(user, name, key):
    try:
        return find(name).may_watch(user, key)
    except ValueError:  # a key that means nothing: the grant takes it so
        return False


def test_what_was_written_elsewhere_makes_nobody_read_a_batch_again(db):
    row, other = written(pending=1), written(pending=1)
    before = queries.version(str(row.uuid)), queries.list_version()
    person("somebody")
    assert (queries.version(str(row.uuid)), queries.list_version()) == before
    Batch.objects.filter(pk=other.pk).update(written=2)
    assert queries.version(str(row.uuid)) == before[0]
    assert queries.list_version() != before[1]
    Batch.objects.filter(pk=row.pk).update(written=2)
    assert queries.version(str(row.uuid)) != before[0]


@pytest.mark.parametrize("name", ["batch", "batch-line"])
def test_looking_at_one_costs_one_query_and_its_line_is_not_read_each_time(temporal, db, name):
    row = written(pending=1_000)
    points(row, 25, 20)
    temporal.says(row, succeeded=500, pending=500)
    piece = Piece(name, str(row.uuid))
    render(find(name), piece, "everybody")
    with CaptureQueriesContext(connection) as seen:
        render(find(name), piece, "everybody")
    assert len(seen) == 1, [query["sql"] for query in seen]


def test_a_batch_of_a_million_items_is_drawn_in_few_bytes(temporal, db):
    row = written(pending=1_000_000, data={"chunk_size": 100, "items": 1_000_000})
    points(row, 500, 900)
    temporal.says(
        row, succeeded=450_000, running=5_000, pending=545_000, chunks=10_000, next_chunk=4_600,
        chunks_running=[[2 * n, 2 * n + 1] for n in range(2_000, 2_200)],
    )  # fmt: skip
    sizes = {piece.name: len(render(find(piece.name), piece, "everybody")) for piece in regions_of(row)}
    assert sizes["batch"] < 6_000
    assert max(sizes.values()) < 24_000, sizes
    assert set(SIX) <= set(row.told)
