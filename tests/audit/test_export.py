"""The ledger as a file: all that the filters find, sent while it is read, and safe to open in a spreadsheet."""

import csv
import io
import json

import pytest
from django.db import connection, connections
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from audit import exports
from audit.canonical import digest
from audit.models import Entry
from tests.audit.conftest import add

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(client, auditor):
    client.force_login(auditor)

    def get(ending="csv", /, **query):
        answer = client.get(f"/audit/ledger.{ending}", query)
        assert answer.status_code == 200
        assert f'.{ending}"' in answer["Content-Disposition"]
        return answer.getvalue().decode()

    return get


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("who", ["maria", "rita", "olga"])
def test_it_is_for_auditors_and_admins(client, request, who, kind):
    client.force_login(request.getfixturevalue(who))
    assert client.get(f"/audit/ledger.{kind}").status_code == 404


def test_every_entry_is_a_line_oldest_first(file, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 3)
    add("request:a", 10)
    assert [int(row["id"]) for row in rows(file())] == list(Entry.objects.order_by("id").values_list("id", flat=True))
    assert len(file("jsonl").splitlines()) == 10


def test_filters_count_for_the_file_too(file):
    add("request:a")
    add("request:b", kind="request.submitted", actor="eve")
    for query in ({"actor": "eve"}, {"kind": "request.submitted"}, {"stream": "request:b"}):
        assert [row["stream"] for row in rows(file(**query))] == ["request:b"]


def test_filters_that_mean_nothing_give_a_sentence_and_no_file(client, auditor):
    client.force_login(auditor)
    add("request:a")
    answer = client.get("/audit/ledger.csv", {"since": "yesterday-ish"})
    assert answer.status_code == 400
    assert "is not a time" in answer.content.decode()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=cmd|" /C calc"!A0'])
def test_no_cell_is_a_formula(file, name):
    add("request:a", actor=name)
    assert rows(file())[0]["actor"].startswith("'")
    assert json.loads(file("jsonl"))["actor"] == name


def test_commas_quotes_and_lines_stay_in_their_cell(file):
    add("request:a", data={"comment": 'a, "b"\nc'})
    assert json.loads(rows(file())[0]["data"]) == {"comment": 'a, "b"\nc'}


def test_a_json_line_is_enough_to_check_the_hash(file):
    add("request:a", data={"comment": "für\u2028uns"})
    (text,) = file("jsonl").splitlines()
    line = json.loads(text)
    assert digest(line["body"]) == line["hash"]


def test_an_altered_text_is_given_as_it_is(file, intruder):
    add("request:a")
    intruder("UPDATE audit_entry SET body = 'rubbish'")
    assert json.loads(file("jsonl"))["body"] == "rubbish"
    assert rows(file())[0]["data"] == "{}"


def test_an_empty_ledger_is_a_line_of_names(file):
    assert file().strip() == ",".join(exports.COLUMNS)
    assert file("jsonl") == ""


@pytest.mark.django_db(transaction=True)
async def test_the_first_lines_are_sent_before_the_last_are_read(auditor, monkeypatch):
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(exports, "CHUNK", 2)
    await sync_to_async(add)("request:a", 6)
    reads = []
    monkeypatch.setitem(
        exports.WRITING, "jsonl", lambda entries: reads.append(len(entries)) or exports.as_jsonl(entries)
    )
    client = AsyncClient()
    await client.aforce_login(auditor)
    answer = await client.get("/audit/ledger.jsonl")
    pieces = aiter(answer)
    first = await anext(pieces)
    assert first.count(b"\n") == 2
    assert reads == [2]
    assert len([piece async for piece in pieces]) == 2
    assert reads == [2, 2, 2]
    await sync_to_async(connections.close_all)()


def test_a_long_ledger_is_read_in_chunks(file, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 5)
    add("request:a", 20)
    with CaptureQueriesContext(connection) as made:
        file("jsonl")
    assert sum('FROM "audit_entry"' in query["sql"] and "LIMIT 5" in query["sql"] for query in made) == 5
