"""What every kind of test shares: settings that depend on nothing of the machine's own configuration."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minibot_fs.config import Settings, load_settings

os.environ["MINIBOT_ENV_FILE"] = os.devnull
for _name in Settings.model_fields:
    os.environ.pop(_name.upper(), None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, with everything that is written below this test's own folder."""
    return load_settings(data_dir=tmp_path / "data", log_dir=tmp_path / "logs")


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that any user may enter: as root, PostgreSQL runs as a user of its own, whom
    pytest's temporary folders keep out."""
    folder = Path(tempfile.mkdtemp(prefix="minibot-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def folder_for_a_server(server_folder: Path) -> Path:
    """A new data folder in it, which PostgreSQL's own user may enter."""
    folder = Path(tempfile.mkdtemp(dir=server_folder))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def data_folder(server_folder: Path) -> Path:
    """A data folder for a server of this test's own."""
    return folder_for_a_server(server_folder)


@pytest.fixture(scope="module")
def module_data_folder(server_folder: Path) -> Path:
    """A data folder for a server that the tests of a module share."""
    return folder_for_a_server(server_folder)
