"""A process that calls services under guard as it is told, a line of JSON at a time: [what, number].

["serve", name]: another service from now on; nothing is known of it yet.
"""

import json
import os
import sys
import threading
import time
from typing import Any


class Caller:
    """Calls one service. ``counts``: what it has done, to be compared with what the entity has counted."""

    def __init__(self, service: str) -> None:
        from worker.guard import guard

        self.guard = guard
        self.service = service
        self.counts = {"ok": 0, "failed": 0, "refused": 0}
        self.steady = threading.Event()
        self.thread: threading.Thread | None = None

    def call(self, well: bool) -> str:
        from worker.resilience.refusals import CircuitOpen

        try:
            with self.guard.call(self.service):
                if not well:
                    raise OSError("503 upstream connect error")
        except CircuitOpen as refusal:
            self.counts["refused"] += 1
            return refusal.reason
        except OSError:
            self.counts["failed"] += 1
            return "failed"
        self.counts["ok"] += 1
        return "ok"

    def do(self, what: str, number: float) -> Any:
        match what:
            case "well" | "badly":
                return [self.call(what == "well") for _ in range(int(number))]
            case "peek":
                known = self.guard.peek(self.service)
                return {"state": known.state, "own": known.own, "temporal": known.temporal, "told": known.told}
            case "hold":
                return self.hold()
            case "begin":
                self.thread = threading.Thread(target=self.steadily, args=[number], daemon=True)
                self.thread.start()
            case "end":
                self.steady.set()
                assert self.thread is not None
                self.thread.join()
            case "flush":
                return self.guard.flush(number)
            case "until refused":
                return self.until_refused(number)
            case "a thousand a second":
                return self.a_thousand_a_second(number)
        return self.counts

    def steadily(self, pause: float) -> None:
        """One call in seven goes badly: never enough in a row to open anything."""
        turn = 0
        while not self.steady.is_set():
            turn += 1
            self.call(turn % 7 != 0)
            time.sleep(pause)

    def until_refused(self, pause: float) -> float:
        """When it was."""
        while self.call(well=True) == "ok":
            time.sleep(pause)
        return time.time()

    def a_thousand_a_second(self, seconds: float) -> dict[str, int]:
        """Evenly, as far as the machine has time for it."""
        began, made = time.monotonic(), 0
        while made < seconds * 1_000:
            while made < (time.monotonic() - began) * 1_000:
                self.call(well=True)
                made += 1
            time.sleep(0.001)
        return self.counts

    def hold(self) -> str:
        """Enter a call and never leave it; "held", or why it could not be entered."""
        from worker.resilience.refusals import CircuitOpen

        self.held = self.guard.call(self.service)
        try:
            self.held.__enter__()
        except CircuitOpen as refusal:
            return refusal.reason
        return "held"


def main() -> None:
    import django

    django.setup()
    caller = Caller(sys.argv[1])
    for line in sys.stdin:
        what, number = json.loads(line)
        if what == "serve":
            caller = Caller(number)
        print(json.dumps(caller.do(what, number)), flush=True)
    os._exit(0)  # the SDK may crash while the interpreter shuts down (docs/adr/0004)


if __name__ == "__main__":
    main()
