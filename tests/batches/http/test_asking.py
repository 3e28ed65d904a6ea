"""Calls over real connections: what is sent, what an answer means, and every answer that is none."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from accounts.hosts import read
from batches.http import asking, pools
from batches.http.sending import send
from tests.accounts.receiver import Program, one_after_another, raw, resets, says, waits
from worker.resilience.fallback import NotAgain, NotYet

HEAD = b"HTTP/1.1 200 OK\r\n"


def test_the_item_is_the_body_and_the_key_goes_with_it(program, call):
    assert call({"n": 1, "ü": "x"}, key="B/7") == {"status": 200}
    headers, body = program.calls[0]
    assert body == b'{"n":1,"\\u00fc":"x"}'
    assert headers["Idempotency-Key"] == "B/7"
    assert headers["Content-Type"] == "application/json"
    assert program.methods == [("POST", "/hook")]


def test_templates_are_filled_for_what_they_are_in(program, call):
    item = {"id": "a/b c?", "say": 'he said "no"\n', "n": 3, "none": None}
    body = '{"text": "x {item.say}", "n": {item.n}, "none": {item.none}, "all": {item}, "key": "{key}", "brace": "{}"}'
    url = f"http://127.0.0.1:{program.port}/orders/{{item.id}}?q={{item.say}}&none={{item.none}}"
    call(item, method="put", url=url, body=body, headers={"X-Id": "n-{item.n}"}, key="k")
    assert program.methods == [("PUT", "/orders/a%2Fb%20c%3F?q=he%20said%20%22no%22%0A&none=")]
    import json

    sent = json.loads(program.bodies[0])
    assert sent == {"text": "x " + item["say"], "n": 3, "none": None, "all": item, "key": "k", "brace": "{}"}
    assert program.calls[0][0]["X-Id"] == "n-3"


def test_a_form_is_filled_as_a_form(program, call):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    call({"a": "x&b=1"}, headers=headers, body="a={item.a}&c=2")
    assert program.bodies == [b"a=x%26b%3D1&c=2"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_methods_without_a_body(program, call, method):
    assert call({"n": 1}, method=method) == {"status": 200}
    assert program.methods[0][0] == method
    assert program.bodies == [b""]


@pytest.mark.parametrize(
    ("item", "url", "words"),
    [
        ({"b": 1}, "/{item.a}", "no 'a'"),
        ("text", "/{item.a}", "no 'a'"),
        ({"a": ""}, "/orders/{item.a}", "is empty"),
        ({"a": ".."}, "/orders/{item.a}", "a dot or two"),
        ({"a": "."}, "/orders/.{item.a}/x", "a dot or two"),
    ],
)
def test_an_item_that_does_not_fit_is_final_and_nobody_is_called(program, call, item, url, words):
    with pytest.raises(NotAgain, match=words):
        call(item, url=f"http://127.0.0.1:{program.port}{url}")
    assert program.calls == []


def test_a_header_takes_no_line_break_from_an_item(program, call):
    with pytest.raises(NotAgain, match="line break"):
        call({"a": "x\r\nHost: evil"}, headers={"X-A": "{item.a}"})
    assert program.calls == []


@pytest.mark.parametrize("status", [200, 201, 299])
def test_done(program, call, status):
    program.answer = says(status)
    assert call() == {"status": status}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 599])
def test_worth_another_try(program, call, status):
    program.answer = says(status, b"not\nnow")
    with pytest.raises(NotYet, match=rf"It answered {status}.*: not now"):
        call()


@pytest.mark.parametrize("status", [304, 400, 401, 404, 409, 422])
def test_final(program, call, status):
    program.answer = says(status)
    with pytest.raises(NotAgain, match=f"It answered {status}"):
        call()


def test_what_a_status_means_can_be_given(program, call):
    given = {"success": [404, "3xx"], "retry": ["4xx"], "final": ["503"]}
    program.answer = one_after_another(says(404), says(304), says(400), says(503))
    assert [call(**given), call(**given)] == [{"status": 404}, {"status": 304}]
    with pytest.raises(NotYet):
        call(**given)
    with pytest.raises(NotAgain):
        call(**given)


@pytest.mark.parametrize(
    ("keep", "body", "kept"),
    [
        ("none", b"x", None),
        ("status", b"x", {"status": 200}),
        ("text", b"caf\xc3\xa9 \xff", {"status": 200, "text": "café �"}),
        ("json", b'{"a": [1]}', {"status": 200, "json": {"a": [1]}}),
        ("json", b"", {"status": 200, "json": None}),
    ],
)
def test_what_is_kept(program, call, keep, body, kept):
    program.answer = says(200, body)
    assert call(keep=keep) == kept


@pytest.mark.parametrize("body", [b"<html>", b"NaN", b"\xff\xfe", b"[" * 90_000], ids=["html", "nan", "bytes", "deep"])
def test_done_but_rubbish_is_final(program, call, body):
    program.answer = says(200, body)
    with pytest.raises(NotAgain, match="It answered 200, but with something else than JSON"):
        call(keep="json")


def test_a_hundred_megabytes_are_cut_off(program, call):
    sent = []

    def huge(handler):
        handler.close_connection = True
        handler.wfile.write(HEAD + b"Content-Length: 100000000\r\n\r\n")
        try:
            for _ in range(100):
                handler.wfile.write(b"x" * 1_000_000)
                sent.append(1)
        except OSError:
            pass

    program.answer = huge
    with pytest.raises(NotAgain, match="more than 1,000,000 bytes, and was cut off"):
        call()
    assert len(sent) < 50


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raw(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "before it was whole"),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal"), "before it was whole"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "something else than HTTP"),
        (raw(b"HTTP/1.1 abc\r\n\r\n"), "something else than HTTP"),
        (raw(HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n"), "something else than HTTP"),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "than HTTP|before it was whole"),
        (raw(b""), "broke off"),
        (resets, "broke off|before it was whole"),
    ],
    ids=["half", "half a chunk", "ssh", "status", "long header", "bad chunk", "nothing", "reset"],
)
def test_an_answer_that_is_none_may_be_tried_again(program, call, answer, words):
    program.answer = answer
    with pytest.raises(NotYet, match=words):
        call()


@pytest.mark.parametrize("answer", [waits(3), raw(HEAD, *[b"X-A: b\r\n"] * 50, pause=0.1)], ids=["silent", "drips"])
def test_one_deadline_for_all_of_it(program, call, answer):
    program.answer = answer
    began = time.monotonic()
    with pytest.raises(NotYet, match=r"did not answer within 0\.3 s"):
        call(timeout_seconds=0.3)
    assert time.monotonic() - began < 2


def test_nobody_there(settings, call, program):
    program.close()
    with pytest.raises(NotYet, match="does not take the connection"):
        call()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), ("soon", 0), ("-3", 0), ("9" * 50, 999_999_999), ("", 0)],
)
def test_what_it_says_about_the_next_try(program, call, said, seconds):
    program.answer = says(429, Retry_After=said)
    with pytest.raises(NotYet) as failed:
        call()
    assert failed.value.seconds == seconds


def test_a_date_for_the_next_try(program, call):
    program.answer = says(503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    with pytest.raises(NotYet) as failed:
        call()
    assert 55 < failed.value.seconds <= 60


# --- connections -------------------------------------------------------------------------------------------------


def test_connections_are_kept_and_closed_with_the_loop(program):
    seen = set()

    def answer(handler):
        seen.add(handler.client_address)
        says(200)(handler)

    program.answer = answer

    async def many():
        for n in range(20):
            await send({"url": program.url}, key=str(n), item=n)

    asyncio.run(many())
    assert len(seen) == 1
    assert not pools._pools


def test_what_may_be_called_has_connections_of_its_own():
    async def pools_of(*those):
        return [await pools.pool(read(hosts), secure) for hosts, secure in those]

    first, again, other, secure = asyncio.run(pools_of(("a.example", False), ("a.example", False),
                                                       ("b.example", False), ("a.example", True)))  # fmt: skip
    assert first is again
    assert len({first, other, secure}) == 3


def test_a_kept_connection_that_the_service_has_closed_is_no_failure_of_the_next_but_one(program, call):
    program.answer = raw(HEAD + b"Content-Length: 0\r\n\r\n")

    async def two():
        for n in range(2):
            await send({"url": program.url}, key=str(n), item=n)
            await asyncio.sleep(0.1)

    asyncio.run(two())
    assert len(program.calls) == 2


# --- where to ----------------------------------------------------------------------------------------------------


@pytest.fixture
def names(monkeypatch):
    """Names that the tests give addresses to; asked for how often."""
    import socket

    known, asked, real = {}, [], socket.getaddrinfo

    def getaddrinfo(host, port, *more, **named):
        if host not in known:
            return real(host, port, *more, **named)
        asked.append(host)
        return [entry for each in known[host] for entry in real(each, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known, asked


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0x7f.1:{port}/",
        "http://127.1:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.2]:{port}/", "http://localhost:{port}/",
        "http://127.0.0.1:1/", "http://user:pass@127.0.0.1:{port}/", "https://10.0.0.1/", "https://127.0.0.1@evil.example/",
    ],
)  # fmt: skip
def test_who_is_not_named_is_not_called(program, call, url):
    with pytest.raises(NotAgain, match=r"not among the hosts|cannot be called|over https only"):
        call(url=url.format(port=program.port))
    assert program.calls == []


@pytest.mark.parametrize("number", ["2130706433", "127.1", "0177.0.0.1", "017700000001", "0x7f000001", "0x7f.1"])
def test_a_number_is_not_called_even_where_it_is_named(program, call, settings, number):
    settings.HTTP_HOSTS = read(f"http://{number}:{program.port}", plain=True)
    with pytest.raises(NotAgain, match="no address that may" if "x" in number else "a number, not a name"):
        call(url=f"http://{number}:{program.port}/")
    assert program.calls == []


def test_mapped_ipv6_is_the_address_it_stands_for(program, call):
    assert call(url=f"http://[::ffff:127.0.0.1]:{program.port}/") == {"status": 200}


def test_over_ipv6(settings, call):
    program = Program("::1")
    settings.HTTP_HOSTS = read(f"[::1]:{program.port}")
    try:
        assert call(url=program.url) == {"status": 200}
    finally:
        program.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1"])
def test_a_name_that_leads_to_a_private_address_is_not_called(program, call, settings, names, address):
    settings.HTTP_HOSTS = read("erp.example", plain=True)
    names[0]["erp.example"] = [address]
    with pytest.raises(NotAgain, match="no address that may be called"):
        call(url=f"http://erp.example:{program.port}/")
    assert names[1] == ["erp.example"]
    assert program.calls == []


def test_a_name_is_asked_for_once_and_the_connection_goes_to_what_was_checked(program, call, settings, names):
    settings.HTTP_HOSTS = read("erp.example=127.0.0.1/32", plain=True)
    names[0]["erp.example"] = ["10.0.0.1", "127.0.0.1"]
    assert call(url=f"http://erp.example:{program.port}/x") == {"status": 200}
    assert names[1] == ["erp.example"]
    assert program.calls[0][0]["Host"] == f"erp.example:{program.port}"


def test_a_name_that_nobody_knows_may_be_known_later(call, settings):
    settings.HTTP_HOSTS = read("nobody.invalid", plain=True)
    with pytest.raises(NotYet, match="is not known"):
        call(url="http://nobody.invalid/")


# --- elsewhere ---------------------------------------------------------------------------------------------------


def leads(status, to):
    return says(status, Location=to)


@pytest.mark.parametrize("status", [307, 308])
def test_what_is_sent_is_sent_on_where_the_service_says_so(program, call, status):
    program.answer = one_after_another(leads(status, "/other"), says(200))
    assert call({"n": 1}) == {"status": 200}
    assert program.methods == [("POST", "/hook"), ("POST", "/other")]
    assert program.bodies[0] == program.bodies[1]


def test_where_it_was_done_the_answer_is_elsewhere(program, call):
    program.answer = one_after_another(leads(303, "/done"), says(200))
    assert call({"n": 1}) == {"status": 200}
    assert program.methods == [("POST", "/hook"), ("GET", "/done")]


@pytest.mark.parametrize("status", [301, 302])
def test_a_change_is_not_turned_into_a_question(program, call, status):
    program.answer = leads(status, "/other")
    with pytest.raises(NotAgain, match="is not sent elsewhere"):
        call()
    assert len(program.calls) == 1


@pytest.mark.parametrize(
    "to", ["http://127.0.0.2:{port}/", "http://localhost:{port}/", "//[::1]:{port}/", "file:///etc/passwd",
           "http://169.254.169.254/latest/meta-data", "http://user@127.0.0.1:{port}/"],
)  # fmt: skip
def test_elsewhere_is_checked_too(program, call, to):
    program.answer = leads(307, to.format(port=program.port))
    with pytest.raises(NotAgain, match=r"not among the hosts|cannot be called"):
        call()
    assert len(program.calls) == 1


def test_elsewhere_by_a_name_that_leads_to_a_private_address(program, call, settings, names):
    settings.HTTP_HOSTS = read(f"127.0.0.1:{program.port},http://erp.example")
    names[0]["erp.example"] = ["127.0.0.1"]
    program.answer = leads(307, f"http://erp.example:{program.port}/")
    with pytest.raises(NotAgain, match="no address that may be called"):
        call()
    assert len(program.calls) == 1


def test_round_and_round(program, call):
    program.answer = leads(302, "/hook")
    with pytest.raises(NotAgain, match="from one address to the next"):
        call(method="GET")
    assert len(program.calls) == asking.MOST_HOPS + 1
