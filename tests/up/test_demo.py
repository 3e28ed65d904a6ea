"""When `up` loads the demo, and what it says of it."""

import pytest

from dashboard.demo import people
from dashboard.up import demo
from dashboard.up.folder import Folder


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path / "data")
    made.prepare()
    return made


@pytest.fixture
def loaded(db, folder):
    people.load("the password")
    demo.note_loaded(folder, "the password")
    return folder


def test_it_is_loaded_once(db, folder):
    assert not demo.is_loaded(folder, "the password")
    people.load("the password")
    demo.note_loaded(folder, "the password")
    assert demo.is_loaded(folder, "the password")


def test_it_is_loaded_again_for_another_password(loaded):
    assert not demo.is_loaded(loaded, "another one")


def test_it_is_loaded_again_into_another_database(loaded, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/leitstand")
    assert not demo.is_loaded(loaded, "the password")


def test_it_is_loaded_again_where_its_people_have_gone(loaded):
    people.User.objects.all().delete()
    assert not demo.is_loaded(loaded, "the password")


def test_its_note_tells_others_nothing(loaded):
    note = loaded.path / "demo_loaded"
    assert "the password" not in note.read_text()
    assert note.stat().st_mode & 0o777 == 0o600


def test_only_those_who_sign_in_are_named():
    told = demo.logins()
    assert told.startswith("maria (manager), ")
    assert "rita (requester)" in told
    assert "admin (everything)" in told
    assert "jonas" not in told


def test_it_is_loaded_again_where_its_service_has_another_address(loaded):
    assert not demo.is_loaded(loaded, "the password", "http://127.0.0.1:8331")
