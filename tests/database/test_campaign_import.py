"""A contacts file ends in the database or, line by line, in a file of reasons."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from minibot_fs.campaign.contacts_import import ImportOrder, ImportReport, import_contacts, parse_consent
from minibot_fs.config import PROJECT_DIR, load_settings
from minibot_fs.errors import ContactError
from minibot_fs.store.connect import Database, open_database
from tests.database.campaign_bench import rows


@pytest.fixture(scope="module")
def server(module_data_folder: Path) -> Iterator[Database]:
    database = open_database(load_settings(data_dir=module_data_folder))
    yield database
    database.close()


@pytest.fixture
def database(server: Database) -> Database:
    with server.connection() as conn, conn.cursor() as cursor:
        cursor.execute("TRUNCATE contacts CASCADE")
    return server


def load(database: Database, path: Path, order: ImportOrder | None = None) -> ImportReport:
    with database.connection() as conn:
        return import_contacts(conn, path, order or ImportOrder())


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "contacts.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_the_sample_file_is_imported_whole(database: Database) -> None:
    report = load(database, PROJECT_DIR / "scripts/samples/contacts.csv", ImportOrder(validate_phones=True))
    assert (report.lines, report.imported, report.rejected) == (30, 30, 0)
    assert rows(database, "SELECT count(*) FROM contacts WHERE consent_source IS NULL") == [(1,)]
    assert rows(database, "SELECT first_name, tags FROM contacts WHERE phone = '+33639980004'") == [
        ("Élodie", ["prospect", "paris"])
    ]


def test_bad_lines_are_reported_with_number_and_reason_and_the_others_imported(
    database: Database, tmp_path: Path
) -> None:
    path = written(
        tmp_path,
        "Téléphone;Prénom;Mail;Date consentement;Source consentement\n"
        "0639980001;Zoé;z@example.org;12/03/2026;salon\n"
        "12;Léa;;;\n"
        "0639980002;Jean;pas un mail;;\n"
        "0639980003;Paul;;le mois dernier;salon\n"
        "0639980004;Anna;;;salon\n"
        "0639980005;Ines;;;\n",
        "cp1252",
    )
    report = load(database, path)
    assert (report.lines, report.imported, report.rejected) == (6, 2, 4)
    assert report.rejected_file == tmp_path / "contacts.csv.rejected.csv"
    with report.rejected_file.open(encoding="utf-8-sig", newline="") as file:
        head, *rejected = csv.reader(file, delimiter=";")
    assert head[:3] == ["line", "reason", "Téléphone"]
    assert [(line[0], line[1]) for line in rejected] == [
        ("3", "the number is too short"),
        ("4", "not an e-mail address"),
        ("5", "'le mois dernier' is not a date"),
        ("6", "a consent without its date"),
    ]
    assert rows(database, "SELECT consent_at, consent_source FROM contacts WHERE phone = '+33639980001'") == [
        (datetime(2026, 3, 12, tzinfo=UTC), "salon")
    ]


def test_a_known_phone_is_merged_or_with_skip_left_alone(database: Database, tmp_path: Path) -> None:
    load(database, written(tmp_path, "phone,nom,tags,ville\n0639980001,Roux,a,Lyon\n"))
    again = written(tmp_path, "phone,nom,prenom,tags,age\n0639980001,,Zoé,b,40\n+33639980001,Petit,,c,\n")
    skipped = load(database, again, ImportOrder(skip_duplicates=True))
    assert (skipped.imported, skipped.duplicates, skipped.updated) == (0, 2, 0)
    merged = load(database, again)
    assert (merged.imported, merged.duplicates, merged.updated) == (0, 2, 1)
    assert rows(database, "SELECT last_name, tags, extra FROM contacts") == [
        ("Petit", ["a", "c"], {"ville": "Lyon"})
    ]


def test_tags_and_consent_of_the_command_hold_for_every_line_that_names_none(
    database: Database, tmp_path: Path
) -> None:
    path = written(tmp_path, "phone,consentement,date consentement\n0639980001,,\n0639980002,non,\n")
    consent = parse_consent("web form, with double opt-in, 1 septembre 2026")
    load(database, path, ImportOrder(tags=("vip",), consent=consent))
    assert rows(database, "SELECT tags, consent_source FROM contacts ORDER BY phone") == [
        (["vip"], "web form, with double opt-in"),
        (["vip"], None),
    ]


@pytest.mark.parametrize("text", ["web form", "2026-09-01", "web form, 2999-01-01", "web form, bientôt"])
def test_a_consent_without_source_or_past_date_is_refused(text: str) -> None:
    with pytest.raises(ContactError, match="consent"):
        parse_consent(text)


def test_what_means_something_to_the_database_is_stored_as_it_stands(
    database: Database, tmp_path: Path
) -> None:
    name = 'a\\b\tc"d{e},\\N\r\nf'
    path = written(
        tmp_path, f'phone,nom,tags\n0639980001,"{name.replace(chr(34), chr(34) * 2)}","x""y;z\\w"\n'
    )
    load(database, path)
    assert rows(database, "SELECT last_name, tags FROM contacts") == [(name, ['x"y', "z\\w"])]


def test_a_file_that_breaks_off_imports_nothing(database: Database, tmp_path: Path) -> None:
    path = written(tmp_path, 'phone,nom\n0639980001,Roux\n0639980002,"Petit\n' + "x" * 20_000)
    with pytest.raises(ContactError, match="unclosed quote"):
        load(database, path)
    assert rows(database, "SELECT count(*) FROM contacts") == [(0,)]


def test_many_lines_stream_through(database: Database, tmp_path: Path) -> None:
    lines = (f"06{number:08d};Nom {number}\n" for number in range(30_000))
    report = load(database, written(tmp_path, "phone;nom\n" + "".join(lines)))
    assert (report.lines, report.imported) == (30_000, 30_000)
