"""Pages of HTML that hold their figures, and need no other file and no network."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

__all__ = ["embedded", "html_page", "html_table", "png"]

_STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: .6em 0 1.4em } th, td { padding: .15em .7em; text-align: left }
thead th { border-bottom: 1px solid #888 } tbody tr:nth-child(even) { background: #f3f3f3 }
"""


def html_page(title: str, parts: Sequence[str], *, style: str = "", head: str = "") -> str:
    """A page of parts in HTML, one below the other.

    Args:
        title: in plain text.
        parts: in HTML; empty ones are left out.
        style: more of CSS.
        head: more of HTML in its head.
    """
    body = "\n".join(part for part in parts if part)
    first = f'<meta charset="utf-8">{head}<title>{escape(title)}</title><style>{_STYLE}{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{first}</head>\n<body>\n{body}\n</body></html>\n'


def png(figure: Figure, *, dpi: float) -> bytes:
    """The content of a PNG of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def embedded(picture: bytes, alt: str) -> str:
    """An `<img>` that holds a PNG.

    Args:
        picture: content of the PNG.
        alt: text in its place, in plain text.
    """
    data = base64.b64encode(picture).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def html_table(table: pd.DataFrame) -> str:
    """A table without its index: numbers to three digits, nothing where one is NaN, text as it is.

    Args:
        table: of plain values.
    """

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return "" if np.isnan(value) else f"{value:.3g}"
        return escape(str(value))

    named = table.set_axis([escape(str(name)) for name in table.columns], axis=1)
    return str(named.to_html(index=False, border=0, formatters=dict.fromkeys(named.columns, cell), escape=False))
