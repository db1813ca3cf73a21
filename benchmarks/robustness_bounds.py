"""Certificates that need no special network: randomized smoothing, and the bounds of a kernel line.

python benchmarks/robustness_bounds.py smoothing FOLDER [--model shipped|order|CHECKPOINT] [--records 20] [--looks 500]
python benchmarks/robustness_bounds.py kernel FOLDER [--records 40] [--tries 200]
python benchmarks/robustness_bounds.py votes FOLDER [--model shipped|order|CHECKPOINT] [--records 40]
python benchmarks/robustness_bounds.py changes FOLDER [--model CHECKPOINT] [--records 40]

FOLDER holds CTU-UHB. Models answer `ph<=7.15`: `shipped` is the one that comes with the package, `order` a kernel line
on the eighteen order statistics alone, fitted here by the same cross-validation; the records are those of the first
outer fold, which no model of it has seen. A checkpoint is a finished one of networks (`fhr fit`), asked about the same
records.

`smoothing` gives for each sigma and shortest period the certified bpm RMS, how often the smoothed verdict is another
one than the plain, abstains, and agrees with the label, and the seconds of a record.

`kernel` gives certified sizes by threat, and tries to beat them: changes of exactly the certified size, of samples at
random, of the tails or the middle of the distribution, of the last minutes, to one side.

`votes` gives the certified block in seconds by the majority of readings of a stretch each, by its length, and spoils
blocks of exactly that length: lost, doubled, or 80 bpm throughout.

`changes` certifies an offset, a gain of uterine activity, rounding and shifts of whole seconds by looks at each.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import torch

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import GroupLine, MemoryStore, cross_validate, feature_table
from fhr.models import read_checkpoint
from fhr.prediction import Predictor, shipped
from fhr.recording import Recording
from fhr.robustness import (
    FeatureReader,
    NetworkReader,
    Reader,
    Traces,
    enumerated_certificate,
    error_certificate,
    kernel_certificate,
    offset_certificate,
    quantised,
    reader_of,
    shifted,
    smoothed_verdicts,
    stretch,
    stretch_votes,
    threat_of,
    uc_gain_certificate,
    with_error,
    with_loss,
    with_offset,
)

TARGET, FOLD = "ph<=7.15", 0
SMOOTHED = [(s, p) for p in (0.0, 60.0, 300.0, 1200.0, inf) for s in (2.0, 5.0, 10.0, 20.0)]
LARGEST = {"uc_gain": 2.0, "offset": 40.0, "error_peak": 10.0, "error_rms": 5.0, "block_loss": 600.0,
           "scattered_loss": 600.0}  # fmt: skip
SEEN, SPOILT = (300.0, 600.0, 900.0, 1200.0), 6
SHIFTS, STEPS, PHASES = range(1, 61), (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0), (0.0, 0.25, 0.5, 0.75)


def readers(database: CTUUHB, model: str) -> Reader:
    """How a model reads records of the first outer fold."""
    if model == "shipped":
        return reader_of(shipped(labels=[TARGET]).predictor(TARGET, FOLD))
    if model != "order":
        return reader_of(Predictor([read_checkpoint(model)]))
    line, store = GroupLine("order statistics", "order", ("order_statistics",)), MemoryStore()
    maker = line.maker(feature_table(database, line.features()), kept=True)
    result = cross_validate(maker, database, target=TARGET, splits=make_splits(database), store=store)
    print(f"kernel line on order statistics alone: AUROC {result.measured['auroc']}")
    members = []
    with tempfile.TemporaryDirectory() as folder:
        for name, content in store.folds[0, FOLD].networks.items():
            path = Path(folder, name)
            path.write_bytes(content)
            members.append(read_checkpoint(path))
    return reader_of(Predictor(members))


def records(database: CTUUHB, n: int) -> list[Recording]:
    """As many records of the first outer fold, in the order of the database."""
    known = shipped(labels=[TARGET])
    return [recording for recording in database if known.fold_of(recording) == FOLD][:n]


def words(sizes: np.ndarray) -> str:
    """Quartiles of sizes, and the share that is above 0."""
    quartiles = ", ".join(f"{q:.3g}" for q in np.quantile(sizes, (0.25, 0.5, 0.75), method="inverted_cdf"))
    return f"quartiles {quartiles}, certified {np.mean(sizes > 0):.0%}"


def smoothing(reader: Reader, traces: Traces, labels: np.ndarray, looks: int) -> None:
    """Radii, agreement and cost by sigma and period."""
    plain = reader.verdicts(traces).at_risk
    print(f"plain verdicts agree with {np.mean(plain == labels):.0%} of the labels, {plain.mean():.0%} at risk")
    for sigma, period in SMOOTHED:
        start = time.perf_counter()
        found = smoothed_verdicts(reader, traces, sigma=sigma, period=period, looks=looks)
        seconds = (time.perf_counter() - start) / len(traces)
        other = np.mean(found.at_risk != plain)
        print(
            f"sigma {sigma:g} bpm, period {period:g} s, {np.median(found.dimensions):.0f} dimensions: bpm RMS "
            f"{words(found.sizes)}; other than plain {other:.0%}, abstains {found.abstains.mean():.0%}, agrees with "
            f"{np.mean(found.at_risk == labels):.0%} of the labels; {seconds:.1f} s a record of {looks} looks"
        )


def kernel(reader: FeatureReader, traces: Traces, tries: int) -> None:
    """Certified sizes by threat, and whether any of the tries beats one."""
    plain = reader.verdicts(traces).at_risk
    for threat, largest in LARGEST.items():
        start = time.perf_counter()
        found = kernel_certificate(reader, traces, threat, largest=largest)
        seconds = (time.perf_counter() - start) / len(traces)
        said = f"{threat}: {words(found.sizes)}; {seconds:.2f} s a record"
        if threat == "uc_gain" or not found.sizes.any():
            print(said)
            continue
        some = traces[np.flatnonzero(found.sizes)]
        sizes = torch.from_numpy(found.sizes[found.sizes > 0])
        broken, flips = 0, {}
        for factor in (1.0, 3.0, 10.0, 30.0):
            flipped = np.zeros(len(some), dtype=bool)
            for i in range(tries if factor == 1.0 else tries // 10):
                after = attempt(some, threat, sizes * factor, i)
                assert (threat_of(threat).size_of(some, after) <= sizes * factor + 1e-4).all()
                flipped |= reader.verdicts(after).at_risk != plain[found.sizes > 0]
            broken, flips[factor] = broken if factor > 1 else int(flipped.sum()), flipped.mean()
        beyond = ", ".join(f"{share:.0%} at {factor:g} times" for factor, share in flips.items() if factor > 1)
        print(f"{said}; {tries} tries a record beat {broken} certificates, and flip {beyond} the size")


def attempt(traces: Traces, threat: str, sizes: torch.Tensor, i: int) -> Traces:
    """Traces with the i-th change of sizes (n,)."""
    rng, (n, length) = np.random.default_rng(i), traces.fhr.shape
    measured = traces.measured > 0
    if threat == "offset":
        return with_offset(traces, sizes * float(1 - 2 * (i % 2) if i < 2 else rng.uniform(-1, 1)))
    if threat == "block_loss":
        return with_loss(traces, stretch(traces, torch.from_numpy(rng.integers(0, length, n)), sizes))
    order = torch.where(measured, traces.fhr, torch.inf).argsort(1).argsort(1) / measured.sum(1, keepdim=True)
    if threat == "scattered_loss":
        rank = [order, -order, torch.from_numpy(rng.random((n, length)))][min(i, 2)]
        place = torch.where(measured, rank, torch.inf).argsort(1).argsort(1)
        return with_loss(traces, measured & (place < (sizes * traces.fs).floor()[:, None]))
    late = torch.arange(length) / length >= rng.choice([0.0, 0.5, 2 / 3])
    near = (order - float(rng.choice([0.05, 0.5, 0.95]))).abs() < float(rng.choice([0.02, 0.1, 1.0]))
    signs = np.sign(rng.normal(size=(n, length))) if i % 4 == 0 else np.full((n, length), rng.choice([-1.0, 1.0]))
    error = torch.from_numpy(signs) * (near & late & measured)
    if i % 4 == 1:
        error *= torch.where(order > 0.5, 1.0, -1.0)  # wider or narrower
    norm = error.abs().amax(1) if threat == "error_peak" else (error.square().sum(1) / measured.sum(1)).sqrt()
    return with_error(traces, error * (sizes / norm.clamp(min=1e-9))[:, None])


def votes(reader: Reader, traces: Traces, labels: np.ndarray) -> None:
    """Certified blocks, agreement and cost by the length of a stretch; blocks that are spoilt."""
    plain, rng = reader.verdicts(traces).at_risk, np.random.default_rng(0)
    print(f"plain verdicts agree with {np.mean(plain == labels):.0%} of the labels, {plain.mean():.0%} at risk")
    for seen in SEEN:
        start = time.perf_counter()
        found = stretch_votes(reader, traces, seen=seen)
        seconds, broken = (time.perf_counter() - start) / len(traces), 0
        for i in range(SPOILT):
            sizes = torch.from_numpy(found.sizes)
            inside = stretch(traces, torch.from_numpy(rng.integers(0, traces.fhr.shape[1], len(traces))), sizes)
            values = (torch.nan, 2 * traces.fhr, 80.0)[i % 3]
            spoilt = replace(
                traces,
                fhr=torch.where(inside, values, traces.fhr),
                measured=torch.where(inside & torch.tensor(i % 3 == 0), 0.0, traces.measured),
            )
            broken += int((stretch_votes(reader, spoilt, seen=seen).at_risk != found.at_risk).sum())
        of_risk = found.sizes[found.at_risk]
        print(
            f"{found.votes} stretches of {seen:g} s: block in s {words(found.sizes)}; of those at risk "
            f"{np.mean(of_risk > 0) if len(of_risk) else np.nan:.0%}; {found.at_risk.mean():.0%} at risk, other than "
            f"plain {np.mean(found.at_risk != plain):.0%}, agrees with {np.mean(found.at_risk == labels):.0%} of the "
            f"labels; {SPOILT} spoilt blocks a record beat {broken}; {seconds:.2f} s a record"
        )


def changes(reader: Reader, traces: Traces) -> None:
    """Changes of one number."""

    def told(name: str, make: Callable[[], np.ndarray]) -> None:
        start = time.perf_counter()
        try:
            sizes = make()
        except Exception as error:
            print(f"{name}: refused: {error}")
            return
        print(f"{name}: {words(sizes)}; {(time.perf_counter() - start) / len(traces):.2f} s a record")

    if isinstance(reader, NetworkReader):
        told("offset, one look", lambda: error_certificate(reader, traces, "offset").sizes)
        # Steps are no longer than the margin over the slope.
        told("offset, branch and bound, up to 1 bpm",
             lambda: offset_certificate(reader, traces, largest=1.0, tolerance=2e-4).sizes)  # fmt: skip
    told("uc_gain", lambda: uc_gain_certificate(reader, traces).sizes)
    ones = torch.ones(len(traces), dtype=torch.float64)
    shifts = ((float(s), shifted(traces, s * ones)) for s in SHIFTS)
    told("shift, whole seconds up to 60", lambda: enumerated_certificate(reader, traces, "shift", shifts).sizes)
    steps = ((step, quantised(traces, step * ones, phase * ones)) for step in STEPS for phase in PHASES)
    told("steps of ten grids, four phases each",
         lambda: enumerated_certificate(reader, traces, "quantisation", steps).sizes)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("smoothing", "kernel", "votes", "changes"))
    parser.add_argument("folder")
    parser.add_argument("--model", default="shipped")
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--looks", type=int, default=500)
    parser.add_argument("--tries", type=int, default=200)
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    reader = readers(database, options.model)
    chosen = records(database, options.records)
    traces = reader.traces(reader.predictor.prepare(chosen))
    print(f"{options.part} of {options.model}: {len(traces)} records, {len(reader.predictor.networks)} members")
    labels = database.outcomes.loc[list(traces.names), "ph"].to_numpy() <= 7.15
    if options.part == "smoothing":
        smoothing(reader, traces, labels, options.looks)
    elif options.part == "votes":
        votes(reader, traces, labels)
    elif options.part == "kernel":
        if not isinstance(reader, FeatureReader):
            parser.error("--model of kernel: shipped or order")
        kernel(reader, traces, options.tries)
    else:
        changes(reader, traces)


if __name__ == "__main__":
    main()
