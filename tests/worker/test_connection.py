"""Which server is asked where no variable names one: that of the data folder, not what another house runs."""

import pytest

from worker.connection import own_server


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def test_the_one_that_up_keeps_for_this_folder_is_asked(tmp_path):
    (tmp_path / "ports.json").write_text('{"temporal": 7411, "demo": 8330}')
    assert own_server() == "127.0.0.1:7411"


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"temporal": null}', "\xff"])
def test_without_one_it_is_the_usual_one(tmp_path, content):
    if content is not None:
        (tmp_path / "ports.json").write_bytes(content.encode("latin-1"))
    assert own_server() == "127.0.0.1:7233"
