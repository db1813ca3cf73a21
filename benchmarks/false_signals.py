"""The false-signal network by 5-fold cross-validation over the FHRMA recordings, beside the rule and the published one.

Each fold is `fhr fit --config configs/false_signal.yaml --data.fold K`, so that threshold and early stopping come from
its own training recordings, and `fhr.load(run)`; what it says of the test recordings is kept in the folder --out, where
a second call goes on with the folds that are missing. Rows of the table (markdown):

- Doppler: the FHR of DopMHRTrain, as recorded; of these, the recordings that hold any MHR, and the samples that do;
- Doppler without MHR: the same recordings with the channel withheld; scalp: ScalpTrain; MHR: that MHR is false.

Samples count that an expert marked and that hold a value; false is positive; all recordings are pooled, and the
intervals draw recordings. AUC is of the pooled probabilities of the five networks; F1, sensitivity and PPV are at each
network's own threshold. The rule calls FHR false where |FHR - MHR| <= 5 bpm.

python benchmarks/false_signals.py --out DIR [--data DIR] [--folds 0 1 2 3 4] [--set NAME VALUE] [--speed]
"""

import argparse
import io
import os
import statistics
import time
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fhr.cli.training import train
from fhr.datamodules import FalseSignalDataModule
from fhr.datasets import FalseSignals
from fhr.metrics import evaluate_samples, pooled_metrics, score_counts
from fhr.prediction import load
from fhr.recording import Recording

CONFIG = Path(__file__).parents[1] / "configs" / "false_signal.yaml"
PUBLISHED = "| published FSDop, Doppler | | .998 | .954 | .964 | .945 | |"
MEASURED = {  # rows of the table: name of the kept logits, row of the marks, set, which samples
    "Doppler": ("with_mhr", 0, "DopMHRTrain", "all"),
    "Doppler, recordings with MHR": ("with_mhr", 0, "DopMHRTrain", "recordings"),
    "Doppler, samples with MHR": ("with_mhr", 0, "DopMHRTrain", "samples"),
    "Doppler without MHR": ("without_mhr", 0, "DopMHRTrain", "all"),
    "scalp": ("with_mhr", 0, "ScalpTrain", "all"),
    "MHR": ("with_mhr", 1, "DopMHRTrain", "all"),
}
EDGE = 1e-7


def logits(predictor: object, recording: Recording) -> np.ndarray:
    """Float32 (2, n)."""
    found = predictor.false_signal_probability(recording)  # type: ignore[attr-defined]
    mhr = np.full_like(found.fhr, np.nan) if found.mhr is None else found.mhr
    p = np.clip(np.stack([found.fhr, mhr]).astype(np.float64), EDGE, 1 - EDGE)
    return np.log(p / (1 - p)).astype(np.float32)


def run_fold(database: FalseSignals, fold: int, out: Path, settings: list[str]) -> None:
    """Fit one fold, and keep the logits of its test recordings and its thresholds."""
    printed = io.StringIO()
    arguments = ["--config", str(CONFIG), "--data.root", str(database.root), "--data.fold", str(fold), *settings]
    start = time.perf_counter()
    with chdir(out), redirect_stdout(printed):
        train("fit", arguments)
        run = printed.getvalue().split()[-1]
        predictor = load(run)
    data = FalseSignalDataModule(root=str(database.root), fold=fold)
    data.setup()
    kept: dict[str, np.ndarray] = {}
    for name in data.facts.partition.test:
        recording = database[name]
        kept[f"with_mhr {name}"] = logits(predictor, recording)
        kept[f"without_mhr {name}"] = logits(predictor, replace(recording, mhr=None))
    thresholds = np.array([predictor.thresholds.fhr, predictor.thresholds.mhr])
    np.savez(
        out / f"fold_{fold}.npz", run=run, thresholds=thresholds, minutes=(time.perf_counter() - start) / 60, **kept
    )


def used(database: FalseSignals, name: str, row: int, which: str) -> np.ndarray:
    """Bool (n,): the samples of a recording that count."""
    recording = database[name]
    missing = np.full(len(recording), np.nan)
    mhr = missing if recording.mhr is None else recording.mhr
    usable = ~np.isnan(database.marks(name)[row]) & ~np.isnan(mhr if row else recording.fhr)
    if which == "samples":
        return usable & ~np.isnan(mhr)
    return usable & (which == "all" or not np.isnan(mhr).all())


