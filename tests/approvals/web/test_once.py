"""What a page reads once, it reads once per page: never for the next page, nor for a task that outlives it."""

from contextvars import copy_context

from django.http import HttpResponse

from approvals.once import once, read_once


def reader():
    made: list[int] = []

    def read() -> int:
        made.append(1)
        return len(made)

    return read


def test_a_page_reads_once():
    read = reader()
    page = read_once(lambda: HttpResponse(f"{once('one', read)} {once('one', read)}"))
    assert page().content == b"1 1"


def test_the_next_page_reads_afresh():
    read = reader()
    page = read_once(lambda: HttpResponse(str(once("one", read))))
    assert (page().content, page().content) == (b"1", b"2")


def test_outside_a_page_everything_is_read():
    read = reader()
    assert (once("one", read), once("one", read)) == (1, 2)


def test_a_task_begun_on_a_page_does_not_keep_its_memory():
    read, kept = reader(), []

    def view():
        once("one", read)
        kept.append(copy_context())
        return HttpResponse()

    read_once(view)()
    assert [kept[0].run(once, "one", read) for _ in range(2)] == [2, 3]


def test_a_level_taken_away_counts_on_the_next_page(client, maria, rita):
    from approvals.models import LevelHolder
    from tests.approvals.web.making import request_of, text

    one = request_of(rita, "manager")
    client.force_login(maria)
    assert "Decide as manager" in text(client.get(one.get_absolute_url()))
    LevelHolder.objects.filter(user=maria).delete()
    assert client.get(one.get_absolute_url()).status_code == 404
