"""The report of an external validation: one page that holds its figures, and its tables as files beside it."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from fhr.formats import whole_or_not_at_all
from fhr.metrics import Interval, to_frame

from .external_validation import ExternalValidation
from .local_recalibration import NONE

__all__ = ["write_validation"]

_STYLE = """\
figure { display: inline-block; margin: 0 1em 1em 0 } img { max-width: 29em }
.first { background: #fff4d6; padding: .3em 1em }
"""
_SHOWN_THRESHOLDS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
_SHOWN_METRICS = (
    *("auroc", "log_loss", "brier", "calibration_slope", "observed_to_expected", "ece"),
    *("net_benefit_05", "net_benefit_10", "net_benefit_20"),
)


def write_validation(
    folder: str | Path,
    validation: ExternalValidation,
    said: Sequence[str],
    *,
    model: str,
    origin: str,
    recalibrated: Mapping[str, Mapping[str, Interval]],
    curve: pd.DataFrame,
) -> Path:
    """Write `report.html`, which needs no other file, the tables as CSV and the figures as PNG.

    Args:
        folder: where to; it is made where it is missing.
        validation: of the model.
        said: sentences that stand first, see `findings`.
        model: what was given for it.
        origin: where the births come from.
        recalibrated: cross-fitted metrics by method, see `recalibrated_results`.
        curve: see `learning_curve`.

    Returns:
        The page.
    """
    from fhr.plots.html_page import png  # matplotlib

    folder = Path(folder)
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    tables = {
        "results": to_frame(validation.results).reset_index(),
        "predictions": validation.predictions,
        "subgroups": validation.subgroups,
        "net_benefit": validation.net_benefit,
        "conformal": validation.sets,
        "population": validation.population,
        "left_out": pd.DataFrame(list(validation.left_out.items()), columns=["name", "reason"]),
        "recalibrated": _long(recalibrated),
        "learning_curve": curve,
    }
    for name, table in tables.items():
        with whole_or_not_at_all(folder / f"{name}.csv") as part:
            table.to_csv(part, index=False)
    pictures = {}
    for name, figure in _figures(validation, curve).items():
        pictures[name] = png(figure, dpi=110)
        with whole_or_not_at_all(folder / "figures" / f"{name}.png") as part:
            part.write_bytes(pictures[name])
    page = folder / "report.html"
    with whole_or_not_at_all(page) as part:
        part.write_text(_page(validation, said, model, origin, tables, pictures), encoding="utf-8")
    return page


def _figures(validation: ExternalValidation, curve: pd.DataFrame) -> dict:
    from fhr.plots import net_benefit, recalibration, reliability, roc_curve, score_by_class  # matplotlib

    table, benefit = validation.predictions, validation.net_benefit
    y, p = table["label"].to_numpy(), table["probability"].to_numpy(dtype=float)
    figures = {
        "roc": roc_curve(y, table["score"]),
        "reliability": reliability(y, p),
        "net_benefit": net_benefit(
            benefit["threshold"],
            {"model": benefit["model"]},
            benefit["all"],
            bands={"model": (benefit["low"], benefit["high"])},
        ),
        "score_by_class": score_by_class(
            y, p, names=(f"not {validation.target}", validation.target), score="probability"
        ),
    }
    rows = {str(method): of for method, of in curve[curve["method"] != NONE].groupby("method", sort=False)}
    if curve["gain"][curve["method"] != NONE].notna().any():
        figures["learning_curve"] = recalibration(
            next(iter(rows.values()))["n"],
            {method: of["gain"] for method, of in rows.items()},
            {method: (of["gain_p10"], of["gain_p90"]) for method, of in rows.items()},
        )
    return figures


def _page(
    validation: ExternalValidation,
    said: Sequence[str],
    model: str,
    origin: str,
    tables: Mapping[str, pd.DataFrame],
    pictures: Mapping[str, bytes],
) -> str:
    from fhr.plots.html_page import html_page  # matplotlib

    n, positives = len(validation.predictions), int(validation.predictions["label"].sum())
    results, benefit = tables["results"], tables["net_benefit"]
    at = benefit[benefit["threshold"].isin(_SHOWN_THRESHOLDS)]
    wide = tables["recalibrated"]
    wide = wide[wide["metric"].isin(_SHOWN_METRICS)]
    left_out = tables["left_out"]
    parts = [
        f"<h1>External validation: {escape(validation.target)}</h1>",
        "<p>Research software, <b>not a medical device</b>: it must not guide the care of any patient.</p>",
        f"<p>Model: {escape(model)}<br>Births: {escape(origin)}; {n} used, {positives} of them with the label, "
        f"{len(left_out)} left out.</p>",
        '<div class="first"><ul>' + "".join(f"<li>{escape(line)}</li>" for line in said) + "</ul></div>",
        "<h2>Results</h2>",
        "<p>95% intervals: percentile bootstrap over births; exact for decisions. <code>cox_p</code> tests slope 1 and "
        "intercept 0 against chi-squared, whose null holds since no birth helped to make the model; "
        "<code>ece_p</code> is the chance that a calibrated model has an ECE as large.</p>",
        _html(results),
        *(_picture(name, pictures) for name in ("roc", "reliability", "net_benefit", "score_by_class")),
        "<h2>Beside the training records</h2>",
        _html(tables["population"]),
        "<h2>Groups of births</h2>",
        "<p>They overlap and are many: they describe, and test nothing. <code>expected</code> is the sum of the "
        "probabilities, to be held against <code>positives</code>.</p>",
        _html(tables["subgroups"]),
        "<h2>Conformal sets</h2>",
        "<p>Share of births of each class whose set holds the truth, with exact 95% bands.</p>",
        _html(tables["conformal"]),
        "<h2>Net benefit</h2>",
        "<p><code>gain</code>: the model minus the better of acting on everyone and on no one.</p>",
        _html(at),
        "<h2>Recalibrated on local births</h2>",
        "<p>Cross-fitted by record: no birth is predicted by a recalibration that it helped to fit. No p-value of "
        "calibration is given, since the births of all folds share their calibration.</p>",
        _html(wide),
        "<h2>What local births buy</h2>",
        "<p>Repeated splits: the first n births of a random order recalibrate, the same others test. "
        "<code>gain</code> is the log-loss saved, with the 10th and 90th percentile over draws; <code>worse</code> "
        "the share of draws that made it worse; missing where too few draws hold enough births of both classes.</p>",
        _html(tables["learning_curve"]),
        _picture("learning_curve", pictures),
    ]
    if len(left_out):
        parts += ["<h2>Left out</h2>", _html(left_out)]
    earlier = "The last minutes before birth are part of the input: nothing is said about earlier warning."
    if validation.window:
        earlier = (
            f"The input is {escape(validation.window)}: the window was placed after the birth, by when it was, which "
            "nobody knows at the bedside."
        )
    parts.append(
        "<h2>Limits</h2><ul><li>The label is a threshold on a blood gas or a score; most newborns below it were not "
        "harmed.</li>"
        f"<li>{earlier}</li>"
        "<li>Labels follow from care: a birth that was hastened for its trace had another outcome than it would "
        "have had.</li><li>Births that recalibrated the model are no test of the recalibrated model; it needs new "
        "ones.</li></ul>"
    )
    return html_page(f"External validation: {validation.target}", parts, style=_STYLE)


def _html(table: pd.DataFrame) -> str:
    return table.to_html(index=False, border=0, na_rep="", escape=True, float_format=lambda x: f"{x:.4g}")


def _picture(name: str, pictures: Mapping[str, bytes]) -> str:
    from fhr.plots.html_page import embedded  # matplotlib

    if name not in pictures:
        return ""
    return f"<figure>{embedded(pictures[name], name)}</figure>"


def _long(recalibrated: Mapping[str, Mapping[str, Interval]]) -> pd.DataFrame:
    rows = [(method, name, *found) for method, metrics in recalibrated.items() for name, found in metrics.items()]
    return pd.DataFrame(rows, columns=["method", "metric", "value", "low", "high"])
