"""Kinds in words: how many there are, how sure that is, who is in them, and what could not have been seen."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from fhr.metrics import separation_words

from .kind_table import NO_KIND

__all__ = ["bound_words", "member_words", "number_words", "share_words", "warning_words"]

_NAMED = 3  # members of a kind
_LISTED = 4  # numbers of kinds
_SURE = 0.5  # share of the repetitions below which a number is not sure


def number_words(p: pd.Series, facts: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on the number of kinds that the tests bear out, and on the one that was asked for.

    Args:
        p: by number of kinds, see `Kinds.p`.
        facts: `asked`, `found`, `alpha`, `method`, `most`.

    Example:
        >>> facts = {"asked": None, "found": 2, "alpha": 0.05, "method": "kmeans", "most": 8}
        >>> list(number_words(pd.Series({1: 0.005, 2: 0.31}), facts))
        ['2 kinds: one is not enough (p = 0.005), and nothing speaks for more (p = 0.31)']
    """
    found, fewer = facts["found"], p[p.index < facts["found"]]
    if found == 1 and p[1] > facts["alpha"]:
        yield f"one kind: nothing speaks for more (p = {p[1]:.2g})"
    elif found == 1:
        yield f"one kind or more: one is not enough (p = {p[1]:.2g}), and {facts['method']} made no more"
    else:
        less = "one is" if found == 2 or len(fewer) == 1 else f"{found - 1} or fewer are"
        first = f"{less} not enough (p = {fewer.max():.2g})"
        if found not in p.index:
            yield f"{_kinds(found)}, as many as {facts['method']} finds: {first}"
        elif p[found] > facts["alpha"]:
            yield f"{_kinds(found)}: {first}, and nothing speaks for more (p = {p[found]:.2g})"
        else:
            yield f"{_kinds(found)} or more: {found} are not enough (p = {p[found]:.2g}), and no more were looked for"
    if facts["asked"] not in (None, found):
        yield f"what follows is of {_kinds(facts['asked'])}, as was asked for"


def share_words(p_of_number: pd.DataFrame, repetitions: int) -> str:
    """Sentence on the share of the repetitions with each number of kinds, the most frequent numbers first.

    Args:
        p_of_number: see `Kinds.p_of_number`.
        repetitions: how many.
    """
    shares = p_of_number[p_of_number["share"] > 0].sort_values("share", ascending=False, kind="stable")
    said = [
        f"{_kinds(kinds)} {row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})"
        for kinds, row in zip(shares.index[:_LISTED].tolist(), shares.to_dict("records"), strict=False)
    ]
    rest = f", others {shares['share'][_LISTED:].sum():.0%}" if len(shares) > _LISTED else ""
    return f"of {repetitions} repetitions found {', '.join(said)}{rest}"


def member_words(table: pd.DataFrame) -> Iterator[str]:
    """Sentence on each kind: how many belong to it, how surely, and who is typical of it.

    Args:
        table: see `Kinds.table`.
    """
    several = bool(table["record"].duplicated().any())
    number = sum(str(name).startswith("kind_") for name in table)
    for kind in range(1, number + 1):
        rows = table[table["kind"] == str(kind)]
        if not len(rows):
            yield f"kind {kind}: no labour is most probably of it"
            continue
        sure = "" if number == 1 else f"membership {rows['membership'].mean():.0%} on average, "
        typical = ", ".join(rows.sort_values("typical")["record"].drop_duplicates().head(_NAMED))
        doubtful = f"{int(rows['doubtful'].sum())} doubtful; most typical: {typical}"
        yield f"{'in it' if number == 1 else f'kind {kind}'}: {_many(rows, several)}, {sure}{doubtful}"
    nowhere, unknown = table[table["kind"] == NO_KIND], table[table["kind"] == ""]
    if len(nowhere):
        yield f"nowhere: {_many(nowhere, several)}, like none of the kinds: {_names(nowhere)}"
    if len(unknown):
        yield f"no repetition says anything of {_many(unknown, several)}: {_names(unknown)}"


def bound_words(labours: int, axes: int, number: int) -> str:
    """Sentence on the kinds that could not have been told apart."""
    return separation_words(labours, axes, max(2, number))


def pair_effect_words(number: int, without: int, shares: tuple[float, float], moved: int, n: int) -> str:
    """Sentence on what pairs change.

    Args:
        number: of kinds with them.
        without: number without.
        shares: of the repetitions with the number that is described, with and without pairs.
        moved: rows whose most probable kind is another one; 0 where the numbers differ, which leaves none to compare.
        n: rows.

    >>> pair_effect_words(2, 1, (0.9, 0.1), 0, 40)
    'without pairs one kind; repetitions with 2 kinds 90%, without pairs 10%'
    >>> pair_effect_words(2, 2, (0.9, 0.8), 3, 40)
    'without pairs 2 kinds, and 3 of 40 windows in another one; repetitions with 2 kinds 90%, without pairs 80%'
    """
    windows = f", and {moved} of {n} windows in another one" if number == without else ""
    share = f"repetitions with {_kinds(number)} {shares[0]:.0%}, without pairs {shares[1]:.0%}"
    return f"without pairs {_kinds(without)}{windows}; {share}"


def warning_words(
    number: int, p_of_number: pd.DataFrame, told: Sequence[str], left_out: Mapping[str, str]
) -> Iterator[str]:
    """Sentences that a reader has to know before believing the others.

    Args:
        number: of kinds that are described.
        p_of_number: see `Kinds.p_of_number`.
        told: of the points and pairs, see `Kinds.facts`.
        left_out: labours, with the reason.
    """
    if (share := p_of_number["share"].get(number, 0.0)) < _SURE:
        few = f"only {share:.0%}" if share else "none"
        said = "of fewer labours each: with others it may be another number"
        yield f"{few} of the repetitions found {_kinds(number)}, {said}"
    yield from told
    if left_out:
        name, why = next(iter(left_out.items()))
        named = why if why.startswith(f"{name}: ") else f"{name}: {why}"
        yield f"{_labours(len(left_out))} left out; the first, {named}"


def _kinds(number: int) -> str:
    return "one kind" if number == 1 else f"{number} kinds"


def _labours(n: int) -> str:
    return "1 labour" if n == 1 else f"{n} labours"


def _many(rows: pd.DataFrame, several: bool) -> str:
    labours = _labours(rows["record"].nunique())
    return f"{len(rows)} windows of {labours}" if several else labours


def _names(rows: pd.DataFrame) -> str:
    names = rows["record"].drop_duplicates()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names.head(_NAMED)) + more
