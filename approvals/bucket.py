"""So many a second and not more: in any second that one might choose, and never all of them at once."""

import threading
import time
from collections import deque


class Bucket:
    """Waits in the calling thread until one more may go; ``with`` it, what is done in it counts from its end."""

    def __init__(self, a_second: int) -> None:
        self._gap = 0.5 / a_second
        self._gone: deque[float] = deque(maxlen=a_second)
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            time.sleep(max(0.0, self._free_at() - time.monotonic()))
            self._gone.append(time.monotonic())

    def __enter__(self) -> None:
        self.wait()

    def __exit__(self, *_error: object) -> None:
        """However long it took from here to the door, twenty more go out a whole second later."""
        with self._lock:
            self._gone[-1] = time.monotonic()

    def _free_at(self) -> float:
        if not self._gone:
            return 0.0
        full = len(self._gone) == self._gone.maxlen
        return max(self._gone[-1] + self._gap, self._gone[0] + 1.0 if full else 0.0)
