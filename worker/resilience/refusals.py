"""What a caller is told when it may not call: a circuit that is open. Pure."""


class CircuitOpen(Exception):
    """`service` may not be called now, and why; `retry_at` is in epoch seconds, None if nobody knows."""

    def __init__(self, service: str, reason: str, retry_at: float | None = None) -> None:
        super().__init__(f"The circuit of {service} lets no call through: {reason}")
        self.service, self.reason, self.retry_at = service, reason, retry_at
