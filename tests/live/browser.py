"""A page on its socket, as far as the server can tell: a real websocket with a real session cookie."""

import re
import socket
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

LIMIT = 15.0
_ELEMENT = re.compile(r'(?=<(?:div|span) id="(?:region-|live-pulse))')


class Page:
    """``elements`` is what the page shows by element id; ``seen`` is everything that ever came, in order."""

    def __init__(
        self, port: int, *regions: str, cookie: str = "", origin: str | None = None, slow: bool = False
    ) -> None:
        address = f"ws://127.0.0.1:{port}/live/?" + "&".join(f"region={region}" for region in regions)
        raw = socket.socket()
        if slow:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            raw.connect(("127.0.0.1", port))
            self.socket = self._open(address, raw, port, cookie, origin, slow)
        except BaseException:
            raw.close()
            raise
        self.elements: dict[str, str] = {}
        self.seen: list[str] = []

    def _open(self, address: str, raw: socket.socket, port: int, cookie: str, origin: str | None, slow: bool):
        return connect(
            address,
            sock=raw,
            origin=origin if origin is not None else f"http://127.0.0.1:{port}",
            additional_headers={"Cookie": f"sessionid={cookie}"} if cookie else {},
            compression=None,
            max_queue=1 if slow else 64,
            max_size=None,
            ping_interval=None,
        )

    def take(self, timeout: float = LIMIT) -> None:
        """One frame; TimeoutError if none comes."""
        for html in filter(str.strip, _ELEMENT.split(str(self.socket.recv(timeout)))):
            self.elements[re.search(r'id="([^"]+)"', html)[1]] = html
            self.seen.append(html)

    def until(self, words: str, element: str = "region-board-red", limit: float = LIMIT) -> None:
        self.until_true(lambda: words in self.elements.get(element, ""), f"{words!r} in {element}", limit)

    def until_true(self, condition, what: str, limit: float = LIMIT) -> None:
        end = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < end, f"never came: {what}; the page shows {self.elements}"
            try:
                self.take(0.5)
            except TimeoutError:
                pass

    def pulses(self, number: int) -> None:
        """Wait for so many more pulses: time in which anything else would have come."""
        wanted = self._pulses() + number
        self.until_true(lambda: self._pulses() >= wanted, f"{number} pulses")

    def _pulses(self) -> int:
        return sum('id="live-pulse"' in html for html in self.seen)

    def versions(self, element: str = "region-board-red") -> list[str]:
        return [html for html in self.seen if f'id="{element}"' in html]

    def close_code(self, limit: float = LIMIT) -> int | None:
        end = time.monotonic() + limit
        try:
            while time.monotonic() < end:
                try:
                    self.take(0.5)
                except TimeoutError:
                    pass
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        raise AssertionError("The socket stayed open.")

    def close(self) -> None:
        self.socket.close()
