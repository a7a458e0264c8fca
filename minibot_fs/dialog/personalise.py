"""Fills a contact's data into a text: ``Bonjour {{first_name}}, ...``."""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLES = ("first_name", "last_name", "company", "email", "phone")
VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def variables_in(text: str) -> list[str]:
    """Names between double braces, in order."""
    return VARIABLE.findall(text)


def personalise(text: str, contact: Mapping[str, str]) -> str:
    """The text with the contact's data; what is not known leaves no gap before a comma."""
    filled = VARIABLE.sub(lambda match: contact.get(match[1], ""), text)
    if filled == text:
        return text
    return re.sub(r"\s+([,.])", r"\1", re.sub(r" {2,}", " ", filled)).strip()
