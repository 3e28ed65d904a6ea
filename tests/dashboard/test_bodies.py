"""A body that is bigger than anything here takes is refused before it is on the disk, also one that says no size."""

import asyncio

import pytest

from dashboard.asgi import application
from dashboard.bodies import ANY, most

MB = 1_000_000


async def answer(path, *, said=None, pieces=1, piece=MB):
    """The status, and how many pieces were asked for."""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/x-www-form-urlencoded")]
    headers += [(b"content-length", str(said).encode())] if said is not None else []
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "http_version": "1.1", "scheme": "http", "asgi": {"version": "3.0"},
    }  # fmt: skip
    asked, sent = 0, []

    async def receive():
        nonlocal asked
        if asked == pieces:
            await asyncio.Event().wait()  # it has all been sent, and waits for the answer
        asked += 1
        return {"type": "http.request", "body": b"x" * piece, "more_body": asked < pieces}

    async def send(message):
        sent.append(message)

    await application(scope, receive, send)
    return [message["status"] for message in sent if "status" in message], asked


async def test_what_is_said_to_be_too_big_is_refused_unread():
    assert await answer("/accounts/login/", said=ANY + 1) == ([413], 0)


async def test_what_turns_out_to_be_too_big_is_read_no_further():
    statuses, asked = await answer("/accounts/login/", pieces=500)
    assert (statuses, asked) == ([413], ANY // MB + 1)


@pytest.mark.django_db(transaction=True)
async def test_an_ordinary_body_comes_through():
    statuses, _asked = await answer("/nowhere/", said=10, pieces=1, piece=10)
    assert statuses != [413]


def test_an_upload_may_be_as_big_as_is_set(settings):
    settings.UPLOAD_MB = 700
    assert most("/batches/new/source/") > 700 * MB
    assert most("/batches/new/") == ANY
