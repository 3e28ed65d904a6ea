"""A look says of a file what the scan says that a batch begins with; cut short, it says how far it saw."""

import pytest

from worker.datasets.index import scan
from worker.datasets.looking import format_of, look
from worker.datasets.references import CSV, JSONL, BadSource, Reference, address_of

FILES = {
    "plain": (CSV, b"id,b\n1,x\n2,y\n"),
    "no last line feed": (CSV, b"id,b\n1,x\n2,y"),
    "of Windows": (CSV, b"\xef\xbb\xbfid,b\r\n1,x\r\n\r\n2,y\r\n"),
    "rows over lines": (CSV, b'id,b\n1,"x\ny, ""z"""\n2,y\n'),
    "rows that are none": (CSV, b"id,b\n1\n2,\xff\n3,z\n"),
    "lines of JSON": (JSONL, b'{"id": 1}\n\n{"id": 2}\nno\n'),
    "twice": (CSV, b"id,b\n1,x\n2,y\n1,z\n"),
    "no such column": (CSV, b"a,b\n1,x\n"),
    "nothing": (CSV, b""),
    "only names": (CSV, b"id,b\n"),
    "a quote": (CSV, b'id,b\n1,"x\n'),
    "a long line": (JSONL, b"x" * 1_000_001),
    "many": (CSV, b"id,b\n" + b"".join(b"%d,x\n" % n for n in range(2_500))),
}


@pytest.fixture(params=FILES)
def file(request, tmp_path):
    format, content = FILES[request.param]
    path = tmp_path / "a.data"
    path.write_bytes(content)
    return Reference(address_of(path), format)


def test_it_finds_what_the_scan_finds(file, tmp_path):
    def scanned():
        found = scan(file, [tmp_path], tmp_path / "index", chunk_size=10, key_column="id")
        return found.items, found.columns, found.sha256, found.size

    def looked():
        found = look(file, [tmp_path], key_column="id")
        assert found.whole
        if found.key_problem:
            raise BadSource(found.key_problem)
        return found.items, found.columns, found.sha256, found.size

    assert said(looked) == said(scanned)


def said(call):
    try:
        return call()
    except BadSource as error:
        return str(error)


def test_cut_short_it_stops_in_the_midst_of_a_row_and_guesses_the_rest(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,b\n" + b'1,"two\nlines"\n' * 1_000)
    for read in range(100, 130):
        found = look(Reference(address_of(path)), [tmp_path], read=read)
        assert not found.whole
        assert 6 <= found.items <= 9
        assert 800 <= found.about <= 1_100
    assert found.sha256 == look(Reference(address_of(path)), [tmp_path]).sha256


def test_another_file_than_the_one_that_was_named_is_noticed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    found = look(Reference(address_of(path)), [tmp_path])
    path.write_bytes(b"id\n2\n")
    with pytest.raises(BadSource, match="it is another file, or damaged"):
        look(Reference(address_of(path), CSV, found.sha256, found.size), [tmp_path])


FORMATS = {
    ("a.csv", b'{"a": 1}'): CSV,
    ("a.ndjson", b"a,b"): JSONL,
    ("a.txt", b'\xef\xbb\xbf\n{"a": 1}\n'): JSONL,
    ("a.txt", b'{"a": 1'): JSONL,
    ("a.json", b"[1, 2]\n"): JSONL,
    ("a.txt", b'"name","city"\n'): CSV,
    ("a.txt", b'"name"\n'): JSONL,
    ("a", b"12,13\n"): CSV,
    ("a", b""): CSV,
}


@pytest.mark.parametrize("given", FORMATS, ids=range(len(FORMATS)))
def test_the_format_is_known_by_the_name_or_by_how_it_begins(given):
    assert format_of(*given) == FORMATS[given]
