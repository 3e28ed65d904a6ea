"""How many activities of a queue run in this process now: the SDK does not say, so they are counted as they come."""

from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class Counting(Interceptor):
    """Of one worker. Begun and ended on its event loop, read from any thread."""

    def __init__(self) -> None:
        self.now = 0

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Counted(next, self)


class _Counted(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, counting: Counting) -> None:
        super().__init__(next)
        self._counting = counting

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._counting.now += 1
        try:
            return await super().execute_activity(input)
        finally:
            self._counting.now -= 1
