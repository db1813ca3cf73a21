"""A robustness sheet as one page: what is decided, words and strips of each recording, verdicts against size."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from fhr.formats import whole_as_named
from fhr.plots.html_page import embedded, html_page, html_table, png
from fhr.robustness import Sheet, WindowSheet
from fhr.robustness.sheet_figures import curves_figure, flip_figure
from fhr.similarity.match_display import html_list

__all__ = ["write_robustness_page"]

_STYLE = """\
img { max-width: 100% } .warnings { background: #fff4d6; padding: .3em 1em }
"""
_NOT = (
    "Research software, not a medical device: it must not guide the care of any patient. A verdict that stays under "
    "small changes need not be right."
)
_METHOD = (
    "A decision is the stored threshold after averaging over the models and calibration, about the signal as the model "
    "reads it: cleaned, at its rate, the last window of the recording. Cleaning is not done again after a change.",
    "Proven: no change of this kind up to this size flips the verdict, under the assumptions in robustness.csv.",
    "Found: the smallest change that attacks found. A smaller one may exist unless it is proven that there is none; "
    "where no flip was found, none is proven to be missing.",
    "A record that some models of a cross-validation learnt from is judged by those that have not seen it.",
    "Of errors, at the worst one of each size for each birth's outcome: AUROC, calibration and coverage of the "
    "conformal sets, proven (every birth at its bound) and attacked (at the farthest score found), in database.csv.",
)
_CURVES = (
    *("threat", "size", "unit", "certified", "attacked", "certified_accuracy", "attacked_accuracy"),
    *("certified_auroc", "attacked_auroc"),
)


def write_robustness_page(path: str | Path, sheet: Sheet, *, model: str, strips: int = 20) -> Path:
    """Write a page that needs no other file.

    Args:
        path: of the page; a file that exists is replaced, whole or not at all.
        sheet: of recordings.
        model: its name.
        strips: recordings whose strips are drawn, those that are the easiest to flip.

    Raises:
        OSError: a path that cannot be written to.
    """
    parts = ["<h1>Robustness of verdicts</h1>", f"<p>{escape(_NOT)}</p>", f"<p>Model: {escape(model)}</p>"]
    parts += [_warnings(sheet), html_list(sheet.lines)]
    curves = sheet.curves
    for target in dict.fromkeys(one.target for one in sheet.sheets):
        parts.append(embedded(png(curves_figure(curves, target), dpi=90), f"verdicts of {target} against size"))
        rows = curves.loc[curves["target"] == target, [name for name in _CURVES if name in curves]]
        parts.append(f"<details><summary>numbers</summary>{html_table(rows)}</details>")
    drawn = sheet.easiest(strips)
    if len(drawn) < len(sheet.sheets):
        parts.append(f"<p>Strips are drawn of the {len(drawn)} verdicts that are the easiest to flip.</p>")
    for one in sheet.sheets:
        parts += _of_window(sheet, one, drawn=one in drawn)
    parts += ["<h2>Method</h2>", html_list(list(_METHOD))]
    with whole_as_named(str(path)) as part:
        part.write_text(html_page("Robustness of verdicts", parts, style=_STYLE), encoding="utf-8")
    return Path(path)


def _warnings(sheet: Sheet) -> str:
    said = [f"{name} has no verdict: {reason}" for name, reason in sheet.quarantined.items()]
    said += [f"{sheet.called(one)}: {name}: ERROR OF THIS PROGRAM" for one in sheet.sheets for name in one.broken]
    return f"<div class=warnings><b>Before you read on</b>{html_list(said)}</div>" if said else ""


def _of_window(sheet: Sheet, one: WindowSheet, *, drawn: bool) -> Iterator[str]:
    verdict, *said = sheet.words(one)
    called = sheet.called(one)
    yield f"<h2>{escape(called)}, {escape(one.target)}</h2>"
    yield f"<p>{escape(verdict)}</p>"
    yield html_list(said)
    if drawn:
        yield embedded(png(flip_figure(one), dpi=110), f"changes of {called} that flip its verdict")
