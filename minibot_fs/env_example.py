"""``.env.example``, made from the settings' own fields so that it can never differ from them.

``python -m minibot_fs.env_example`` prints it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from minibot_fs.config import Settings, allowed_values


def env_example() -> str:
    """The text of ``.env.example``: each variable with its meaning, unit, range and default."""
    lines = [
        "# Copy to .env and change what differs. Generated: python -m minibot_fs.env_example > .env.example",
        "# Every variable has the default shown; a real environment variable wins over this file.",
    ]
    group = None
    for attribute, field in Settings.model_fields.items():
        extra: Any = field.json_schema_extra
        if extra["group"] != group:
            group = extra["group"]
            lines += ["", "# " + "=" * 60, f"# {group}", "# " + "=" * 60]
        lines.append(f"# {field.description} [{allowed_values(attribute)}]")
        # With any DB_* set the embedded server is not used, so the example leaves them out.
        prefix = "# " if attribute.startswith("db_") or field.default is None else ""
        lines.append(f"{prefix}{attribute.upper()}={_text(field.default)}")
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


if __name__ == "__main__":
    print(env_example(), end="")
