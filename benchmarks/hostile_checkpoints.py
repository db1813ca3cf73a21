"""What becomes of spoilt checkpoints and calibrators: read, refused, or escaped; the slowest case, and the memory.

OMP_NUM_THREADS=1 python benchmarks/hostile_checkpoints.py [CHECKPOINTS] [CALIBRATORS]

The files are the golden checkpoints and calibrators of the tests, some KB each, of every format and kind, spoilt as
`tests/hostile_kinds.py` says: bytes of the file; bytes inside its archive with checksums that hold; fields of the card
and weights; a checkpoint of arrays as any archive, and by the fields of its card; an exported run by its bytes, its
list of runs and the checkpoint in it. A case that is read has predicted a recording of 25 min. It escapes where
anything but an `FHRError` comes out, or a probability outside [0, 1]. Of the checkpoints of networks a fifth each are
of the first two kinds. Exits with 1 if any escapes.
"""

import logging
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import hostile
from hostile_kinds import CHECKPOINTS


def megabytes() -> float:
    """Peak memory of the process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(n_checkpoints: int = 1000, n_calibrators: int = 1000) -> int:
    logging.disable(logging.CRITICAL)
    fifth = n_checkpoints // 5
    counts = [fifth, fifth, n_checkpoints - 2 * fifth, *[n_checkpoints] * 3, n_calibrators]
    escaped = 0
    with tempfile.TemporaryDirectory() as name:
        for kind in CHECKPOINTS.values():  # imports, and the least that memory can be
            for seed in kind.seeds():
                kind.use(seed, Path(name))
        before = megabytes()
        print("| spoilt | cases | read | refused | escaped | slowest, s |\n|---|---|---|---|---|---|")
        for (label, kind), n in zip(CHECKPOINTS.items(), counts, strict=True):
            found = hostile.tally(label, kind, range(n), Path(name))
            row = [str(found[said]) for said in ("read", "refused", "escaped")]
            print(f"| {label} | {n} | {' | '.join(row)} | {found['slowest'] / 1e6:.2f} |", flush=True)
            escaped += found["escaped"]
    print(f"\nPeak memory {megabytes():.0f} MB, {before:.0f} MB of it with unspoilt files.")
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
