"""The project's files go into FreeSWITCH's configuration; what was there is kept, again does nothing."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from minibot_fs.cli.install_freeswitch import command
from minibot_fs.config import PROJECT_DIR, load_settings
from minibot_fs.freeswitch_files import InstallError, configuration_files

PASSWORD = 'p<a>s&s"word'

APP = typer.Typer()
APP.command()(command)


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FREESWITCH_ESL_PASSWORD", PASSWORD)
    folder = tmp_path / "freeswitch"
    (folder / "autoload_configs").mkdir(parents=True)
    (folder / "freeswitch.xml").write_text("<document/>")
    (folder / "autoload_configs" / "python.conf.xml").write_text("<mine/>\n")
    return folder


def contents(folder: Path) -> dict[Path, str]:
    return {file: file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_files_are_shown_written_and_the_old_ones_kept(configuration: Path) -> None:
    done = CliRunner().invoke(APP, [str(configuration), "--yes"])
    assert done.exit_code == 0, done.output
    assert "-<mine/>" in done.output
    (backup,) = configuration.rglob("*.before-minibot-*")
    assert backup.read_text() == "<mine/>\n"
    socket = ElementTree.parse(configuration / "autoload_configs" / "event_socket.conf.xml").getroot()
    values = {param.get("name"): param.get("value") for param in socket.iter("param")}
    assert values["listen-ip"] == "127.0.0.1"
    assert values["password"] == PASSWORD
    for context in ("public", "default"):
        assert (configuration / "dialplan" / context / "00_minibot.xml").is_file()


def test_a_password_is_never_shown_and_no_other_user_reads_it(configuration: Path) -> None:
    done = CliRunner().invoke(APP, [str(configuration), "--yes"])
    assert "p&lt;a&gt;" not in done.output
    assert PASSWORD not in done.output
    mode = (configuration / "autoload_configs" / "event_socket.conf.xml").stat().st_mode
    assert not mode & 0o007


def test_a_second_run_changes_nothing(configuration: Path) -> None:
    CliRunner().invoke(APP, [str(configuration), "--yes"])
    before = contents(configuration)
    again = CliRunner().invoke(APP, [str(configuration), "--yes"])
    assert again.exit_code == 0
    assert "nothing to do" in again.output
    assert contents(configuration) == before


def test_a_dry_run_or_a_no_writes_nothing(configuration: Path) -> None:
    before = contents(configuration)
    assert CliRunner().invoke(APP, [str(configuration), "--dry-run"]).exit_code == 1
    assert CliRunner().invoke(APP, [str(configuration)], input="n\n").exit_code == 1
    assert contents(configuration) == before


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=r"no FreeSWITCH configuration\. It must hold freeswitch\.xml"):
        configuration_files(load_settings(), tmp_path)


@pytest.mark.parametrize(
    "file", [*(PROJECT_DIR / "freeswitch").rglob("*.xml*"), PROJECT_DIR / "dialplan" / "minibot.xml"], ids=str
)
def test_every_file_is_well_formed(file: Path) -> None:
    ElementTree.parse(file)
