"""What `up` keeps in its data folder, and what it puts into the environment."""

import os
import socket

import pytest

from dashboard.up import folder as folders
from dashboard.up import ports, surroundings
from dashboard.up.folder import Folder, Refused


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path / "data")
    made.prepare()
    return made


def test_a_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match=r"cannot be made.*--data"):
        Folder(tmp_path / "file" / "data").prepare()


def test_the_lock_goes_with_its_holder(folder):
    with folder.locked(), pytest.raises(Refused, match=rf"already \(process {os.getpid()}\)"), folder.locked():
        pass
    with folder.locked():
        pass


def test_ports_stay_the_same_over_restarts(folder):
    first = folder.ports({"temporal": 0, "ui": 0})
    assert folder.ports({"temporal": 0, "ui": 0}) == first
    assert len(set(first.values())) == 2


def test_a_port_that_was_taken_meanwhile_is_replaced(folder):
    first = folder.ports({"temporal": 0})["temporal"]
    with socket.create_server((ports.HOST, first)):
        assert folder.ports({"temporal": 0})["temporal"] != first


@pytest.mark.parametrize("kept", ["", "[]", '{"temporal": "no"}', "{"])
def test_ports_that_cannot_be_read_are_chosen_anew(folder, kept):
    (folder.path / "ports.json").write_text(kept)
    assert ports.free(folder.ports({"temporal": 0})["temporal"])


def test_the_demo_password_is_made_once_and_readable_by_its_owner_only(folder, monkeypatch):
    monkeypatch.delenv("LEITSTAND_DEMO_PASSWORD", raising=False)
    made = folder.demo_password()
    assert len(made) >= 12
    assert folder.demo_password() == made
    assert (folder.path / "demo_password").stat().st_mode & 0o777 == 0o600


def test_a_demo_password_from_the_environment_is_taken_and_not_kept(folder, monkeypatch):
    monkeypatch.setenv("LEITSTAND_DEMO_PASSWORD", "given")
    assert folder.demo_password() == "given"
    assert not (folder.path / "demo_password").exists()


def test_a_long_log_is_put_aside_at_the_next_start(folder, monkeypatch):
    monkeypatch.setattr(folders, "LONG_LOG", 10)
    (folder.logs / "web.log").write_text("eleven long")
    assert not folder.log("web").exists()
    assert (folder.logs / "web.log.1").read_text() == "eleven long"


@pytest.mark.parametrize(
    ("argv", "data", "demo"),
    [
        (["manage.py", "up", "--data", "x"], "x", "1"),
        (["manage.py", "up", "--data=x", "--port", "8001", "--no-demo"], "x", "0"),
        (["manage.py", "worker", "--data", "x"], None, None),
        (["manage.py"], None, None),
    ],
)
def test_only_up_sets_the_data_folder_and_the_demo(tmp_path, monkeypatch, argv, data, demo):
    for name in ("LEITSTAND_DATA", "LEITSTAND_DEMO"):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    surroundings.prepare(argv)
    assert os.environ.get("LEITSTAND_DATA") == (str(tmp_path / data) if data else None)
    assert os.environ.get("LEITSTAND_DEMO") == demo
