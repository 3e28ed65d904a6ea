"""What the jobs returned is read from the files of chunks and from the one file, and across the change."""

import json

import pytest

from worker.batch_wire import DataSet
from worker.chunks import folders, gathering, notes, returned

SIZE = 10


def line(number: int, word: str = "fine") -> bytes:
    return f'{{"item":"k\\"{number}","number":{number},"result":{json.dumps(word)}}}\n'.encode()


class Files:
    def __init__(self, folder) -> None:
        self.uuid = folder.name
        self.results, self.work = folders.results_of(self.uuid), folders.work_of(self.uuid)
        for each in (self.results, self.work):
            each.mkdir(parents=True)
        data = DataSet("file:///x", "csv", 100, 10, SIZE, "", 0)
        folders.write_order(self.uuid, folders.Order(data, "key", "echo"))

    def round(self, chunk: int, round: int, *numbers: int) -> None:
        (self.results / f"{chunk:08}-{round:08}.jsonl").write_bytes(b"".join(map(line, numbers)))

    def runs(self, chunk: int, round: int, *numbers: int, kept: int) -> None:
        """A round under way: of its lines so many are in its checkpoint."""
        name, lines = f"{chunk:08}-{round:08}", [line(number) for number in numbers]
        (self.results / f".{name}.1.part").write_bytes(b"".join(lines))
        offset = sum(map(len, lines[:kept]))
        checkpoint = vars(notes.Checkpoint(file=f".{name}.1.part", offset=offset))
        (self.work / f"{name}.json").write_text(json.dumps(checkpoint))

    def all(self) -> list[int]:
        return [returned.number_in(each) for each in returned.of_all(self.uuid)]

    def of(self, number: int):
        return returned.of_item(self.uuid, number, SIZE)


@pytest.fixture
def files(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    folders.order_of.cache_clear()
    yield Files(tmp_path / "some-batch")
    folders.order_of.cache_clear()


def test_of_a_round_under_way_what_its_checkpoint_holds_counts(files):
    files.round(0, 1, 0, 1, 2)
    files.runs(1, 2, 10, 11, 12, kept=2)
    assert files.all() == [0, 1, 2, 10, 11]
    assert files.of(11)["result"] == "fine"
    assert files.of(12) is None


def test_in_the_one_file_every_item_is_found_and_no_other(files):
    kept = [n for n in range(100) if n % 3 and n // 10 not in (4, 9)]
    for chunk in range(10):
        files.round(chunk, chunk + 1, *[n for n in reversed(kept) if n // SIZE == chunk])
    gathering.gather(files.uuid, lambda _n: None)
    assert not files.results.exists()
    assert [n for n in range(120) if files.of(n)] == kept
    assert sorted(files.all()) == kept


def test_reading_goes_on_where_the_batch_closes_meanwhile(files):
    for chunk in range(5):
        files.round(chunk, chunk + 1, *range(chunk * SIZE, chunk * SIZE + 10))
    files.round(2, 9, 29)
    reading = returned.of_all(files.uuid)
    before = [returned.number_in(next(reading)) for _n in range(24)]
    files.round(4, 10)
    gathering.gather(files.uuid, lambda _n: None)
    after = [returned.number_in(each) for each in reading]
    assert sorted({*before, *after}) == list(range(50))
    assert len(before) + len(after) in (50, 51)


def test_a_close_that_died_while_it_threw_the_parts_away_loses_nothing(files, monkeypatch):
    """Come again, it must not make one file of the parts that are left."""
    for chunk in range(3):
        files.round(chunk, chunk + 1, chunk * SIZE)
    real = gathering.shutil.rmtree

    def dies(folder, **more):
        parts = sorted(folder.glob("[0-9]*.jsonl"))
        if parts:
            parts[0].unlink()
            raise KeyboardInterrupt
        real(folder, **more)

    monkeypatch.setattr(gathering.shutil, "rmtree", dies)
    with pytest.raises(KeyboardInterrupt):
        gathering.gather(files.uuid, lambda _n: None)
    monkeypatch.undo()
    gathering.gather(files.uuid, lambda _n: None)
    assert files.all() == [0, 10, 20]
