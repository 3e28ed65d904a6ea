"""Data sets by reference: the items of every chunk are those of the file, and whatever is wrong is told in words."""

import csv
import hashlib
import io
import json
import os
import tracemalloc
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from worker.datasets.index import items_of, known, scan
from worker.datasets.records import item_of, lines_of
from worker.datasets.references import CSV, JSONL, BadSource, Reference, address_of

PEOPLE = "id,name\n1,Ann\n2,Bob\n3,Cem\n4,Dee\n5,Eve\n"


class Folder:
    """A folder that may be read, a file in it, and its index."""

    def __init__(self, path):
        self.path, self.index = path, path / "index"

    def file(self, content, name="data.csv"):
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def scan(self, content, format=CSV, chunk_size=2, key="", **more):
        self.source = Reference(address_of(self.file(content)), format, **more)
        return scan(self.source, [self.path], self.index, chunk_size=chunk_size, key_column=key)

    def items(self, chunk, key=""):
        return items_of(self.source, [self.path], self.index, chunk, key)

    def all(self, scanned):
        return list(chain.from_iterable(self.items(chunk) for chunk in range(scanned.chunks)))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_each_chunk_has_its_items_with_number_key_and_value(folder):
    scanned = folder.scan(PEOPLE, key="id")
    assert (scanned.items, scanned.chunks, scanned.columns) == (5, 3, ("id", "name"))
    assert [scanned.items_of(chunk) for chunk in range(3)] == [2, 2, 1]
    assert [(item.number, item.key, item.value["name"]) for item in folder.items(1, "id")] == [
        (2, "3", "Cem"),
        (3, "4", "Dee"),
    ]
    assert folder.items(2)[0].key == "5", "without a column its number names it, as people count"
    assert known(folder.index) == scanned
    assert scanned.sha256 == hashlib.sha256(PEOPLE.encode()).hexdigest()


cells = some.text(some.characters(exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=12)
tables = some.integers(1, 4).flatmap(
    lambda width: some.lists(some.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(tables, some.integers(1, 5), some.sampled_from(["\n", "\r\n"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_of_csv_are_those_that_a_plain_reader_finds(folder, table, chunk_size, ends):
    written = io.StringIO(newline="")
    names = [f"c{number}" for number in range(len(table[0]))]
    csv.writer(written, lineterminator=ends, quoting=csv.QUOTE_ALL).writerows([names, *table])
    scanned = folder.scan(written.getvalue(), chunk_size=chunk_size)
    assert [list(item.value.values()) for item in folder.all(scanned)] == table


values = some.recursive(
    some.none() | some.booleans() | some.integers() | cells, lambda one: some.lists(one, max_size=3)
)


@given(some.lists(values, min_size=1, max_size=12), some.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lines_of_json_are_read_as_they_were_written(folder, given, chunk_size):
    text = "".join(json.dumps(value, ensure_ascii=False) + "\n\n" for value in given)
    scanned = folder.scan(text, JSONL, chunk_size)
    assert [item.value for item in folder.all(scanned)] == given


def test_a_mark_at_the_beginning_and_a_missing_end_of_line_are_fine(folder):
    assert folder.all(folder.scan("\ufeff" + PEOPLE.rstrip("\n"), key="id"))[0].value == {"id": "1", "name": "Ann"}
    assert [item.value for item in folder.all(folder.scan("\ufeff1\n2", JSONL))] == [1, 2]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b"1,Ann,what is this\n", "The row has 3 columns, and the first row names 2."),
        (b"1\n", "The row has 1 columns, and the first row names 2."),
        (b"1,\xff\xfe\n", "Byte 3 of the row is not UTF-8."),
        (b'1,"Ann" or so\n', "This is no row of CSV"),
        (b"1,Ann\x00\n", ""),
    ],
)
def test_a_row_that_cannot_be_read_is_one_bad_item(folder, row, said):
    """The others are done; this one fails, and says why."""
    scanned = folder.scan(b"id,name\n" + row + b"2,Bob\n")
    first, second = folder.all(scanned)
    assert first.error.startswith(said)
    assert (second.number, second.value, second.error) == (1, {"id": "2", "name": "Bob"}, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "This is not JSON"), ("[" * 100_000, "nested too deep"), ("\ud800x", "UTF-8")],
    ids=range(3),
)
def test_a_line_that_is_no_json_is_one_bad_item(folder, line, said):
    scanned = folder.scan(line.encode(errors="surrogatepass") + b"\n2\n", JSONL)
    first, second = folder.all(scanned)
    assert said in first.error
    assert second.value == 2


@pytest.mark.parametrize("row", [",Ann\n", "  ,Ann\n"])
def test_an_item_without_its_key_is_one_bad_item(folder, row):
    folder.scan("id,name\n" + row + "2,Bob\n", key="id")
    assert folder.items(0, "id")[0].error == "The item has no 'id'."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "The file holds nothing"),
        ("\n\r\n  \n", "The file holds nothing"),
        ("id,name\n", "only the names of its columns"),
        ("id,\n1,2\n", "Column 2 has no name"),
        ("id,id\n1,2\n", "Two columns are called 'id'."),
        (b"id,\xff\n1,2\n", "is not UTF-8"),
        ('id,name\n1,"Ann\n2,Bob\n', "Line 2: a quote is opened and never closed."),
        (b"id,name\n1," + b"x" * 3_000_000 + b"\n", "Line 2 is longer than 1,000,000 bytes."),
        (b'id,name\n1,"' + b"x\n" * 1_500_000 + b'"\n', "Line 2 is longer than 1,000,000 bytes."),
    ],
    ids=range(9),
)
def test_a_file_that_is_no_data_set_is_refused_in_words(folder, content, said):
    with pytest.raises(BadSource) as refused:
        folder.scan(content)
    assert said in str(refused.value)
    assert not folder.index.exists()


