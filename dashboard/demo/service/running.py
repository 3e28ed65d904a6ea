"""Runs the demo's service on a port until it is asked to end; calls that hang do not keep it."""

from types import FrameType

import uvicorn

from dashboard.demo.service import knobs
from dashboard.demo.service.app import DemoService
from dashboard.up.folder import Folder
from dashboard.up.ports import HOST

DRAIN = 2


class Server(uvicorn.Server):
    """uvicorn ends by the signal that it was asked to end with; this process leaves by its own door, with 0."""

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(folder: Folder, port: int) -> None:
    app = DemoService(knobs.Board(folder.path), knobs.token())
    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        loop="uvloop",
        lifespan="off",
        interface="asgi3",
        ws="none",
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN,
    )
    Server(config).run()
