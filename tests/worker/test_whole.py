"""A file is there whole, or not at all, and nothing half of it stays where the disk is full."""

import errno

import pytest

from worker.whole import whole


def test_it_has_its_name_once_all_of_it_is_written_and_replaces_what_was_there(tmp_path):
    to = tmp_path / "a folder" / "results.jsonl"
    for content in (b"one", b"another"):
        with whole(to) as file:
            file.write(content)
            file.flush()
            assert not to.exists() or to.read_bytes() == b"one"
        assert to.read_bytes() == content
    assert list(to.parent.iterdir()) == [to]


def _break_off(file, error):
    file.write(b"half of it")
    file.flush()
    raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_where_it_breaks_off_nothing_half_written_stays_and_what_was_there_does(tmp_path, error):
    to = tmp_path / "results.jsonl"
    to.write_bytes(b"as it was")
    with pytest.raises(type(error)), whole(to) as file:
        _break_off(file, error)
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(to, b"as it was")]


def test_that_it_cannot_get_its_name_leaves_nothing_either(tmp_path):
    to = tmp_path / "results.jsonl"
    to.mkdir()
    with pytest.raises(IsADirectoryError), whole(to) as file:
        file.write(b"all of it")
    assert list(tmp_path.iterdir()) == [to]
