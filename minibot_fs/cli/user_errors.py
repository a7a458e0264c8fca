"""What every command does with a user's mistake: each problem on a line, exit code 2, no traceback."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console

from minibot_fs.errors import StoreError, UserError

P = ParamSpec("P")
R = TypeVar("R")


def user_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: a UserError, or a database out of reach, is printed and ends it with 2."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        try:
            return command(*args, **kwargs)
        except UserError as error:
            for problem in error.problems:
                console.print(str(problem), style="red", markup=False)
        except StoreError as error:
            console.print(str(error), style="red", markup=False)
        raise typer.Exit(2)

    return guarded
