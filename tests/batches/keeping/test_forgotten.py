"""A batch that has ended stays readable when Temporal knows nothing of it any more, and when it is away."""

import re

import pytest

from worker import client as door

pytestmark = pytest.mark.django_db(transaction=True)


def words(answer) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return " ".join(re.sub(r"<[^>]*>", " ", content.decode()).split())


PATHS = {
    "its page": ("", ("Orders", "Completed", "order ‹n› of ‹…› was refused", "adds up to 35")),
    "the list": ("../", ("Orders", "Completed")),
    "its failed items": ("failures/", ("order 3 of", "order 17 of")),
    "an item that went well": ("item/?key=35", ("Succeeded", "number 35 of 35")),
    "an item that failed": ("item/?key=4", ("order 3 of",)),
    "its failures as a file": ("export/failures.csv", ("order 17 of",)),
    "its results as a file": ("export/results.jsonl", ('{"item":"35","number":34,"result":{"n":34,"word":"fine"}}',)),
}


@pytest.fixture
def ended(batches, outside):
    items = [{"n": n, "word": "raises" if n in (3, 17) else "fine"} for n in range(35)]
    batch = batches.start(items, item_attempts=1, tolerated_failure_rate=0.1)
    batch.result()
    outside.forget(batch)
    return batch.row


def test_everything_of_it_is_read_from_what_is_kept(ended, client, rita, monkeypatch):
    """Temporal is not even asked: it is not there."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    door.forget()
    client.force_login(rita)
    try:
        for path, wanted in PATHS.values():
            answer = client.get(f"{ended.get_absolute_url()}{path}".replace(f"{ended.uuid}/../", ""))
            assert answer.status_code == 200, path
            said = words(answer)
            assert [each for each in wanted if each not in said] == [], path
            assert "does not answer" not in said
    finally:
        monkeypatch.undo()
        door.forget()
