"""Recordings written in every format that is written, and read again: what comes back exactly, within what, or not.

FHR_DATA=... python benchmarks/round_trips.py
python benchmarks/round_trips.py --every 20      # of each database, each twentieth
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from compositions import quiet

from fhr.errors import FHRError
from fhr.formats import WRITERS, read, write
from fhr.recording import Outcome, Provenance, Recording, Step
from fhr.simulation import simulate_recording

FOLDERS = (
    ("CTU-UHB", "ctu-uhb-ctgdb", "*.hea"),
    ("FHRMA morphology", "fhrma-morphology", "*.fhr"),
    ("FHRMA false signals", "fhrma-false-signals", "*.fhrm"),
)
FIELDS = ("fs", "outcome", "clinical", "stage2_start", "history", "provenance")
SIMULATED = 40


def recordings(every: int) -> Iterator[tuple[str, Recording]]:
    """Recordings by the name of their origin; the simulated ones have a history, an outcome and a provenance."""
    if data := os.environ.get("FHR_DATA"):
        for origin, folder, pattern in FOLDERS:
            for path in sorted(Path(data, folder).glob(pattern))[::every]:
                yield origin, read(path)
    for number in range(0, SIMULATED, every):
        one = simulate_recording(number, seed=0)
        made = Provenance("imputed" if number % 2 else "synthetic", "gan (seed=1)", ("a" * 64, "1001"))
        steps = (Step("fill", {"max_gap": 15.0, "how": ["line", None, True]}), Step("s", {"\u00e9, ;\t": 'a "b"'}))
        yield (
            "simulated",
            replace(
                one, provenance=made, history=(*one.history, *steps), outcome=Outcome(ph=7.0 + number / 100, apgar5=9.0)
            ),
        )


def compared(before: Recording, after: Recording) -> tuple[float, set[str]]:
    """Largest difference of a sample, NaN where a gap or a length differs, and the fields that differ."""
    apart, lost = 0.0, set()
    for name in ("fhr", "uc", "mhr"):
        one, two = getattr(before, name), getattr(after, name)
        if one is None or two is None or len(one) != len(two):
            if (one is None) != (two is None) or (one is not None and len(one) != len(two)):
                lost.add(name)
            continue
        if (gaps := np.isnan(one) != np.isnan(two)).any():
            lost.add(f"{name}: gaps" if not (one[gaps] == 0).all() else f"{name}: 0 is missing")
        both = ~np.isnan(one) & ~np.isnan(two)
        apart = max(apart, float(np.abs(one[both] - two[both]).max(initial=0)))
    lost |= {field for field in FIELDS if _plain(getattr(before, field)) != _plain(getattr(after, field))}
    return apart, lost


def _plain(value: object) -> str:
    """Text in which lists and tuples are alike."""
    return repr(value).replace("(", "[").replace(")", "]").replace(",]", "]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="of each database, one in so many")
    parser.add_argument("--formats", nargs="*", default=list(WRITERS), help="suffixes")
    options = parser.parse_args()
    quiet()
    count: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    furthest: dict[tuple[str, str], float] = defaultdict(float)
    words: dict[tuple[str, str], str] = {}
    seconds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        for origin, one in recordings(options.every):
            for suffix in options.formats:
                key = (suffix, origin)
                path = Path(name, f"{one.name}{suffix}")
                start = time.process_time()
                try:
                    apart, lost = compared(one, read(write(one, path)))
                except FHRError as error:
                    count[key]["refused"] += 1
                    words[key] = str(error)
                    continue
                finally:
                    seconds[suffix] += time.process_time() - start
                    for file in Path(name).iterdir():
                        file.unlink()
                furthest[key] = max(furthest[key], apart)
                count[key].update(["exact" if not apart and not lost else "", *(f"lost {x}" for x in sorted(lost))])
                count[key]["written"] += 1
    print("| format | recordings | written and read | exact, all fields | largest difference | not kept | refused |")
    print("|---|---|---|---|---|---|---|")
    for (suffix, origin), found in count.items():
        lost_words = ", ".join(f"{key[5:]} ({n})" for key, n in found.items() if key.startswith("lost ")) or "nothing"
        print(
            f"| {suffix} | {origin} | {found['written']} | {found['exact']} | {furthest[suffix, origin]:.3g} | "
            f"{lost_words} | {found['refused']} |"
        )
    print("\nseconds of CPU: " + ", ".join(f"{suffix} {s:.0f}" for suffix, s in seconds.items()))
    print("\n".join(f"{suffix}, {origin}: {said[:300]}" for (suffix, origin), said in words.items()))
    sys.exit(0)


if __name__ == "__main__":
    main()
