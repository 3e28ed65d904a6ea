"""Failed items of a batch in the database alone, for what reads them."""

import pytest

from batches.failing import record_failures
from batches.models import Batch, FailureGroup
from worker.batch_wire import ChunkFailures, FailedItem


class Failed:
    """A batch that has ended, some of whose items have failed."""

    def __init__(self) -> None:
        self.row = Batch.objects.create(
            workflow_id="w", first_run_id="r", title="March invoices", state="completed", closed_at="2026-03-01T12:00Z"
        )

    def fails(self, *numbers: int, error: str = "order {} was refused", final: bool = False, tries: int = 3) -> None:
        failed = [FailedItem(n, f"ord-{n}", error.format(n), tries, final) for n in numbers]
        record_failures(ChunkFailures(str(self.row.uuid), 1, failed))

    def mends_one(self) -> None:
        """A later run of the item numbered 1 goes well."""
        record_failures(ChunkFailures(str(self.row.uuid), 2, [], [1]))

    def group(self, words: str) -> FailureGroup:
        return FailureGroup.objects.get(batch=self.row, words=words)

    @property
    def address(self) -> str:
        return f"/batches/{self.row.uuid}/"


@pytest.fixture
def failed(db):
    return Failed()


@pytest.fixture
def see(client):
    """The answer to this person for this address."""

    def page(user, address: str, status: int = 200):
        client.force_login(user)
        answer = client.get(address)
        assert answer.status_code == status, answer.content[:500]
        return answer

    return page
