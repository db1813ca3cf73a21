"""How small a change flips a verdict: the attacks of every threat, on a network or on statistics of the signal.

    python benchmarks/robustness_attacks.py FOLDER [--model shipped|CHECKPOINT] [--records 40] [--threats NAME ...]

FOLDER holds CTU-UHB. Models answer `ph<=7.15`: `shipped` is the one that comes with the package, a checkpoint a
finished one of a network (`fhr fit --config cnn`). The records are those of the first outer fold, which neither has
seen, evenly among them. For each threat: the size up to which was looked, the share of verdicts that flip, the
quartiles of the smallest size found (inf where none was), looks and CPU seconds a record. On networks, errors and warps
are attacked by gradient and by the search that looks at scores alone: were the gradient masked, the search would find
smaller ones.
"""

import argparse
import time

import numpy as np

from fhr.datasets import CTUUHB
from fhr.models import read_checkpoint
from fhr.prediction import Predictor, shipped
from fhr.robustness import BY_GRADIENT, THREATS, NetworkReader, attack, reader_of

TARGET, FOLD = "ph<=7.15", 0
LARGEST = {
    "error_rms": 20.0,
    "error_peak": 40.0,
    "offset": 40.0,
    "uc_gain": 4.0,
    "shift": 60.0,
    "warp": 20.0,
    "block_loss": 1800.0,
    "scattered_loss": 1800.0,
    "wrong_rate": 900.0,
    "quantisation": 20.0,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--model", default="shipped")
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--threats", nargs="+", default=list(LARGEST), choices=list(LARGEST))
    given = parser.parse_args()
    known, database = shipped(labels=[TARGET]), CTUUHB(given.folder)
    unseen = [recording for recording in database if known.fold_of(recording) == FOLD]
    chosen = [unseen[i] for i in np.linspace(0, len(unseen) - 1, min(given.records, len(unseen))).round().astype(int)]
    predictor = known.predictor(TARGET, FOLD) if given.model == "shipped" else Predictor([read_checkpoint(given.model)])
    prepared = predictor.prepare(chosen)
    assert not any("was used in training" in warning for one in predictor.predict_prepared(prepared)
                   for warning in one.warnings if given.model != "shipped")  # fmt: skip
    reader = reader_of(predictor)
    traces = reader.traces(prepared)
    at_risk = reader.verdicts(traces).at_risk
    print(f"{given.model}, {TARGET}: {len(traces)} records that it has not seen, {at_risk.sum()} of them at risk")
    print("| threat | by | up to | flipped | quartiles | those at risk: median | looks | s a record |")
    print("|---|---|---|---|---|---|---|---|")
    total = 0.0
    for name in given.threats:
        ways = ["search"]
        if isinstance(reader, NetworkReader) and name in BY_GRADIENT:
            ways.insert(0, "gradient")
        for by in ways:
            start = time.process_time()
            found = attack(reader, traces, name, largest=LARGEST[name], by=by)
            seconds = (time.process_time() - start) / len(traces)
            total += seconds if by == ways[0] else 0.0
            cells = [
                THREATS[name].words,
                by,
                f"{LARGEST[name]:g}",
                f"{np.isfinite(found.sizes).mean():.0%}",
                ", ".join(f"{q:.3g}" for q in np.quantile(found.sizes, (0.25, 0.5, 0.75), method="inverted_cdf")),
                f"{np.median(found.sizes[at_risk]):.3g}",
                f"{found.looks:.0f}",
                f"{seconds:.2f}",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)
    print(f"all threats, each in the first way: {total:.1f} s of CPU a record")


if __name__ == "__main__":
    main()
