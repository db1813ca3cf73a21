"""The command line. Each verb imports what it needs when it runs."""

from .main import main

__all__ = ["main"]
