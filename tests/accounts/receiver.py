"""A program on loopback that takes webhooks, behaves as it is told, and keeps what it was sent."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Program:
    """``answer``: what it does with a call; by default it takes it. ``calls``: (headers, body) of each."""

    def __init__(self, host="127.0.0.1"):
        self.calls, self.answer, self.methods = [], None, []
        program = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                program.methods.append((self.command, self.path))
                program.calls.append((dict(self.headers), body))
                (program.answer or ok)(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _any

            def log_message(self, *_args):
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
            daemon_threads = True

            def handle_error(self, *_args):
                pass

        self.server = Server((host, 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def bodies(self):
        return [body for _headers, body in self.calls]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def says(status, body=b"", **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return answer


def ok(handler):
    says(200, b"thanks")(handler)


def one_after_another(*answers):
    """The first answer to the first call, and so on; the last to all that follow."""
    left = list(answers)

    def answer(handler):
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return answer


def raw(*pieces, pause=0.0):
    """These bytes, whatever they mean; then the connection is closed."""

    def answer(handler):
        handler.close_connection = True
        try:
            for piece in pieces:
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            pass  # whoever asked has gone

    return answer


def resets(handler):
    """In the middle of its answer."""
    import struct

    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def waits(seconds):
    def answer(handler):
        time.sleep(seconds)
        handler.close_connection = True

    return answer
