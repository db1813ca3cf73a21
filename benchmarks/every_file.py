"""Compositions of every format that is read: how many are read right, refused, and read wrong.

python benchmarks/every_file.py --number 2000
python benchmarks/every_file.py csv --number 300 --show 5     # one format, some of what failed
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
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
    **{s: partial(composed_signals.fhrma, suffix=s) for s in ("fhr", "fhrm")},
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
    parser.add_argument("--show", type=int, default=0, help="of each failing outcome, so many in words")
    parser.add_argument("--keep", type=Path, help="folder for the files that are shown")
    options = parser.parse_args()
    quiet()
    print("| format | compositions | " + " | ".join(OUTCOMES) + " | of the unambiguous read | s |")
    print("|---" * (len(OUTCOMES) + 4) + "|")
    failed, shown = False, []
    for form in options.forms:
        start = time.perf_counter()
        count: Counter[str] = Counter()
        by_axis: Counter[str] = Counter()
        all_axes: Counter[str] = Counter()
        clear = right = 0
        for number, one, verdict in verdicts(form, range(options.start, options.start + options.number), seed=options.seed):
            count[verdict.outcome] += 1
            clear += not one.doubts
            right += verdict.outcome == "right"
            words = [f"{axis}: {word!r}" for axis, word in one.axes.items()]
            all_axes.update(words)
            if verdict.outcome in ("right", "refused ambiguous", "guessed right"):
                continue
            by_axis.update(words)
            if count[verdict.outcome] <= options.show:
                shown.append(_said(form, number, one, verdict))
                if options.keep:
                    for name, data in one.files.items():
                        kept = options.keep / f"{form}-{number}"
                        shutil.rmtree(kept, ignore_errors=True)
                        kept.mkdir(parents=True)
                        (kept / name).write_bytes(data)
        cells = " | ".join(str(count[outcome]) for outcome in OUTCOMES)
        print(f"| {form} | {options.number} | {cells} | {right / max(clear, 1):.1%} | {time.perf_counter() - start:.0f} |", flush=True)
        failed |= bool(count["WRONG"] + count["ESCAPED"])
        if options.show:
            rates = sorted(((by_axis[w] / all_axes[w], w, all_axes[w]) for w in by_axis if all_axes[w] > 4), reverse=True)
            shown.append(form + ": " + "; ".join(f"{w} {r:.0%} of {n}" for r, w, n in rates[:12]))
    print("\n\n".join(shown))
    sys.exit(1 if failed else 0)


def _said(form: str, number: int, one: Composition, verdict: Verdict) -> str:
    axes = ", ".join(f"{axis}: {word!r}" for axis, word in one.axes.items())
    data = next((one.files[n] for n in (one.target, f"{one.target}.hea") if n in one.files), b"")[:300]
    head = data[:100] if b"\0" in data or form.endswith("gz") else data.decode("latin-1")
    return f"{verdict.outcome}: {form} {number}\n  {axes}\n  doubts {one.doubts}; options {one.options}\n  {head!r}\n  {verdict.words[:400]}"


if __name__ == "__main__":
    main()
