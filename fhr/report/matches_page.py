"""Similar labours as one page: how the matches of each query ended, a table, strips, and how they were found."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from fhr.formats import whole_as_named
from fhr.plots.html_page import embedded, html_page, html_table, png
from fhr.similarity import Matches
from fhr.similarity.match_display import html_list
from fhr.similarity.match_words import method_words

__all__ = ["write_matches_page"]

_STYLE = """\
img { max-width: 100% } .warnings { background: #fff4d6; padding: .3em 1em }
"""
_NOT = (
    "Research software, not a medical device: it must not guide the care of any patient. Labours that look alike need "
    "not end alike; how a handful of others ended is no probability for this one."
)


def write_matches_page(path: str | Path, matches: Matches) -> Path:
    """Write a page that needs no other file: words, warnings, a table and strips of every query, and the method.

    Args:
        path: of the page; a file that exists is replaced, whole or not at all.
        matches: see `fhr.similar`.

    Returns:
        The page.

    Raises:
        OSError: a path that cannot be written to.
    """
    parts = ["<h1>Similar labours</h1>", f"<p>{escape(_NOT)}</p>", _warnings(matches)]
    for name in matches.names:
        parts += _of_query(matches, name)
    parts += ["<h2>How they were found</h2>", html_list(method_words(matches.facts))]
    page = html_page("Similar labours", parts, style=_STYLE)
    with whole_as_named(str(path)) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def _warnings(matches: Matches) -> str:
    said = html_list([*matches.facts["warnings"], *matches.left_out])
    return f"<div class=warnings><b>Before you read on</b>{said}</div>" if said else ""


def _of_query(matches: Matches, name: str) -> Iterator[str]:
    yield f"<h2>{escape(matches.window_words(name))}</h2>"
    yield html_list(matches.lines(name))
    yield html_table(matches.readable(name))
    if matches.windows is not None:
        yield embedded(png(matches.figure(name), dpi=110), f"strips of {name} and of the labours like it")
