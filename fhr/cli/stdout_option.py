"""Stdout as the place of a table, `--out -` on the command line: most verbs write theirs to it anyway."""

import argparse

from fhr.errors import FHRError

from .tables import STDOUT

__all__ = ["take_stdout"]


def take_stdout(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Let `--out -` mean what no `--out` means where that is stdout; a text of another kind finds its own way there.

    Raises:
        FHRError: a verb that has something else for stdout, or writes no text.
    """
    action = next((one for one in parser._actions if one.dest == "out"), None)
    if action is None or getattr(options, "out", None) != STDOUT:
        return
    if "default: stdout" in str(action.help):
        options.out = None
    elif action.metavar == "FILE.csv":
        raise FHRError("--out -: stdout takes another table of this verb; name a file")
    elif action.metavar != "FILE.json":
        what = "folder" if str(action.metavar).startswith("DIR") else "file"
        raise FHRError(f"--out -: stdout takes tables, and this is none; name a {what} (./- for one of that name)")
