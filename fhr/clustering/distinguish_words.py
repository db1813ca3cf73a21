"""Sentences on what distinguishes kinds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["differences_in_words"]

Row = Mapping[str, Any]


def differences_in_words(differences: pd.DataFrame, *, level: float = 0.05) -> list[str]:
    """Sentences on what distinguishes kinds.

    Args:
        differences: of `what_distinguishes`.
        level: of `q`, the largest that counts.

    Returns:
        What is to be known before; of each kind what is higher, lower or more frequent than in every other, of two
        kinds for the second one; what does not differ, and what differs no more than parts of one kind would.
    """
    about = differences.attrs
    sentences = list(about["said"])
    if not len(differences):
        return sentences
    strongest = differences.sort_values("effect", key=abs, ascending=False, kind="stable")
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in strongest.to_dict("records")]
    told = [row for row in rows if row["q"] <= level]
    kinds = range(1, about["kinds"] + 1)
    sentences.append(
        f"compared in {about['n_tested']} labours; {about['n_made']} others made the kinds, and count no more"
    )
    for kind in kinds if len(kinds) > 2 else kinds[1:]:
        named = [f"{way} {_numbers(row, kinds, kind)}" for row in told if (way := _way(row, kinds, kind))]
        share = f"kind {kind} ({about['shares'][kind - 1]:.0%} of labours)"
        sentences.append(f"{share} has {'; '.join(named)}" if named else f"{share} stands out by nothing")
    mixed = [row for row in told if not any(_way(row, kinds, kind) for kind in kinds)]
    trivial = [row for row in rows if row["read"] and row["q"] > level]
    others = [row for row in rows if not row["read"] and row["q"] > level]
    unknown = [row for row in rows if np.isnan(row["q"])]
    lists = {
        "kinds differ, and none stands out, in": mixed,
        "kinds are not shown to differ in": others,
        "kinds differ no more than parts of one kind would, in": trivial,
    }
    for said, some in lists.items():
        if some:
            sentences.append(f"{said} {'; '.join(_numbers(row, kinds, kinds[-1]) for row in some)}")
    if unknown:
        sentences.append(f"too little is known of {', '.join(row['words'] for row in unknown)}")
    return sentences


def _way(row: Row, kinds: range, kind: int) -> str:
    """Way in which a kind stands out from every other one; empty where it does not."""
    own, others = row[f"kind_{kind}"], [row[f"kind_{other}"] for other in kinds if other != kind]
    more = own > max(others) or (len(kinds) == 2 and own == others[0] and row["effect"] > 0)
    less = own < min(others) or (len(kinds) == 2 and own == others[0] and row["effect"] < 0)
    if row["two_valued"]:
        return "more often" * more + "less often" * less
    return "higher" * more + "lower" * less


def _numbers(row: Row, kinds: range, kind: int) -> str:
    """Words of a column, its number in a kind and in the others, and q."""
    others = " and ".join(_number(row, other) for other in kinds if other != kind)
    unit = "" if row["two_valued"] or row["unit"].startswith("1") else f" {row['unit']}"  # 1/h is in the words
    q = "q < 0.001" if row["q"] < 0.001 else f"q {row['q']:.2g}"
    return f"{row['words']} ({_number(row, kind)} against {others}{unit}, {q})"


def _number(row: Row, kind: int) -> str:
    number = row[f"kind_{kind}"]
    if np.isnan(number):
        return "unknown"
    return f"{number:.0%}" if row["two_valued"] else f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
