"""Pages that stand by themselves: HTML that needs no other file, with its numbers as JSON and its figures as PNG."""

from .passport_page import write_passport

__all__ = ["write_passport"]
