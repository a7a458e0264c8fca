"""``scripts/test_call.py``: one call, followed in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from minibot_fs.assembly import Conversations
from minibot_fs.campaign.phone_numbers import PhoneNumberError, to_e164
from minibot_fs.cli.user_errors import user_errors
from minibot_fs.config import Settings, load_settings
from minibot_fs.errors import Problem
from minibot_fs.single_call import SILENT_CALLEE, Placed, TestCallError, place
from minibot_fs.store import do_not_call
from minibot_fs.store.connect import open_database
from minibot_fs.store.phone_keys import open_phone_keys
from minibot_fs.switch.dial_string import GatewayLeg, LoopbackLeg
from minibot_fs.switch.event_socket import SwitchUnreachable

FAILED = (None, "error", "failed")


def main() -> None:
    typer.run(command)


@user_errors
def command(
    number: Annotated[str, typer.Argument(help="A number to call, or 'loopback': this switch calls itself")],
    scenario: Annotated[str, typer.Option(help="Name in scenarios/, or a file")],
    watch: Annotated[bool, typer.Option("--watch", help="Show every step and word as it comes")] = False,
) -> None:
    """Place one call. Exit 0 when the conversation was held, 1 when not."""
    console = Console(highlight=False, soft_wrap=True)
    settings = load_settings()
    Conversations(settings).named(scenario)
    leg = SILENT_CALLEE if number == "loopback" else _gateway_leg(settings, number)
    console.print(f"calling {leg}")
    try:
        placed = asyncio.run(place(settings, leg, scenario, _printer(console) if watch else _silent))
    except SwitchUnreachable as error:
        raise TestCallError(Problem(f"FreeSWITCH at {error} was lost", "See its log")) from None
    _print_end(console, placed)
    raise typer.Exit(1 if placed.result in FAILED else 0)


def _gateway_leg(settings: Settings, number: str) -> GatewayLeg | LoopbackLeg:
    try:
        phone = to_e164(number, settings.default_region)
    except PhoneNumberError as error:
        raise TestCallError(Problem(f"{number}: {error}", "Write it as +33639980001")) from None
    if not phone.startswith(settings.allowed_prefixes):
        allowed = ", ".join(settings.allowed_prefixes)
        raise TestCallError(Problem(f"{phone} may not be called", f"ALLOWED_PREFIXES allows {allowed}"))
    with open_database(settings).connection() as conn:
        keys = open_phone_keys(conn, settings.privacy_key.get_secret_value(), settings.data_dir)
        closed = do_not_call.find(conn, keys, phone)
    if closed is not None:
        raise TestCallError(
            Problem(f"{phone} is on the do-not-call list ({closed.reason}, {closed.source})", "Take another")
        )
    return GatewayLeg(settings.freeswitch_gateway, phone)


def _print_end(console: Console, placed: Placed) -> None:
    if placed.result is None:
        why = "the handler did not hold it, see its log" if placed.answered else "nobody answered"
        console.print(f"[red]{placed.hangup_cause}[/]: {why}")
    else:
        colour = "red" if placed.result in FAILED else "green"
        console.print(f"[{colour}]{placed.result}[/] ({placed.hangup_cause}), call {placed.call_uuid}")


def _silent(_kind: str, _data: Mapping[str, Any]) -> None:
    pass


def _printer(console: Console) -> Callable[[str, Mapping[str, Any]], None]:
    def show(kind: str, data: Mapping[str, Any]) -> None:
        at = f"{data.get('at_ms', 0) / 1000:7.2f} s"
        match kind:
            case "step":
                console.print(Text(f"step {data['step']}", "bold"))
            case "partial":
                console.print(Text(f"{at}  … {data['transcript']}", "dim"))
            case "prompt":
                console.print(Text(f"{at}  bot     {data['transcript'] or data['prompt']}"))
            case "caller":
                heard = data["transcript"] or "(nothing)"
                console.print(Text(f"{at}  caller  {heard}  → {data['intent']} ({data['why']})", "cyan"))
            case "amd":
                console.print(Text(f"{at}  answered by {data['data']['class']} ({data['why']})", "magenta"))

    return show
