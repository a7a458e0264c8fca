"""The JSON Schema of scenario files. ``python -m minibot_fs.dialog.scenario_schema`` prints it."""

from __future__ import annotations

import json
from typing import Any

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.scenario import FALLBACK, Scenario


def scenario_schema() -> dict[str, Any]:
    """Made from the models, with the intents as the only keys of transitions."""
    schema = Scenario.model_json_schema()
    schema["title"] = "MiniBot FS scenario"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["$schema"] = {"type": "string"}
    transitions = schema["$defs"]["Step"]["properties"]["transitions"]
    transitions["propertyNames"] = {"enum": [*(intent.value for intent in Intent), FALLBACK]}
    return schema


def schema_text() -> str:
    return json.dumps(scenario_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
