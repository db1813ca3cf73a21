"""Pages that stand by themselves: HTML that needs no other file, with its numbers as JSON and its figures as PNG."""

from .matches_page import write_matches_page
from .passport_page import write_passport
from .robustness_page import write_robustness_page

__all__ = ["write_matches_page", "write_passport", "write_robustness_page"]
