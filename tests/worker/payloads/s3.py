"""A real S3 server over HTTP, and one that answers as S3 does on a bad day."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUCKET = "leitstand-payloads"
KEY_ID, SECRET = "AKIDTESTTESTTEST", "a-secret-that-nobody-may-see"

ANSWERS = {
    "503": (503, "SlowDown", "Please reduce your request rate."),
    "denied": (403, "AccessDenied", f"User {KEY_ID} is not authorized: {SECRET}"),
    "no such key": (404, "NoSuchKey", "The specified key does not exist."),
    "no such bucket": (404, "NoSuchBucket", "The specified bucket does not exist."),
}
HALF = b"half of it"


class BadDay(BaseHTTPRequestHandler):
    """Gives the same answer to everything; none at all where it is "silent", and none to its end where it is "slow" or
    "cut off"."""

    answer = "503"
    over = threading.Event()

    def answered(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.answer == "silent":
            self.over.wait(60)
            return
        if self.answer in ("slow", "cut off"):
            self.half()
            return
        status, code, words = ANSWERS[self.answer]
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{words}</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(HALF)))
        self.end_headers()
        self.wfile.write(HALF)
        if self.answer == "slow":
            self.over.wait(60)
        self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answered

    def log_message(self, *_args: object) -> None:
        """Not to the terminal."""


@contextmanager
def bad_day(answer: str) -> Iterator[str]:
    """Its address."""
    handler = type("Today", (BadDay,), {"answer": answer, "over": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        handler.over.set()
        server.shutdown()
        server.server_close()
