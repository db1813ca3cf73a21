"""Lines of a confidence card as HTML that a notebook shows."""

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby

__all__ = ["card_html"]


def card_html(lines: Iterable[str]) -> str:
    """HTML of lines of Markdown that hold what cards hold: a title, lists, and words in bold; all else is plain text.

    Args:
        lines: of `fhr.confidence.card_words`.
    """
    parts = []
    for is_list, some in groupby(filter(None, lines), key=lambda line: line.startswith("- ")):
        if is_list:
            parts.append(f"<ul>{''.join(f'<li>{_plain(line[2:])}</li>' for line in some)}</ul>")
        else:
            parts += [
                f"<p><b>{escape(one[2:])}</b></p>" if one.startswith("# ") else f"<p>{_plain(one)}</p>" for one in some
            ]
    return f"<div>{''.join(parts)}</div>"


def _plain(line: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(line))
