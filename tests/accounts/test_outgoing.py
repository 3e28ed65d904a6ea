"""Calls over real HTTP on loopback: what is sent, what is heard, and everything that another side can do wrong."""

import socket
import ssl
import threading
import time

import pytest
import trustme

from accounts import outgoing
from accounts.hosts import Failed, read
from tests.accounts.receiver import Program, raw, resets, says, waits

LOCAL = read("127.0.0.1,[::1],localhost")


@pytest.fixture
def program():
    program = Program()
    yield program
    program.close()


def call(program, method="POST", *, url="", allowed=LOCAL, **more):
    return outgoing.call(method, url or program.url, allowed=allowed, **{"timeout": 5.0, **more})


def fails(program, **more):
    with pytest.raises(Failed) as failed:
        call(program, **more)
    return failed.value


# --- what is sent and heard --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post"])
def test_any_method_is_called_and_answered(program, method):
    program.answer = says(201, b"made", X_Kind="one")
    answer = call(program, method, url=program.url + "?a=ä b".replace(" ", "%20"), body=b"", headers={"X-A": "1"})
    assert (answer.status, answer.ok, answer.whole) == (201, True, True)
    assert answer.headers["x-kind"] == "one"
    assert answer.body == (b"" if method == "HEAD" else b"made")
    assert program.methods == [(method.upper(), "/hook?a=%C3%A4%20b")]


def test_body_and_headers_arrive_as_they_were_given(program):
    call(program, body='{"ä": 1}'.encode(), headers={"Content-Type": "application/json"})
    [(headers, body)] = program.calls
    assert body == b'{"\xc3\xa4": 1}'
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == "9"
    assert headers["Host"] == f"127.0.0.1:{program.port}"
    assert headers["User-Agent"] == "Leitstand"
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [204, 301, 307, 400, 404, 410, 500, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(program, status):
    program.answer = says(status, b"" if status == 204 else b"no", Location="http://127.0.0.1:1/elsewhere")
    answer = call(program)
    assert answer.status == status
    assert answer.ok == (status == 204)
    assert len(program.calls) == 1


def test_of_a_huge_answer_only_the_beginning_is_read(program):
    sent = []

    def huge(handler):
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while len(sent) < 2_000:
                handler.wfile.write(b"x" * 100_000)
                sent.append(1)
        except OSError:
            pass

    program.answer = huge
    answer = call(program, most=1_000)
    assert (len(answer.body), answer.whole) == (1_000, False)
    assert len(sent) < 1_000, "the rest was never sent"


def test_an_answer_in_chunks_is_put_together(program):
    program.answer = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert call(program).body == b"abcde"


def test_an_answer_that_ends_with_the_connection_is_whole(program):
    program.answer = raw(b"HTTP/1.0 200 OK\r\n\r\nall of it")
    assert call(program).body == b"all of it"


def test_a_large_body_arrives(program):
    call(program, body=b"x" * 3_000_000)
    assert len(program.bodies[0]) == 3_000_000


def test_over_ipv6_too():
    program = Program("::1")
    assert call(program).ok
    assert program.calls[0][0]["Host"] == f"[::1]:{program.port}"
    program.close()


def test_proxies_of_the_environment_are_not_asked(program, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert call(program).ok


# --- what is not called ------------------------------------------------------------------------------------------


def test_a_host_that_is_not_allowed_is_not_called(program):
    failed = fails(program, allowed=read("erp.example.com"))
    assert (failed.code, failed.arrived, program.calls) == ("not_allowed", False, [])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization"])
def test_headers_that_frame_a_call_cannot_be_set(program, name):
    assert fails(program, headers={name: "x"}).code == "bad_header"


@pytest.mark.parametrize("header", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"X": "ü\u2028"}])
def test_headers_that_would_begin_another_are_refused(program, header):
    assert fails(program, headers=header).code == "bad_header"
    assert program.calls == []


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GET /", ""])
def test_other_methods_are_refused(program, method):
    with pytest.raises(Failed, match="is none of"):
        call(program, method)


def test_names_that_are_not_known_are_said_to_be(program):
    allowed = read("http://no-such-host.invalid")
    assert fails(program, url="http://no-such-host.invalid/", allowed=allowed).code == "unknown_host"


@pytest.fixture
def names(monkeypatch):
    """What names lead to; how often each was asked for."""
    known, asked = {}, []

    def getaddrinfo(host, port, *_more, **_named):
        asked.append(host)
        found = known[host]
        found = found.pop(0) if isinstance(found[0], list) else found
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda h, *a, **k: getaddrinfo(h, *a, **k) if h in known else real(h, *a, **k)
    )
    known_names = known
    known_names_asked = asked
    return known_names, known_names_asked


PRIVATE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "0.0.0.0"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_not_called(program, names, address):
    names[0]["erp.example"] = [address]
    url = f"http://erp.example:{program.port}/"
    failed = fails(program, url=url, allowed=read("http://erp.example"))
    assert (failed.code, failed.arrived, program.calls) == ("private", False, [])


