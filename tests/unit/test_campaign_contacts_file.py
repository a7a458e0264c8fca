"""Contacts files are read as people have them, and phone numbers as people write them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibot_fs.campaign.contacts_file import open_contacts
from minibot_fs.campaign.phone_numbers import PhoneNumberError, is_fiction, mask, time_zones_of, to_e164
from minibot_fs.errors import ContactError

TEXT = "Téléphone;Prénom;Nom;Société\n06 39 98 00 01;Élodie;Lefèvre;Crédit & Cie\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "mac_roman"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_encoding_and_separator_are_found_out(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(TEXT.replace(";", separator).encode(encoding))
    contacts = open_contacts(path)
    (row,) = contacts.rows()
    assert contacts.columns == ("phone", "first_name", "last_name", "company")
    assert row.values["last_name"] == "Lefèvre"
    assert row.values["first_name"] == "Élodie"
    assert row.line == 2


def test_excels_separator_line_is_obeyed_and_not_read_as_a_contact(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("sep=;\n" + TEXT, encoding="utf-8")
    (row,) = open_contacts(path).rows()
    assert row.line == 3
    assert row.values["phone"] == "06 39 98 00 01"


def test_columns_are_known_in_any_order_and_unknown_ones_keep_their_name(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("Ville,NOM DE FAMILLE,N° téléphone,E-mail\nLyon,Roux,0639980002,a@example.org\n")
    (row,) = open_contacts(path).rows()
    assert row.values == {
        "Ville": "Lyon",
        "last_name": "Roux",
        "phone": "0639980002",
        "email": "a@example.org",
    }


def test_excel_cells_read_as_their_user_sees_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Mobile", "Prénom"])
    sheet.append([639980003, "Zoé"])
    sheet.append([None, None])
    sheet.append([33639980004.0, "Léa"])
    book.save(tmp_path / "contacts.xlsx")
    rows = list(open_contacts(tmp_path / "contacts.xlsx").rows())
    assert [(row.line, to_e164(row.values["phone"])) for row in rows] == [
        (2, "+33639980003"),
        (4, "+33639980004"),
    ]


def test_a_line_with_too_many_fields_is_reported_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("phone,nom\n0639980001,Roux,extra\n0639980002,Petit\n")
    bad, good = open_contacts(path).rows()
    assert "3 fields" in bad.problem
    assert good.values["last_name"] == "Petit"


def test_a_file_without_a_phone_column_is_refused_with_its_headers(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("prenom,nom\nZoé,Roux\n", encoding="utf-8")
    with pytest.raises(ContactError, match="prenom, nom"):
        open_contacts(path)


def test_a_quote_that_never_closes_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text('phone,nom\n0639980001,"Roux\n' + "0639980002,Petit\n" * 2000)
    with pytest.raises(ContactError, match=r"contacts\.csv:2: unreadable"):
        list(open_contacts(path).rows())


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\xff\x00\xff"])
def test_an_empty_or_binary_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(content)
    with pytest.raises(ContactError):
        open_contacts(path)


@pytest.mark.parametrize(
    "text",
    ["06 39 98 00 01", "0639980001", "06.39.98.00.01", "639980001", "+33 6 39 98 00 01", "0033639980001",
     "+33 (0)6 39 98 00 01", "33639980001", "639980001.0", "06-39-98-00-01"],
)  # fmt: skip
def test_a_french_number_is_read_however_it_is_written(text: str) -> None:
    assert to_e164(text, strict=True) == "+33639980001"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no phone number"),
        ("demander à Zoé", "not a phone number"),
        ("06 39 98", "short|length"),
        ("3.3639980001E+11", "rounded"),
        ("+999639980001", "country"),
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(PhoneNumberError, match=reason):
        to_e164(text)


def test_strict_refuses_premium_numbers_and_takes_those_of_fiction() -> None:
    assert to_e164("+447700900123", strict=True) == "+447700900123"
    with pytest.raises(PhoneNumberError, match="premium"):
        to_e164("0899 001 234", strict=True)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_but_never_breaks(text: str) -> None:
    try:
        number = to_e164(text, strict=True)
    except PhoneNumberError:
        return
    assert number.startswith("+")
    assert number[1:].isascii()
    assert number[1:].isdigit()


@given(st.integers(0, 9999))
def test_a_masked_number_hides_four_digits(last: int) -> None:
    number = f"+3363998{last:04d}"
    assert is_fiction(number)
    assert mask(number) == f"+33639••••{last % 100:02d}"


def test_an_overseas_number_may_lie_in_either_of_its_zones() -> None:
    assert time_zones_of("+33639980001") == ("Europe/Paris",)
    assert set(time_zones_of("+262692000000")) == {"Indian/Reunion", "Indian/Mayotte"}
    assert time_zones_of("+590690000000") == ("America/Guadeloupe",)
