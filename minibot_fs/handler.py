"""What FreeSWITCH's mod_python3 names. It reads this file anew for every call: it holds nothing.

dialplan   <action application="python" data="minibot_fs.handler scenario=NAME"/>
fs_cli     originate DIAL_STRING '&python(minibot_fs.handler scenario=NAME contact=ID)'
fs_cli     python minibot_fs.handler status | reload | warm
start-up   <param name="startup-script" value="minibot_fs.handler"/>
"""

from __future__ import annotations

from typing import Any

from minibot_fs.entry import ENTRY


def handler(session: Any, args: str) -> None:
    """One call."""
    ENTRY.hold(session, args)


def fsapi(_session: Any, stream: Any, _env: Any, args: str) -> None:
    """A command at the console."""
    stream.write(ENTRY.command(args) + "\n")


def runtime(_args: str) -> None:
    """FreeSWITCH starts: load model and threads before the first call needs them."""
    ENTRY.start()
