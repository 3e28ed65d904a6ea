"""Which number an item has that is called so: found among all keys, and only there."""

from worker.datasets import index
from worker.datasets.keys import keys_beside, number_of
from worker.datasets.references import Reference, address_of


def scanned(tmp_path, *names, column="id"):
    source = tmp_path / "data.csv"
    source.write_text("id,word\n" + "".join(f'"{name}",fine\n' for name in names))
    to = tmp_path / "index"
    index.scan(Reference(address_of(source)), [tmp_path], to, chunk_size=7, key_column=column)
    return keys_beside(to)


def test_every_item_is_found_by_its_key(tmp_path):
    names = [f"order {n}" for n in range(500)] + ["ünsal", "=1", "x" * 200]
    keys = scanned(tmp_path, *names)
    assert [number_of(keys, name) for name in names] == list(range(len(names)))


def test_nobody_else_is(tmp_path):
    keys = scanned(tmp_path, *(f"order {n}" for n in range(50)))
    assert [number_of(keys, name) for name in ("order 50", "", "ORDER 1", "order")] == [None] * 4


def test_an_item_that_cannot_be_read_has_no_name(tmp_path):
    keys = scanned(tmp_path, "a", " ", "b")
    assert (number_of(keys, "b"), number_of(keys, " "), number_of(keys, "2")) == (2, None, None)


def test_without_a_column_that_names_them_there_are_no_keys(tmp_path):
    assert not scanned(tmp_path, "a", column="").exists()
