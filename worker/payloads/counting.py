"""What storage drivers count of payloads, and what stands for a reference that leads nowhere. Pure."""

from temporalio.api.common.v1 import Payload

from worker.payloads import sizes

NO_PAYLOAD = Payload(metadata={"encoding": b"unknown/reference"})
"""Read as unreadable."""


def count(direction: str, size: int) -> None:
    sizes.add("payloads_outside", 1, direction=direction)
    sizes.add("payload_storage_bytes", size, direction=direction)
