"""The command line. Each verb imports what it needs when it runs."""

from .command_line import main

__all__ = ["main"]