def test_a_name_is_asked_for_once_and_the_connection_goes_to_the_address_that_was_checked(program, names):
    """DNS rebinding: a second question would be answered with another address."""
    known, asked = names
    known["erp.example"] = [["127.0.0.1"], ["10.9.9.9"]]
    answer = call(program, url=f"http://erp.example:{program.port}/", allowed=read("http://erp.example=127.0.0.1"))
    assert answer.ok
    assert asked == ["erp.example"]
    assert program.calls[0][0]["Host"] == f"erp.example:{program.port}"


def test_of_several_addresses_only_those_that_may_be_called_are(program, names):
    names[0]["erp.example"] = ["10.0.0.1", "127.0.0.1"]
    assert call(program, url=f"http://erp.example:{program.port}/", allowed=read("erp.example=127.0.0.1")).ok


def test_where_one_address_does_not_answer_the_next_is_tried(program, names):
    names[0]["erp.example"] = ["127.0.0.2", "127.0.0.1"]
    assert call(program, url=f"http://erp.example:{program.port}/", allowed=read("erp.example=127.0.0.0/8")).ok


def test_a_resolver_that_hangs_costs_no_more_than_the_time_that_there_is(program, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: over.wait(30))
    since = time.monotonic()
    failed = fails(program, url="https://erp.example/", allowed=read("erp.example"), timeout=0.3)
    over.set()
    assert failed.code == "timeout"
    assert time.monotonic() - since < 10


# --- what the other side can do ----------------------------------------------------------------------------------


def test_nobody_there(program):
    program.close()
    failed = fails(program)
    assert (failed.code, failed.arrived) == ("unreachable", False)


def test_it_never_answers(program):
    program.answer = waits(20)
    since = time.monotonic()
    failed = fails(program, timeout=0.5)
    assert (failed.code, failed.arrived) == ("timeout", True)
    assert time.monotonic() - since < 10


@pytest.mark.parametrize("piece", [b"H", b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"])
def test_an_answer_that_drips_is_cut_off_by_one_deadline_for_all_of_it(program, piece):
    """Each piece comes in time; all of them together do not."""
    program.answer = raw(b"HTTP/1.1 200 OK\r\nX: ", *[piece] * 400, pause=0.1)
    since = time.monotonic()
    assert fails(program, timeout=1.0).code in ("timeout", "not_http")
    assert time.monotonic() - since < 10


def test_a_body_that_drips_is_cut_off_too(program):
    program.answer = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", *[b"x"] * 400, pause=0.1)
    assert fails(program, timeout=1.0).code == "timeout"


def test_continue_for_ever_is_cut_off(program):
    program.answer = raw(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 400, pause=0.05)
    assert fails(program, timeout=1.0).code == "timeout"


def test_a_connection_that_is_reset_in_the_middle(program):
    program.answer = resets
    failed = fails(program)
    assert (failed.code, failed.arrived) == ("broken", True)


@pytest.mark.parametrize(
    "answer",
    [raw(), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
     raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf")],
)  # fmt: skip
def test_a_connection_that_ends_too_early(program, answer):
    program.answer = answer
    assert fails(program).code == "broken"


@pytest.mark.parametrize(
    "answer",
    [raw(b"SSH-2.0-OpenSSH_9.6\r\n"), raw(b"HTTP/1.1 huh\r\n\r\n"), raw(b"\x00" * 2_000),
     raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"), raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000)],
)  # fmt: skip
def test_an_answer_that_is_not_http(program, answer):
    program.answer = answer
    assert fails(program).code in ("not_http", "broken")


def test_an_answer_before_all_was_sent_is_heard(program):
    """Such as 413: what was sent is too much."""

    def too_much(server):
        taken, _from = server.accept()
        with taken:
            taken.recv(1_000)
            taken.sendall(b"HTTP/1.1 413 Too much\r\nContent-Length: 0\r\n\r\n")
            taken.shutdown(socket.SHUT_WR)
            time.sleep(0.3)
            while taken.recv(1_000_000):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=too_much, args=(server,), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert call(program, url=url, body=b"x" * 5_000_000).status == 413


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(monkeypatch):
    """Trusted as the system's own authorities are."""
    made = trustme.CA()
    context = ssl.create_default_context()
    made.configure_trust(context)
    monkeypatch.setattr(outgoing, "trust", lambda: context)
    return made


def secure(program, authority, *names):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    program.server.socket = context.wrap_socket(program.server.socket, server_side=True)
    return f"https://localhost:{program.port}/hook"


def test_over_tls_with_a_certificate_that_is_trusted(program, authority):
    url = secure(program, authority, "localhost")
    assert call(program, url=url).ok
    assert program.calls[0][0]["Host"] == f"localhost:{program.port}"


def test_a_certificate_of_another_host_is_refused(program, authority):
    url = secure(program, authority, "erp.example")
    failed = fails(program, url=url)
    assert (failed.code, failed.arrived, program.calls) == ("tls", False, [])


def test_a_certificate_that_nobody_trusts_is_refused(program):
    url = secure(program, trustme.CA(), "localhost")
    assert fails(program, url=url).code == "tls"


def test_a_server_that_speaks_no_tls_is_refused(program):
    assert fails(program, url=f"https://localhost:{program.port}/").code in ("tls", "broken")
