"""Failed items by cause on the batch's page, and all of them page by page, for everybody signed in."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from batches import groups, searching
from batches.models import Batch
from live.regions import find

ORDER = "order ‹n› was refused"


def words(answer):
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_largest_cause_stands_first_with_some_of_its_items(failed, see, rita):
    failed.fails(7, error="IBAN {} is not valid", final=True, tries=1)
    failed.fails(*range(20, 40))
    said = words(see(rita, failed.address))
    assert said.index(ORDER) < said.index("IBAN ‹n› is not valid")
    assert "item ord-20 : “ order 20 was refused ”, 3 tries" in said
    assert "item ord-23" not in said  # three are enough
    assert "will not help: final" in said
    assert "Look at all 21 failed items" in said


def test_items_that_say_the_same_as_their_cause_are_only_named(failed, see, rita):
    failed.fails(*range(5), error="no answer")
    said = words(see(rita, failed.address))
    assert "no answer items ord-0 , ord-1 , ord-2 …" in said


def test_ops_may_run_a_cause_again_while_the_batch_goes_on_others_may_not(failed, see, rita, olga):
    failed.fails(*range(250))
    failed.fails(300, error="IBAN {} is not valid", final=True)
    Batch.objects.update(state="running", closed_at=None)
    version = groups.version(failed.row.uuid)
    assert "action=retry" not in see(olga, failed.address).content.decode()  # their chunks run: they do not count yet
    Batch.objects.update(total=251, failed=251)
    assert groups.version(failed.row.uuid) != version
    said = see(olga, failed.address).content.decode()
    group = failed.group(ORDER).fingerprint
    assert f'{failed.address}order/?action=retry&amp;group={group}&amp;sample=3#order">Retry 3 first' in said
    assert f'{failed.address}order/?action=retry&amp;group={group}#order">all 250' in said
    assert failed.group("IBAN ‹n› is not valid").fingerprint + "#order" not in said
    assert "Retry 3 first" in see(olga, f"{failed.address}failures/?group={group}").content.decode()
    assert "action=retry" not in see(rita, failed.address).content.decode()
    Batch.objects.update(state="completed", closed_at="2026-03-01T12:00Z")
    said = see(olga, failed.address).content.decode()
    assert "action=retry" not in said
    assert f'/batches/new/?failed_of={failed.row.uuid}&amp;group={group}">New batch from 250' in said
    assert "New batch from" not in see(rita, failed.address).content.decode()
    Batch.objects.update(cleared_at="2026-04-01T12:00Z")
    assert "New batch from" not in see(olga, failed.address).content.decode()


def test_all_failed_items_page_by_page_each_once(failed, see, rita, monkeypatch):
    monkeypatch.setattr(searching, "PAGE", 10)
    failed.fails(*range(0, 50, 2))
    address, seen = f"{failed.address}failures/", []
    while address:
        content = see(rita, address).content.decode()
        seen += re.findall(r"<bdi>ord-(\d+)</bdi></a></td>", content)
        more = re.search(r'href="(\?[^"]*after=\d+)">More', content)
        address = f"{failed.address}failures/{more[1]}" if more else ""
    assert list(map(int, seen)) == list(range(0, 50, 2))


def test_those_of_one_cause_alone(failed, see, rita):
    failed.fails(1, 2)
    failed.fails(3, error="no answer")
    said = words(see(rita, f"{failed.address}failures/?group={failed.group('no answer').fingerprint}"))
    assert "ord-3" in said
    assert "ord-1" not in said
    see(rita, f"{failed.address}failures/?group=nobody", 404)


def test_they_are_searched_for_words_of_an_error_or_a_key(failed, see, rita):
    failed.fails(*range(10))
    failed.fails(77, error="payments: 503 <b>upstream</b>")
    assert "ord-77" in words(see(rita, f"{failed.address}failures/?q=UPSTREAM"))
    content = see(rita, f"{failed.address}failures/?q=rd-7").content.decode()
    assert re.findall(r"<bdi>(ord-\d+)</bdi></a></td>", content) == ["ord-7", "ord-77"]
    assert "&lt;b&gt;upstream" in content
    assert "No failed item says this" in words(see(rita, f"{failed.address}failures/?q=zebra"))


def test_a_search_looks_at_so_many_says_so_and_goes_on_from_there(failed, see, rita, monkeypatch):
    monkeypatch.setattr(searching, "LOOKED_AT", 10)
    failed.fails(*range(25))
    failed.fails(24, error="zebra")
    first = see(rita, f"{failed.address}failures/?q=zebra").content.decode()
    assert "10 failed items were looked at for this; there are more." in first
    assert 'href="?q=zebra&amp;after=9">Look further' in first
    assert "ord-24" in words(see(rita, f"{failed.address}failures/?q=zebra&after=19"))


@pytest.mark.parametrize("query", ["after=x", "after=-5", "after=99999999999999999999", "q=%00", "q=%25&after=1"])
def test_nonsense_in_the_address_is_no_error(failed, see, rita, query):
    failed.fails(1)
    see(rita, f"{failed.address}failures/?{query}")


def test_without_failures_it_says_so(failed, see, rita):
    Batch.objects.update(total=5, succeeded=5)
    assert "No item has failed." in words(see(rita, failed.address))
    assert "No item has failed" in words(see(rita, f"{failed.address}failures/"))


def test_who_is_not_signed_in_sees_nothing(failed, client):
    for path in ("failures/", "item/?key=1", "export/failures.csv"):
        assert client.get(failed.address + path).status_code == 302


def test_the_live_piece_is_read_anew_when_a_failure_comes_or_goes_and_not_for_nothing(failed, rita, olga):
    region, key = find("batch-failures"), str(failed.row.uuid)
    assert region.audience(olga, key) != region.audience(rita, key)
    assert region.may_watch(rita, key)
    seen = [region.version(key, "everybody")]
    for change in (lambda: failed.fails(1), lambda: failed.fails(1, error="no answer"), failed.mends_one):
        change()
        seen.append(region.version(key, "everybody"))
        assert region.version(key, "everybody") == seen[-1]
    assert len(set(seen)) == len(seen)


def test_the_live_piece_costs_the_same_however_many_have_failed(failed, rita):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            find("batch-failures").read(str(failed.row.uuid), "everybody")
        return len(asked)

    failed.fails(*range(5))
    few = queries()
    for n in range(20):
        failed.fails(*range(100 * n, 100 * n + 50), error=f"{'x' * (n + 1)} said no")
    assert queries() == few


def test_where_each_failure_says_something_else_it_says_so_and_counts_no_further(failed, see, rita, monkeypatch):
    monkeypatch.setattr(groups, "MANY", 20)
    for n in range(25):
        failed.fails(n, error=f"{chr(97 + n)} said no")
    Batch.objects.update(total=25, failed=25)
    said = words(see(rita, failed.address))
    assert "More than 8 smaller causes are not shown" in said
    assert "Look at all 25 failed items" in said
