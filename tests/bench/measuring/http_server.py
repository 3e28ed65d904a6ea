"""A server that answers every request with 200 at once, as fast as Python can: it must not be what is measured.

python -m tests.bench.measuring.http_server prints its port. GET /count says how many POSTs came.
"""

import asyncio
import sys
from typing import cast

import uvloop
from httptools import HttpRequestParser


class Answering(asyncio.Protocol):
    posts = 0
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        body = b'{"ok":true}'
        if self.parser.get_method() == b"POST":
            Answering.posts += 1
        else:
            body = str(Answering.posts).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
