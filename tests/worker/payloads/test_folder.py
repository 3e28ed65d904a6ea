"""A folder of blobs holds each of them whole or not at all, and notices one that is not what was stored."""

import os
import subprocess
import sys
import threading

import pytest

from tests.architecture.rules import ROOT
from worker.payloads.folder import Folder, Owner
from worker.payloads.troubles import NotRead

ORDERS = Owner("default", "orders/../../../etc/passwd\x00", "run-1", "Orders")
DATA = b"some bytes " * 20_000


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "payloads")


def files(folder):
    return sorted(path for path in folder.root.rglob("*") if path.is_file())


def test_what_was_stored_is_read_and_says_whose_it_is(folder):
    stored = folder.put(ORDERS, [DATA[:1_000], DATA[1_000:]])
    assert folder.read(stored.key) == DATA
    assert (stored.size, folder.verify(stored.key)) == (len(DATA), len(DATA))
    (blob,) = folder.all()
    assert (blob.key, blob.owner, blob.size) == (stored.key, ORDERS, len(DATA))


def test_no_name_leads_out_of_the_folder_and_nobody_else_may_read_it(folder):
    folder.put(ORDERS, [DATA])
    (file,) = files(folder)
    assert file.is_relative_to(folder.root)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "key", ["", "../secret_key", "/etc/passwd", "a" * 32 + "/../../secret_key", "A" * 32 + "/" + "0" * 64]
)
def test_what_is_no_key_is_not_there(folder, key):
    folder.put(ORDERS, [DATA])
    for ask in (folder.read, folder.verify, folder.open, folder.remove):
        with pytest.raises(NotRead, match="is not there"):
            ask(key)


def test_the_same_of_the_same_workflow_is_one_file_and_that_of_another_is_its_own(folder):
    first = folder.put(ORDERS, [DATA])
    assert folder.put(Owner("default", ORDERS.workflow_id, "run-2"), [DATA]).key == first.key
    other = folder.put(Owner("other", ORDERS.workflow_id), [DATA])
    assert other.key != first.key
    assert folder.remove(first.key)
    assert folder.read(other.key) == DATA
    assert len(files(folder)) == 1


SPOILT = {
    "missing": (lambda path: path.unlink(), "missing", "is not there"),
    "cut off": (lambda path: os.truncate(path, path.stat().st_size - 1), "damaged", "cut off or changed"),
    "empty": (lambda path: os.truncate(path, 0), "damaged", "cut off or changed"),
    "altered": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), "damaged", "cut off or changed"),
    "another thing": (lambda path: path.write_bytes(b'{"rows": []}\n'), "damaged", "cut off or changed"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "other", "cannot be read now"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "cause", "words"), SPOILT.values(), ids=SPOILT)
def test_what_is_not_as_it_was_is_noticed_and_said(folder, spoil, cause, words):
    stored = folder.put(ORDERS, [DATA])
    spoil(*files(folder))
    for ask in (folder.read, folder.verify):
        with pytest.raises(NotRead, match=words) as trouble:
            ask(stored.key)
        assert trouble.value.cause == cause


FILLS = """
import resource, sys
from pathlib import Path
from worker.payloads.bucket import Bucket
from worker.payloads.folder import Folder, Owner
from worker.payloads.troubles import NotStored
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
place = Bucket("datasets") if sys.argv[2] == "bucket" else Folder(Path(sys.argv[1]))
try:
    place.put(Owner("default", "w"), [b"x" * 1_000] * int(sys.argv[3]))
except NotStored as trouble:
    print(trouble.cause, trouble)
"""


@pytest.mark.parametrize(("place", "parts"), [("folder", 1_000), ("bucket", 1_000), ("bucket", 101)])
def test_where_there_is_no_room_nothing_half_written_stays(folder, place, parts):
    """What goes to a bucket goes by way of a file here, whose last part is written when it is read again."""
    command = [sys.executable, "-c", FILLS, folder.root, place, str(parts)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.stdout.startswith("full Nothing can be stored in"), told.stderr
    assert files(folder) == []


def test_what_breaks_while_it_is_written_leaves_nothing_and_its_own_error(folder):
    def parts():
        yield DATA
        raise ValueError("the source has ended")

    with pytest.raises(ValueError, match="the source has ended"):
        folder.put(ORDERS, parts())
    assert files(folder) == []


def test_what_a_killed_writer_left_is_found_once_it_is_old(folder):
    folder.put(ORDERS, [DATA])
    half = folder.root / ORDERS.folder / "0123456789abcdef.part"
    half.write_bytes(b"half")
    assert folder.leftovers(older_than=3_600) == []
    os.utime(half, (1, 1))
    assert folder.leftovers(older_than=3_600) == [half]
    assert len(list(folder.all())) == 1


def test_what_was_stored_again_meanwhile_is_not_removed(folder):
    stored = folder.put(ORDERS, [DATA])
    (blob,) = folder.all()
    os.utime(folder.root / stored.key, (blob.at + 5, blob.at + 5))
    assert not folder.remove(stored.key, unless_since=blob.at)
    assert folder.read(stored.key) == DATA


def test_writers_and_removers_at_once_break_nothing(folder):
    failed = []

    def write():
        for _turn in range(20):
            try:
                folder.put(ORDERS, [b"x"])
            except Exception as error:
                failed.append(error)

    def remove():
        while writing.is_alive():
            for blob in folder.all():
                folder.remove(blob.key)

    writing, removing = threading.Thread(target=write), threading.Thread(target=remove)
    writing.start()
    removing.start()
    writing.join(60)
    removing.join(60)
    assert failed == []
