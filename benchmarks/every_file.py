"""Compositions of every format that is read: how many are read right, refused, and read wrong.

python benchmarks/every_file.py --number 2000
python benchmarks/every_file.py csv --number 300 --show 5     # one format, some of what failed
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import composed_arrays
import composed_signals
import composed_tables
from compositions import OUTCOMES, Choices, Composition, Verdict, judge, quiet

FORMS: dict[str, Callable[[Choices], Composition]] = {
    **{s: partial(composed_tables.text_table, suffix=s) for s in ("csv", "tsv", "txt", "csv.gz", "tsv.gz", "txt.gz")},
    "xlsx": composed_tables.workbook,
    "parquet": composed_tables.parquet,
    "npz": composed_arrays.npz,
    "mat": composed_arrays.mat,
    "mat 7.3": composed_arrays.mat73,
    "h5": composed_arrays.h5,
    "wfdb": composed_signals.wfdb,
    "edf": composed_signals.edf,
    **{s: partial(composed_signals.fhrma, suffix=s) for s in ("fhr", "fhrm", "rcf", "rcfm", "rcfa")},
}


def composed(form: str, number: int, *, seed: int = 0) -> Composition:
    """Composition `number` of a format: the same number, the same files."""
    return FORMS[form](Choices(seed, form, number))


def verdicts(form: str, numbers: range, *, seed: int = 0) -> Iterator[tuple[int, Composition, Verdict]]:
    """Compositions of a format, each with what became of it."""
    for number in numbers:
        one = composed(form, number, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            yield number, one, judge(one, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("forms", nargs="*", default=list(FORMS), metavar="FORMAT", help=", ".join(FORMS))
    parser.add_argument("--number", type=int, default=2000, help="compositions of each format")
    parser.add_argument("--start", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=0, help="the most frequent failures, so many in words")
    options = parser.parse_args()
    quiet()
    print("| format | compositions | " + " | ".join(OUTCOMES) + " | of the unambiguous read | s |")
    print("|---" * (len(OUTCOMES) + 4) + "|")
    failed, shown = False, []
    for form in options.forms:
        start = time.perf_counter()
        count: Counter[str] = Counter()
        reasons: dict[str, list[tuple[int, Composition, Verdict]]] = defaultdict(list)
        axes: dict[str, Counter[str]] = defaultdict(Counter)
        clear = right = 0
        for number, one, verdict in verdicts(
            form, range(options.start, options.start + options.number), seed=options.seed
        ):
            count[verdict.outcome] += 1
            clear += not one.doubts
            right += verdict.outcome == "right"
            for axis, word in one.axes.items():
                axes[f"{axis}: {word!r}"][verdict.outcome] += 1
            if verdict.outcome not in ("right", "refused ambiguous", "guessed right"):
                reasons[f"{verdict.outcome}: {_kind(verdict.words)}"].append((number, one, verdict))
        cells = " | ".join(str(count[outcome]) for outcome in OUTCOMES)
        print(
            f"| {form} | {options.number} | {cells} | {right / max(clear, 1):.1%} | "
            f"{time.perf_counter() - start:.0f} |",
            flush=True,
        )
        failed |= bool(count["WRONG"] + count["ESCAPED"])
        ordered = sorted(reasons.values(), key=len, reverse=True)[: options.show]
        shown += [f"{len(cases)} like this: " + _said(form, *cases[0]) for cases in ordered]
        if options.show:
            rates = {
                w: (c["refused clear"] + c["WRONG"] + c["badly said"] + c["ESCAPED"]) / c.total()
                for w, c in axes.items()
            }
            worst = sorted((w for w in rates if axes[w].total() > 4), key=lambda w: -rates[w])[:12]
            shown.append(form + ": " + "; ".join(f"{w} {rates[w]:.0%} of {axes[w].total()}" for w in worst))
    print("\n\n".join(shown))
    sys.exit(1 if failed else 0)


def _kind(words: str) -> str:
    """Words without what differs from file to file."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\S*/\S*|[-\d.:]+|\W+", " ", words)[:70]


def _said(form: str, number: int, one: Composition, verdict: Verdict) -> str:
    axes = ", ".join(f"{axis}: {word!r}" for axis, word in one.axes.items())
    data = next((one.files[n] for n in (one.target, f"{one.target}.hea") if n in one.files), b"")[:300]
    head = data[:100] if b"\0" in data or form.endswith("gz") else data.decode("latin-1")
    given = f"doubts {one.doubts}; options {one.options}"
    return "\n  ".join([f"{verdict.outcome}: {form} {number}", axes, given, repr(head), verdict.words[:400]])


if __name__ == "__main__":
    main()
