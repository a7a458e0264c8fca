"""Phone numbers: from what people type to E.164, what is known of a number, and how logs may show it.

Parsing and validity come from libphonenumber (``phonenumbers``). Two things are added to it: numbers
reserved for fiction, which its tables do not know and which every sample here uses, and the time zones of
countries that lie in one zone, where it answers "unknown" for a number outside its tables.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

_FICTION = re.compile(r"\+(?:3363998\d{4}|3319900\d{4}|447700900\d{3}|1[2-9]\d{2}55501\d{2})")
"""Reserved for films and examples by ARCEP (FR), Ofcom (GB) and NANPA (US, CA)."""

_PLAIN_FRENCH = re.compile(r"(?:\+33|0033|33|0)? ?([1-79](?:[ .-]?\d{2}){4})")
"""The forms almost every French file holds: read without libphonenumber, ten times faster."""

_DIGITS_LOST = re.compile(r"\d[.,]\d+e\+?\d+", re.IGNORECASE)

_ZONES_OF_COUNTRY_CODE = {33: ("Europe/Paris",), 44: ("Europe/London",)}
"""Country codes that lie in one time zone. Overseas France has country codes of its own (262, 590, ...)."""

_UNKNOWN_ZONE = "Etc/Unknown"

_CALLABLE_TYPES = {
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.VOIP,
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
}


class PhoneNumberError(ValueError):
    """What was written cannot be a phone number; the message says why."""


def to_e164(text: str, region: str = "FR", strict: bool = False) -> str:
    """Read a number as people write it: ``06 39 98 00 01``, ``0033639980001``, ``+33 (0)6 39...``.

    Args:
        region: country of a number written without its country code (ISO 3166, ``FR``).
        strict: also require that the number can have been given out and belongs to a person's or a
            company's line (no premium-rate, shared-cost or service number).

    Raises:
        PhoneNumberError: with a reason for the person who made the file.
    """
    text = text.strip().removesuffix(".0")
    if region == "FR" and (plain := _PLAIN_FRENCH.fullmatch(text)):
        number = "+33" + re.sub(r"\D", "", plain[1])
    else:
        number = _parse(text, region)
    if strict and (reason := _why_not_callable(number)):
        raise PhoneNumberError(reason)
    return number


def is_fiction(number: str) -> bool:
    """True for an E.164 number reserved for examples: nobody will ever answer it."""
    return _FICTION.fullmatch(number) is not None


def region_of(number: str) -> str | None:
    """The country or overseas department of an E.164 number (``FR``, ``RE``), ``None`` when unknown."""
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    if region is None or region == "001":
        codes = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
        region = codes[0] if codes and codes[0] != "001" else None
    return region


def time_zones_of(number: str) -> tuple[str, ...]:
    """Every time zone the callee can be in, empty when unknown.

    A number of +262 can be in Réunion or in Mayotte: a call must be allowed in each of the zones.
    """
    parsed = phonenumbers.parse(number)
    zones = tuple(zone for zone in timezone.time_zones_for_number(parsed) if zone != _UNKNOWN_ZONE)
    return zones or _ZONES_OF_COUNTRY_CODE.get(parsed.country_code or 0, ())


def mask(number: str) -> str:
    """A number as logs and screens show it: ``+33639980001`` becomes ``+33639••••01``."""
    if len(number) < 9:
        return "•" * len(number)
    return f"{number[:6]}{'•' * (len(number) - 8)}{number[-2:]}"


def _parse(text: str, region: str) -> str:
    if not text:
        raise PhoneNumberError("no phone number")
    if _DIGITS_LOST.fullmatch(text):
        raise PhoneNumberError("a spreadsheet has rounded the number; format the column as text")
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        unknown_country = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        reason = "no such country code" if unknown_country else "not a phone number"
        raise PhoneNumberError(reason) from None
    if parsed.extension:
        raise PhoneNumberError("a number with an extension cannot be dialled")
    match phonenumbers.is_possible_number_with_reason(parsed):
        case phonenumbers.ValidationResult.IS_POSSIBLE:
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        case phonenumbers.ValidationResult.TOO_SHORT | phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            raise PhoneNumberError("the number is too short")
        case phonenumbers.ValidationResult.TOO_LONG:
            raise PhoneNumberError("the number is too long")
        case _:
            raise PhoneNumberError("no number of its country has this length")


@lru_cache(maxsize=100_000)
def _why_not_callable(number: str) -> str:
    if is_fiction(number):
        return ""
    parsed = phonenumbers.parse(number)
    if not phonenumbers.is_valid_number(parsed):
        return "the number has not been given out in its country"
    if phonenumbers.number_type(parsed) not in _CALLABLE_TYPES:
        return "a premium-rate or service number"
    return ""
