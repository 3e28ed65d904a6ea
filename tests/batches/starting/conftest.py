"""What the tests of starting share: olga signed in, files as a browser sends them, and the words of an answer."""

import re
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from batches.models import Batch, DataSet, Upload
from batches.starting import origins
from tests.temporal import until

NEW, SOURCE, SUM = "/batches/new/", "/batches/new/source/", "/batches/new/sum/"
Ends = TypeVar("Ends", Batch, DataSet)
ROWS = "iata,city\n" + "".join(f"A{n:03},City {n}\n" for n in range(30))


def words(response) -> str:
    """Of a page, spaces as one."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


class Starting:
    """What somebody does in the browser, without one."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def send(self, content: str | bytes = ROWS, name: str = "airports.csv"):
        data = content.encode() if isinstance(content, str) else content
        return self.client.post(SOURCE, {"file": SimpleUploadedFile(name, data)})

    def sent(self, content: str | bytes = ROWS, name: str = "airports.csv") -> str:
        """The address of the form for it."""
        response = self.send(content, name)
        assert response.status_code == 302, words(response)
        return str(response["Location"])

    def filled(self, address: str, **changed: str) -> dict[str, str]:
        """The form as the browser would send it: with all that it came with."""
        response = self.client.get(address)
        assert response.status_code == 200, words(response)
        form = response.context["form"]
        given = {name: str(form[name].value() or "") for name in form.fields}
        for of in ("jobs", "maps", "reduces"):
            given |= {field.name: field.value for one in getattr(form, of, ()) for field in one.fields}
        return {**given, "title": "Airports", "job": "told", **changed}

    def press(self, address: str, **changed: str):
        return self.client.post(address, self.filled(address, **changed))

    def started(self, address: str, **changed: str) -> Batch:
        response = self.press(address, **changed)
        assert response.status_code == 302, words(response)
        return Batch.objects.get(uuid=response["Location"].strip("/").rpartition("/")[2])


@pytest.fixture
def starting(client, olga, told):
    client.force_login(olga)
    origins._looked.cache_clear()
    return Starting(client)


def upload_of(address: str) -> Upload:
    return Upload.objects.get(uuid=parse_qs(urlsplit(address).query)["upload"][0])


def ended(row: Ends) -> Ends:
    def there():
        row.refresh_from_db()
        return row.closed_at

    until(there, what="it has ended")
    return row
