"""A model is fetched from a real (local) web server: resumed, checked, unpacked whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import random
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer

from minibot_fs.cli import setup_models
from minibot_fs.model_download import PIECE_BYTES, ModelError, Published, download, find_published, unpack

NAME = "vosk-model-small-fr-0.22"


def archive_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


MODEL = archive_of(
    {
        f"{NAME}/am/final.mdl": random.Random(1).randbytes(400_000),
        f"{NAME}/conf/model.conf": b"--sample-frequency=16000\n",
    }
)


class Site:
    """A web server with one model. ``cut_after`` breaks each answer off after so many bytes."""

    def __init__(self, content: bytes = MODEL) -> None:
        self.content = content
        self.served = content
        self.cut_after: int | None = None
        self.knows_ranges = True
        self.ranges: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/model-list.json":
                    body = json.dumps(site.listed()).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    return
                asked = self.headers.get("Range")
                site.ranges.append(asked)
                start = 0
                if asked and site.knows_ranges:
                    start = int(asked.removeprefix("bytes=").rstrip("-"))
                    self.send_response(206)
                    last = len(site.served) - 1
                    self.send_header("Content-Range", f"bytes {start}-{last}/{len(site.served)}")
                else:
                    self.send_response(200)
                body = site.served[start:]
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: site.cut_after])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def listed(self) -> list[dict[str, object]]:
        entry = {"size": len(self.content), "md5": hashlib.md5(self.content).hexdigest(), "obsolete": "false"}
        return [{"name": NAME, **entry}, {"name": "vosk-model-fr-0.1", **entry, "obsolete": "true"}]

    def model(self) -> Published:
        return find_published(NAME, self.url)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """The command as typed; returns the folder of models."""
    monkeypatch.setenv("VOSK_MODEL_PATH", str(tmp_path / "models" / "vosk-model-fr-0.22-lgraph"))

    def run(model: str = "small", **options: object) -> Path:
        arguments = {"from_file": None, "site": "http://127.0.0.1:9", "force": False, **options}
        setup_models.command(model, **arguments)  # type: ignore[arg-type]
        return tmp_path / "models"

    return run


def test_a_model_is_downloaded_and_unpacked(
    site: Site, install: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    models = install("small", site=site.url)
    assert (models / NAME / "am" / "final.mdl").stat().st_size == 400_000
    assert [path.name for path in models.iterdir()] == [NAME]
    assert f"VOSK_MODEL_PATH={models / NAME}" in capsys.readouterr().out
    install("small", site=site.url)
    assert "there already" in capsys.readouterr().out
    assert len(site.ranges) == 1


def test_a_download_that_breaks_off_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.cut_after = 150_000
    seen: list[tuple[int, int]] = []
    archive = download(site.model(), tmp_path, lambda done, total: seen.append((done, total)))
    assert archive.read_bytes() == MODEL
    assert site.ranges[0] is None
    assert len(site.ranges) > 2
    assert all(site.ranges[1:])
    assert seen[-1] == (len(MODEL), len(MODEL))
    assert seen == sorted(seen)


def test_a_download_goes_on_in_another_run(site: Site, tmp_path: Path) -> None:
    site.cut_after = 70_000
    with pytest.raises(ModelError, match="goes on from there"):
        download(site.model(), tmp_path, lambda done, total: None)
    site.cut_after = None
    assert download(site.model(), tmp_path, lambda done, total: None).read_bytes() == MODEL
    assert site.ranges[-1] == f"bytes={5 * PIECE_BYTES}-"


def test_a_server_that_knows_no_ranges_starts_anew(site: Site, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.zip.part").write_bytes(MODEL[:100])
    site.knows_ranges = False
    assert download(site.model(), tmp_path, lambda done, total: None).read_bytes() == MODEL


def test_what_is_not_what_the_list_says_is_thrown_away(site: Site, tmp_path: Path) -> None:
    site.served = MODEL[:-10] + bytes(10)
    with pytest.raises(ModelError, match="checksum"):
        download(site.model(), tmp_path, lambda done, total: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["vosk-model-fr-0.22-lgraph", "vosk-model-fr-0.1"])
def test_a_model_that_is_not_published_names_those_that_are(site: Site, name: str) -> None:
    with pytest.raises(ModelError, match=rf"French models are: {NAME}"):
        find_published(name, site.url)


@pytest.mark.parametrize("model", ["medium", "model.zip", "vosk-model-../../evil"])
def test_what_cannot_be_a_model_is_told_before_anything_is_asked_for(
    install: Callable[..., Path], capsys: pytest.CaptureFixture[str], model: str
) -> None:
    with pytest.raises(typer.Exit):
        install(model)
    assert "Say small or large" in capsys.readouterr().err


def test_without_a_network_it_says_what_to_do(
    install: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        install("large")
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "--from vosk-model-fr-0.22.zip" in told


def test_a_local_zip_needs_no_network(tmp_path: Path, install: Callable[..., Path]) -> None:
    zipped = tmp_path / "downloaded.zip"
    zipped.write_bytes(MODEL)
    models = install(from_file=zipped)
    assert (models / NAME / "conf" / "model.conf").is_file()
    assert zipped.is_file()


def test_an_installed_model_is_replaced_as_a_whole(tmp_path: Path) -> None:
    zipped = tmp_path / "downloaded.zip"
    zipped.write_bytes(MODEL)
    (tmp_path / "models" / NAME).mkdir(parents=True)
    (tmp_path / "models" / NAME / "left_over").touch()
    unpack(zipped, tmp_path / "models")
    assert sorted(path.name for path in (tmp_path / "models" / NAME).iterdir()) == ["am", "conf"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (archive_of({f"{NAME}/final.mdl": b"", f"{NAME}/../../evil": b"x"}), "outside its folder"),
        (archive_of({f"{NAME}/final.mdl": b"", "/etc/evil": b"x"}), "outside its folder"),
        (archive_of({f"{NAME}/final.mdl": b"", f"{NAME}/..\\..\\evil": b"x"}), "outside its folder"),
        (archive_of({f"{NAME}/readme": b""}), "not a Vosk model"),
        (archive_of({f"{NAME}/final.mdl": b"", "other/file": b""}), "not a Vosk model"),
        (MODEL[: len(MODEL) // 2], "not a whole zip file"),
        (b"no zip at all", "not a whole zip file"),
        (MODEL.replace(MODEL[2000:2020], bytes(20), 1), "not a whole zip file"),
    ],
)
def test_an_archive_that_is_not_a_whole_model_leaves_nothing(
    tmp_path: Path, content: bytes, told: str
) -> None:
    zipped = tmp_path / "downloaded.zip"
    zipped.write_bytes(content)
    with pytest.raises(ModelError, match=told):
        unpack(zipped, tmp_path / "models")
    assert not list((tmp_path / "models").glob("*")) if (tmp_path / "models").exists() else True
    assert {path.name for path in tmp_path.iterdir()} <= {"downloaded.zip", "models"}
