"""Many lines at once: what is found in a file is the same however it is read, whatever lies between the lines."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from worker.datasets import blocks
from worker.datasets.blocks import Block, first_lines, pieces
from worker.datasets.index import scan
from worker.datasets.records import records
from worker.datasets.references import CSV, JSONL, BadSource, Reference, address_of

LINES = [b"1,a\n", b"22,bb\r\n", b"\n", b"\r\n", b" \t\n", b'"x\ny",c\n', b'"q",d\n', b"333,c", b"\xff\n"]
lines = some.lists(some.sampled_from(LINES), min_size=1, max_size=40).map(b"".join)
ends = some.sampled_from([b"", b"4,d\n", b'4,"never closed\n'])


def as_lines(file, format, size, monkeypatch, **more):
    """Every record, however it came: where it begins, and what it is."""
    monkeypatch.setattr(blocks, "SIZE", size)
    found, at = [], []
    for piece in pieces(file, format, lambda _data: None, **more):
        if isinstance(piece, Block):
            where = piece.offset
            for line in piece.data.split(b"\n")[:-1]:
                found.append((where, line + b"\n"))
                where += len(line) + 1
            at.append(piece.offset)
        else:
            found.append((piece.offset, piece.data))
    return found, at


@given(lines, ends, some.sampled_from([CSV, JSONL]), some.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_each_record_is_found_where_it_is_whatever_is_between(tmp_path, monkeypatch, content, end, format, size):
    path = tmp_path / "data"
    path.write_bytes(content + end)
    with path.open("rb") as file:
        one_by_one = said(lambda: [(record.offset, record.data) for record in records(file, format)])
    with path.open("rb") as file:
        assert said(lambda: as_lines(file, format, size, monkeypatch)[0]) == one_by_one


def said(read):
    """What it finds, or what is wrong with the file, and in which line."""
    try:
        return read()
    except BadSource as error:
        return str(error)


def test_what_is_plain_is_taken_in_blocks_and_what_is_not_does_not_end_that(tmp_path, monkeypatch):
    path = tmp_path / "data"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100 + b'"3\n",4\n' + b"5,6\n" * 100)
    with path.open("rb") as file:
        found, at = as_lines(file, CSV, 40, monkeypatch)
    assert len(found) == 202
    assert min(at) == 4
    assert max(at) > 4 + 400 + 7


def test_every_byte_is_told_once(tmp_path, monkeypatch):
    content = b"a,b\n" + b"1,2\n\n" * 50 + b'"3\n",4\n' + b"5,6\n" * 50 + b"\n7,8"
    path, told = tmp_path / "data", []
    path.write_bytes(content)
    monkeypatch.setattr(blocks, "SIZE", 30)
    with path.open("rb") as file:
        list(pieces(file, CSV, told.append))
    assert b"".join(told) == content


@pytest.mark.parametrize("size", [1 << 17, 30])
@pytest.mark.parametrize("chunk_size", [1, 7, 1_000])
def test_the_index_is_the_same(tmp_path, monkeypatch, size, chunk_size):
    source = tmp_path / "data.csv"
    source.write_bytes(b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(500)))
    made = []
    for each in (size, 0):
        monkeypatch.setattr(blocks, "SIZE", each)
        scan(Reference(address_of(source), CSV), [tmp_path], tmp_path / "index", chunk_size=chunk_size)
        made.append((tmp_path / "index").read_bytes())
    assert made[0] == made[1]


def test_the_first_lines_are_whole_lines():
    assert first_lines(b"a\nb\nc\n", 2) == (2, b"a\nb\n", b"c\n")
    assert first_lines(b"a\nb\nc\n", 9) == (3, b"a\nb\nc\n", b"")