def table(database: FalseSignals, out: Path, folds: list[int]) -> pd.DataFrame:
    """Print the markdown table; give the counts of every recording at the threshold of its fold."""
    rows: list[dict[str, object]] = []
    print(
        "| | recordings, samples (false) | AUC | F1 | sensitivity | PPV | thresholds |\n|---|---|---|---|---|---|---|"
    )
    for title, (key, row, group, which) in MEASURED.items():
        raw, shifted, cuts = [], [], []
        for fold in folds:
            with np.load(out / f"fold_{fold}.npz") as kept:
                cut = float(kept["thresholds"][row])
                cuts.append(f"{cut:.2f}")
                for entry in kept.files:
                    kind, _, name = entry.partition(" ")
                    if kind != key or database.groups[name] != group:
                        continue
                    chosen = used(database, name, row, which)
                    if not chosen.any():
                        continue
                    label, logit = database.marks(name)[row][chosen], kept[entry][row][chosen]
                    raw.append(score_counts(label, logit))
                    shifted.append(score_counts(label, logit - np.log(cut / (1 - cut))))
                    false, called = label == 1, logit >= np.log(cut / (1 - cut))
                    counts = {"n": len(label), "n_false": int(false.sum())}
                    counts |= {"tp": int((called & false).sum()), "fp": int((called & ~false).sum())}
                    rows.append({"measured": title, "fold": fold, "name": name, **counts})
        at_cut = evaluate_samples(np.stack(shifted))
        shown = [evaluate_samples(np.stack(raw))["auroc"], *(at_cut[k] for k in ("f1", "sensitivity", "ppv"))]
        total = np.sum(raw, axis=0)
        print(
            f"| {title} | {len(raw)}, {total.sum():,} ({total[1].sum():,}) | "
            + " | ".join(f"{x.value:.4f} ({x.low:.4f} to {x.high:.4f})" for x in shown)
            + f" | {' '.join(cuts)} |"
        )
    return pd.DataFrame(rows)


def rule(database: FalseSignals) -> None:
    """The rule's rows: a score of 1 where the rates are within 5 bpm."""
    for title in list(MEASURED)[:3]:
        counts = []
        for name in database.names:
            recording, chosen = database[name], used(database, name, 0, MEASURED[title][3])
            if database.groups[name] != "DopMHRTrain" or not chosen.any():
                continue
            mhr = np.nan if recording.mhr is None else recording.mhr
            close = np.abs(recording.fhr - mhr) <= 5
            counts.append(score_counts(database.marks(name)[0][chosen], np.where(close, 1.0, -1.0)[chosen]))
        found = pooled_metrics(np.sum(counts, axis=0))
        print(
            f"| rule, {title} | {len(counts)}, {np.sum(counts):,} | | {found['f1']:.4f} | {found['sensitivity']:.4f} "
            f"| {found['ppv']:.4f} | |"
        )


def speed(out: Path, fold: int) -> None:
    """Median of five scans of eight hours, one thread."""
    n = 8 * 3600 * 4
    generator = np.random.default_rng(0)
    fhr_, mhr = (level + generator.normal(0, 5, n).astype(np.float32) for level in (140, 85))
    recording = Recording(name="eight hours", fhr=fhr_, uc=np.full(n, np.nan, dtype=np.float32), mhr=mhr, fs=4.0)
    with chdir(out), np.load(f"fold_{fold}.npz") as kept:
        predictor = load(str(kept["run"]))
    torch.set_num_threads(1)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        predictor.false_signal_probability(recording)
        seconds.append(time.perf_counter() - start)
    print(f"scan of 8 h, one thread: {statistics.median(seconds):.2f} s (median of 5)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps runs and logits")
    default = Path(os.environ.get("FHR_DATA", "."), "fhrma-false-signals")
    parser.add_argument("--data", type=Path, default=default, help="default: in the folder that FHR_DATA names")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--set", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="of the config")
    parser.add_argument("--speed", action="store_true", help="only the scan of an 8-hour recording, by fold 0")
    options = parser.parse_args()
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    if options.speed:
        return speed(out, options.folds[0])
    database = FalseSignals(options.data.absolute())
    for fold in options.folds:
        if not (out / f"fold_{fold}.npz").is_file():
            run_fold(database, fold, out, [f"--{name}={value}" for name, value in options.set])
    table(database, out, options.folds).to_csv(out / "recordings.csv", index=False)
    rule(database)
    print(PUBLISHED)


if __name__ == "__main__":
    main()
