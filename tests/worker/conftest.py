"""What the tests of the worker share: an action that does as it is told."""

import threading

import pytest

from worker.registry import BadArguments, actions


class Obedient:
    """The action ``obey``: fails as often as it is told to, and remembers each call."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.calls: list[dict] = []
        self.gives: object = {"order": 7}
        self.called = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def fails_for_good(self, times: int = 1) -> None:
        """Without the retries, which take seconds."""
        self.failures += [BadArguments("the shop is closed")] * times


@pytest.fixture
def obey():
    told = Obedient()

    @actions.register("obey")
    def obey(*, key: str, request: object, item: str = "") -> object:
        told.calls.append({"key": key, "item": item, "title": request.title})
        told.called.set()
        told.may_end.wait(60)
        if told.failures:
            raise told.failures.pop(0)
        return told.gives

    yield told
    told.may_end.set()
    del actions._known["obey"]
