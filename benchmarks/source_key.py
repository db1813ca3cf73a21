"""Cost of the key by which caches and finished folds are told apart: source text and versions of libraries.

python benchmarks/source_key.py [--times 7]

CPU time, once in a process, after the imports: the median over fresh readings, and what a second call costs.
"""

import argparse
import time
from statistics import median

from fhr.evaluation import trained_by
from fhr.features import computed_by
from fhr.tracking import made_by


def milliseconds(function, times: int) -> tuple[float, float]:
    """Median of a fresh reading and of one that is known."""
    fresh, known = [], []
    for _ in range(times):
        made_by.cache_clear()
        for found in (fresh, known):
            start = time.process_time()
            function()
            found.append(1000 * (time.process_time() - start))
    return median(fresh), median(known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7)
    options = parser.parse_args()
    print("| key | first call, ms of CPU | later calls, ms |\n|---|---|---|")
    for name, function in (("of a feature table", computed_by), ("of a finished fold", trained_by)):
        print("| {} | {:.1f} | {:.3f} |".format(name, *milliseconds(function, options.times)))


if __name__ == "__main__":
    main()
