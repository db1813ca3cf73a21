"""Facts of an object as HTML that a notebook shows: static, escaped, in the colours of the page around it."""

from collections.abc import Mapping
from html import escape

__all__ = ["facts_html"]

_CELL = "padding:.1em .8em .1em 0;text-align:left;vertical-align:top;font-weight:"


def facts_html(title: str, facts: Mapping[str, str], *, below: str = "") -> str:
    """Facts below a title, one a row, as HTML without script.

    Args:
        title: in plain text.
        facts: what each row says, by its name, in plain text; rows that say nothing are left out.
        below: more of HTML, below the rows.
    """
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL}normal;opacity:.75">{escape(name)}</th>'
        f'<td style="{_CELL}normal">{escape(said)}</td></tr>'
        for name, said in facts.items()
        if said
    )
    return f'<div><b>{escape(title)}</b><table style="border-collapse:collapse">{rows}</table>{below}</div>'