def test_a_line_of_a_hundred_megabytes_is_refused_without_being_held(folder):
    path = folder.file(b"id\n")
    with path.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(BadSource, match="Line 2 is longer"):
        scan(Reference(address_of(path)), [folder.path], folder.index, chunk_size=10)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_keys_that_two_items_have_are_named_with_their_lines(folder):
    with pytest.raises(BadSource, match=r"Two items have the same 'id': '2' is in lines 3 and 5\."):
        folder.scan("id,name\n1,Ann\n2,Bob\n3,Cem\n2,Bea\n", key="id")


def test_a_column_that_is_not_there_is_told_with_those_that_are(folder):
    with pytest.raises(BadSource, match="no column 'nr' that could name the items, only: id, name"):
        folder.scan(PEOPLE, key="nr")


def test_size_and_checksum_are_compared_where_they_are_named(folder):
    good = {"sha256": hashlib.sha256(PEOPLE.encode()).hexdigest().upper(), "size": len(PEOPLE)}
    assert folder.scan(PEOPLE, **good).items == 5
    with pytest.raises(BadSource, match="has 38 bytes, and 39 were named"):
        folder.scan(PEOPLE, size=len(PEOPLE) + 1)
    with pytest.raises(BadSource, match="checksum of the file is not the one"):
        folder.scan(PEOPLE, sha256="0" * 64)


def test_a_file_that_changes_while_it_is_scanned_is_noticed(folder):
    path = folder.file("id\n" + "1\n" * 12_000)

    def grow(_items):
        with path.open("a") as file:
            file.write("7\n")

    with pytest.raises(BadSource, match="changed while it was read"):
        scan(Reference(address_of(path)), [folder.path], folder.index, chunk_size=10, beat=grow)


def test_a_chunk_that_changed_after_the_scan_is_noticed_and_the_others_are_not(folder):
    folder.scan(PEOPLE)
    folder.file(PEOPLE.replace("Cem", "Kim"))
    assert folder.items(0)[0].value["name"] == "Ann"
    with pytest.raises(BadSource, match="was changed after the batch had begun"):
        folder.items(1)


@pytest.mark.parametrize(
    "uri", ["", "data.csv", "http://h/x", "file://host/etc/passwd", "file:data.csv", "file:///a\x00b", None]
)
def test_what_is_no_address_of_a_file_is_refused(folder, uri):
    with pytest.raises(BadSource, match="The source must"):
        scan(Reference(str(uri)), [folder.path], folder.index, chunk_size=1)


def test_only_files_below_the_allowed_folders_are_read(tmp_path):
    inside, outside = Folder(tmp_path / "in"), tmp_path / "secret.csv"
    inside.path.mkdir()
    outside.write_text(PEOPLE)
    (inside.path / "link.csv").symlink_to(outside)
    (inside.path / "up").symlink_to(tmp_path)
    beside = tmp_path / "in-too"
    beside.mkdir()
    (beside / "x.csv").write_text(PEOPLE)
    for uri in (
        address_of(outside),
        f"file://{inside.path}/../secret.csv",
        f"file://{inside.path}/%2e%2e/secret.csv",
        f"file://{inside.path}/link.csv",
        f"file://{inside.path}/up/secret.csv",
        address_of(beside / "x.csv"),
    ):
        with pytest.raises(BadSource, match="is not below a folder that may be read"):
            scan(Reference(uri), [inside.path], inside.index, chunk_size=1)


def test_what_is_there_but_no_file_or_not_there_is_told(folder):
    os.mkfifo(folder.path / "pipe")
    (folder.path / "folder").mkdir()
    for name, said in (
        ("nothing", "There is no file"),
        ("folder", "cannot be read: Is a directory"),
        ("pipe", "is no file"),
    ):
        with pytest.raises(BadSource, match=said):
            scan(Reference(address_of(folder.path / name)), [folder.path], folder.index, chunk_size=1)


def test_an_index_that_is_gone_is_told(folder):
    folder.scan(PEOPLE)
    folder.index.unlink()
    with pytest.raises(BadSource, match=r"index .* cannot be read"):
        folder.items(0)


def test_it_beats_while_it_reads(folder):
    beats = []
    source = Reference(address_of(folder.file("id\n" + "1\n" * 12_000)))
    scan(source, [folder.path], folder.index, chunk_size=500, beat=beats.append)
    assert beats == [5_000, 10_000]


@given(
    lines=some.lists(
        some.sampled_from(["1", "[3,", "4]", "1 2", '{"a": "b"}', " 5", "6 ", "NaN", '"\\u00e9"', "é", "7\r", '"']),
        max_size=6,
    )
)
def test_lines_that_are_read_together_are_those_that_are_read_one_by_one(lines):
    data = "".join(f"{line}\n" for line in lines).encode()
    for whole in (data, data.removesuffix(b"\n")):
        each = [item_of(line.encode(), number, (), "") for number, line in enumerate(lines)]
        found = lines_of(whole, len(lines), 0, "")
        assert not found or repr(found) == repr(each)
        assert found or any(item.error for item in each) or set("".join(lines)) & set(" \r") or not lines
