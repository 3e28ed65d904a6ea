"""The bare SDK, to compare batches with: a window of chunk activities, empty or parsing the rows of a file.

python -m tests.bench.measuring.bare_batch ADDRESS runs its worker.
"""

import asyncio
import csv
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

QUEUE = "bare-batch"
CHUNKS_A_RUN = 1_000


@dataclass
class Job:
    """``offsets``: the file that says where each chunk begins; empty: chunks do nothing."""

    chunks: int
    chunk_size: int
    path: str = ""
    offsets: str = ""
    done: int = 0


@dataclass
class One:
    """A chunk."""

    number: int
    path: str
    offsets: str


@activity.defn
def chunk(given: One) -> int:
    """Its rows as dictionaries, each handed to a function that gives it back."""
    if not given.path:
        return 0
    with open(given.offsets, "rb") as offsets:
        offsets.seek(given.number * 16)
        begin, end = (int.from_bytes(offsets.read(8), "big") for _ in range(2))
    with open(given.path, "rb") as file:
        columns = file.readline().decode().strip().split(",")
        file.seek(begin)
        text = file.read(end - begin).decode()
    done = [echo(dict(zip(columns, row, strict=True))) for row in csv.reader(io.StringIO(text))]
    activity.heartbeat(len(done))
    return len(done)


def echo(item: dict[str, str]) -> dict[str, str]:
    return item


@workflow.defn
class BareBatch:
    """As many chunks at once as it is told."""

    @workflow.run
    async def run(self, job: Job, parallel: int) -> int:
        last = min(job.chunks, job.done + CHUNKS_A_RUN)
        numbers = iter(range(job.done, last))

        async def lane() -> None:
            for number in numbers:
                await workflow.execute_activity(
                    chunk,
                    One(number, job.path, job.offsets),
                    start_to_close_timeout=timedelta(seconds=60),
                    heartbeat_timeout=timedelta(seconds=10),
                )

        await asyncio.gather(*(lane() for _ in range(parallel)))
        if last < job.chunks:
            job.done = last
            workflow.continue_as_new(args=[job, parallel])
        return job.chunks


async def serve(address: str) -> None:
    with ThreadPoolExecutor(50) as pool:
        client = await Client.connect(address)
        await Worker(
            client,
            task_queue=QUEUE,
            workflows=[BareBatch],
            activities=[chunk],
            activity_executor=pool,
            max_concurrent_activities=50,
        ).run()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
