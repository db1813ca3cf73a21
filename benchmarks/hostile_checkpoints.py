"""What becomes of spoilt checkpoints and calibrators: read, refused, or escaped; the slowest case, and the memory.

OMP_NUM_THREADS=1 python benchmarks/hostile_checkpoints.py [CHECKPOINTS] [CALIBRATORS]

The files are the golden checkpoints and calibrators of the tests, some KB each, of every format and kind, spoilt as
`tests/hostile_checkpoints.py` says: bytes of the file; bytes inside its archive with checksums that hold; fields of the
card and weights. A case that is read has predicted a recording of 25 min. It escapes where anything but an `FHRError`
comes out, or a probability outside [0, 1]. Exits with 1 if any does.
"""

import logging
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hostile_checkpoints import FORMATS, SPOILS, calibrator_verdict, golden, spoilt_checkpoint, verdict


def run(cases: Iterable[tuple[str, int, Callable[[], str]]]) -> tuple[Counter, dict[str, float]]:
    """Verdicts by kind of case, and the slowest of each kind in s; the first escapes are named on stderr."""
    counts: Counter = Counter()
    slowest: dict[str, float] = {}
    for kind, number, case in cases:
        begun = perf_counter()
        try:
            said = case()
        except Exception as error:
            said = "escaped"
            if counts[kind, said] < 10:
                sys.stderr.write(f"{kind} {number}: {type(error).__name__}: {str(error)[:200]}\n")
        counts[kind, said] += 1
        slowest[kind] = max(slowest.get(kind, 0), perf_counter() - begun)
    return counts, slowest


def megabytes() -> float:
    """Peak memory of the process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(n_checkpoints: int = 1000, n_calibrators: int = 1000) -> int:
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoilt.ckpt"

        def of(data: bytes) -> Callable[[], str]:
            path.write_bytes(data)
            return lambda: verdict(path)

        run(("unspoilt", form, of(golden(form))) for form in FORMATS)  # imports, and the least that memory can be
        before = megabytes()
        checkpoints = ((number, *spoilt_checkpoint(number)) for number in range(n_checkpoints))
        counts, slowest = run((kind, number, of(data)) for number, kind, data in checkpoints)
    more, slow = run(("calibrator", i, lambda i=i: calibrator_verdict(i)) for i in range(n_calibrators))
    counts, slowest = counts + more, slowest | slow
    print("| spoilt | cases | read | refused | escaped | slowest, s |\n|---|---|---|---|---|---|")
    for kind in (*SPOILS, "calibrator"):
        row = [counts[kind, said] for said in ("read", "refused", "escaped")]
        print(f"| {kind} | {sum(row)} | {' | '.join(map(str, row))} | {slowest.get(kind, 0):.2f} |")
    print(f"\nPeak memory {megabytes():.0f} MB, {before:.0f} MB of it with unspoilt files.")
    return int(any(said == "escaped" for _, said in counts))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
