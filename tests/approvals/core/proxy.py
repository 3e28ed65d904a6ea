"""A TCP proxy that can swallow the server's answers: what is asked arrives, what came of it nobody hears."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.swallowing = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self._open += [near, far]
            threading.Thread(target=self._pump, args=[near, far, False], daemon=True).start()
            threading.Thread(target=self._pump, args=[far, near, True], daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(65_536):
                if not (answers and self.swallowing):
                    sink.sendall(data)
        except OSError:
            pass

    def close(self) -> None:
        for each in [self._listening, *self._open]:
            each.close()


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
