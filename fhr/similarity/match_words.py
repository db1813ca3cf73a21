"""Matches in words: where each lies, how near and how special it is, how they ended, and how they were found."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from fhr.datasets import label_in_words

__all__ = ["ended_words", "every_words", "match_words", "method_words", "place_words", "query_words"]

_OFTEN = 0.05  # a chance above which nothing is called special
_OUTCOMES = {"ph": "pH {:.2f}", "apgar1": "Apgar {:g} at 1 min", "apgar5": "Apgar {:g} at 5 min"}


def query_words(matches: pd.DataFrame, ended: pd.DataFrame, *, elastic: bool = False) -> Iterator[str]:
    """Lines about one query: its first match, and how all of them ended.

    Args:
        matches: of this query, in their order.
        ended: of this query, a row a label.
        elastic: whether that is the order of what elastic alignment leaves, and not that of the distance.
    """
    if not len(matches):
        yield "nothing in the database can be compared with it"
        return
    first = matches.iloc[0].to_dict()
    said = [*_distance_words(first), *_p_words(first)]
    yield f"{'best aligned' if elastic else 'nearest'} of {len(matches)}: {first['record']}, {', '.join(said)}"
    if (matches["p_special"] > _OFTEN).all():
        yield "none is closer than the nearest of unrelated labours often is: no special likeness"
    yield from map(ended_words, ended.to_dict("records"))


def ended_words(row: Mapping[Any, Any]) -> str:
    """Share of the matches of a query that have a label, in words: a row of `Matches.ended`.

    >>> row = {"label": "ph<=7.15", "n_with": 7, "n_known": 10, "low": 0.348, "high": 0.933, "expected": 0.2}
    >>> ended_words(row)
    '7 of 10 had umbilical pH at most 7.15 (35% to 93%); 20% expected'
    """
    label = label_in_words(row["label"]).removesuffix(f" ({row['label']})")
    if not row["n_known"]:
        return f"{label}: known of none of them"
    expected = "" if np.isnan(row["expected"]) else f"; {row['expected']:.0%} expected"
    return f"{row['n_with']} of {row['n_known']} had {label} ({row['low']:.0%} to {row['high']:.0%}){expected}"


def match_words(row: Mapping[Any, Any]) -> Iterator[str]:
    """Lines about one match: a row of `Matches.table`."""
    yield f"{row['rank']}. {row['record']}"
    yield place_words(row["to_end_s"])
    yield from _distance_words(row)
    yield from _p_words(row)
    known = [words.format(row[name]) for name, words in _OUTCOMES.items() if not np.isnan(row[name])]
    yield ", ".join(known) or "outcome unknown"
    yield f"{row['loss']:.0%} signal loss" + ("" if row["kind"] in ("measured", "") else f", {row['kind']}")
    if not np.isnan(row["lag_s"]) and row["lag_s"]:
        yield f"drawn {abs(row['lag_s']):.0f} s {'earlier' if row['lag_s'] > 0 else 'later'}"


def place_words(to_end: float) -> str:
    """Place of a window in words, by the seconds from its end to that of its recording.

    >>> place_words(1500), place_words(0)
    ('ends 25 min before the end of the recording', 'ends with the recording')
    """
    return f"ends {to_end / 60:.3g} min before the end of the recording" if to_end else "ends with the recording"


def every_words(step: float) -> str:
    """The step of windows in words.

    >>> every_words(5), every_words(float("inf"))
    ('every 5 min', 'one a labour')
    """
    return f"every {step:g} min" if isfinite(step) else "one a labour"


def method_words(facts: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about how matches were found and what their p-values mean: `Matches.facts`."""
    unit = {"": "", "SD": ", in standard deviations of the windows of the database"}.get(
        facts["unit"], f", in {facts['unit']}"
    )
    yield (
        f"Windows of {facts['minutes']:g} min, {every_words(facts['step'])}: {facts['n_windows']} windows "
        f"of {facts['n_labours']} labours in {facts['database']}"
        + (f"; {facts['n_left_out']} recordings could not be used." if facts["n_left_out"] else ".")
    )
    yield (
        f"Compared by the embedding {facts['embedding']} and the {facts['distance']} distance{unit}. Each labour "
        "counts once, by its nearest window."
    )
    if facts["elastic"]:
        yield (
            "The nearest labours were aligned with the query elastically and stand in the order of the root mean "
            "square difference that is left (rms); the lag is by how much a match lags behind the query."
        )
    else:
        yield (
            "Each match was shifted to fit the query; rms is the root mean square difference that is left, the lag by "
            "how much the match lags behind the query. Neither changes the order."
        )
    if "n_null" in facts:
        yield (
            f"p_special is the rank of a match among the nearest distances of {facts['n_null']} labours of the "
            "database to all others: the chance that the nearest of unrelated labours is as close. A large one says "
            "that nothing here is unusually like the query; the matches are the nearest ones all the same. Distances "
            "are taken beside the median distance of a window to the labours. Where no rank is left it is from a tail "
            f"that was fitted to them (accepted for {facts['tail_accepted']} queries)."
        )
        rule = {"hochberg": "Benjamini and Hochberg", "yekutieli": "Benjamini and Yekutieli"}
        yield (
            "q is the rate of false discoveries among the matches of all queries that are nearest by distance, by "
            f"{rule[facts['fdr']]}."
            + (" The first of a query by rms need not be its nearest by distance." if facts["elastic"] else "")
        )
    if facts.get("n_surrogates"):
        yield (
            f"p_surrogate is the rank of the nearest distance among those of {facts['n_surrogates']} surrogates of "
            f"the query ({facts['surrogates']}), each beside the mean of some surrogates of its own: the chance that a "
            "signal of its spectrum and amplitudes is as close. A small one says that the shape matters, not that the "
            "match is special."
        )
    yield (
        "Intervals are exact 95% intervals of the share among so many matches; expected is the share in the database, "
        "without the query's own labour."
    )


def _distance_words(row: Mapping[Any, Any]) -> Iterator[str]:
    yield f"{row['distance']:.3g} {row['unit']} apart" if row["unit"] else f"distance {row['distance']:.3g}"
    if not np.isnan(row["rms_bpm"]):
        yield f"{row['rms_bpm']:.3g} bpm when aligned"


def _p_words(row: Mapping[Any, Any]) -> Iterator[str]:
    if not np.isnan(row["p_special"]):
        yield f"p_special {row['p_special']:.2g}" + (" (tail)" if row["p_by"] == "tail" else "")
    if not np.isnan(row["p_surrogate"]):
        yield f"p_surrogate {row['p_surrogate']:.2g}"
