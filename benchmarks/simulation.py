"""How far simulated recordings look like CTU-UHB, and how hard they are to tell apart by outcome.

python benchmarks/simulation.py FOLDER [--fast] [--batches 5] [--seed 1] [--explained 1.0] [--real FILE.csv]

First table: quartiles over records, real and simulated (all batches together); a statistic is met where the real median
lies within the simulated quartiles, or a real share within 3.5 standard errors of the simulated one. Second table:
AUROC for `ph<=7.15` and `ph<7.05` of single statistics and of the linear baselines. A batch is as many simulated
recordings as there are real ones, simulated and cross-validated alone, since the size of the training set counts; the
simulated value is the mean over batches, and the standard deviation between batches says how much a set of that size,
the real one too, may differ by luck. `--fast` is one batch of 150 without the baselines; `--real` keeps the statistics
of the real recordings in a file, which is read if it is there.
"""

import argparse
import logging
import time
import warnings
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, Database, make_splits
from fhr.errors import SignalError
from fhr.evaluation import BASELINES, baseline_table, cross_validate
from fhr.features import ORDER_STATISTICS
from fhr.metrics import auroc
from fhr.morphology import analyze
from fhr.multiscale import analyze as multiscale
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.recording import Recording
from fhr.simulation import simulate

TARGETS = ("ph<=7.15", "ph<7.05")
OUTCOMES = ("ph", "bdecf", "pco2", "apgar1", "apgar5")
#: Statistics that rank the risk, and whether more of it is a higher risk.
RISKS = {
    "loss, last 60 min": 1,
    "loss, last 30 min": 1,
    "loss, second stage": 1,
    "longest gap, s": 1,
    "deceleration area, bpm s/h": 1,
    "decelerations/h": 1,
    "accelerations/h": -1,
    "MAD, last 60 min, bpm": 1,
    "bandwidth, bpm": 1,
    "baseline, bpm": 1,
    "baseline change, bpm": 1,
    "H of the spectral slope": 1,
    "c1": 1,
    "c2": 1,
    "STV, ms": -1,
    "contractions/10 min": 1,
}


def statistics(recording: Recording) -> dict[str, float]:
    """What is compared of one recording."""
    fs, fhr, uc = recording.fs, recording.fhr.astype(float), recording.uc.astype(float)
    lost = np.isnan(fhr)
    second = len(fhr) if np.isnan(recording.stage2_start) else round(recording.stage2_start * fs)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(int)))
    gaps = (edges[1::2] - edges[::2]) / fs
    steps = np.abs(np.diff(fhr))
    steps = steps[np.isfinite(steps)]
    known = fhr[~lost]
    spread = np.percentile(known, [5, 25, 75, 95]) if len(known) else np.full(4, np.nan)
    hours = max(len(known), 1) / fs / 3600
    row = {
        "duration, min": recording.duration / 60,
        "FHR, median, bpm": float(np.median(known)) if len(known) else np.nan,
        "FHR, interquartile range, bpm": spread[2] - spread[1],
        "FHR, 5 to 95%, bpm": spread[3] - spread[0],
        "samples that repeat": float(np.mean(steps == 0)),
        "mean step, bpm": float(steps.mean()),
        "jumps above 25 bpm/h": float(np.sum(steps > 25)) / hours,
        "loss, first stage": _mean(lost[:second]),
        "loss, second stage": _mean(lost[second:]),
        "loss, last 60 min": _mean(lost[-round(3600 * fs) :]),
        "loss, last 30 min": _mean(lost[-round(1800 * fs) :]),
        "gaps/h": len(gaps) / (recording.duration / 3600),
        "gap, median, s": _quantile(gaps, 0.5),
        "gap, 90%, s": _quantile(gaps, 0.9),
        "longest gap, s": float(gaps.max(initial=0.0)),
        "loss of UC": _mean(np.isnan(uc)),
    }
    row |= {f"UC, {q}%": _quantile(uc[~np.isnan(uc)], q / 100) for q in (5, 50, 95)}
    return row | _morphology(recording) | _scaling(recording) | {k: getattr(recording.outcome, k) for k in OUTCOMES}


def _morphology(recording: Recording) -> dict[str, float]:
    m = analyze(recording)
    known = float(((1 - m.segments["loss"]) * (m.segments["end_s"] - m.segments["start_s"])).sum()) / 3600
    seen = recording.duration - float(
        (m.uncertain["end_s"] - m.uncertain["start_s"])[m.uncertain["channel"] == "uc"].sum()
    )
    level = m.segments["baseline"].dropna()
    kinds, falls = m.decelerations["kind"].value_counts(), max(len(m.decelerations), 1)
    lengths = m.decelerations["end_s"] - m.decelerations["start_s"]
    return {
        "baseline, bpm": float(level.median()),
        "baseline change, bpm": float(level.iloc[-1] - level.iloc[0]) if len(level) else np.nan,
        "baseline range, bpm": float(level.max() - level.min()),
        "accelerations/h": len(m.accelerations) / max(known, 1e-3),
        "acceleration, height, bpm": float(m.accelerations["amplitude"].median()),
        "acceleration, s": float((m.accelerations["end_s"] - m.accelerations["start_s"]).median()),
        "decelerations/h": len(m.decelerations) / max(known, 1e-3),
        "deceleration area, bpm s/h": m.deceleration_burden,
        "deceleration, depth, bpm": float(m.decelerations["amplitude"].median()),
        "deceleration, s": float(lengths.median()),
        "deceleration, s to nadir": float((m.decelerations["peak_s"] - m.decelerations["start_s"]).median()),
        **{f"{kind}, share": float(kinds.get(kind, 0)) / falls for kind in ("early", "late", "variable", "prolonged")},
        "bandwidth, bpm": float(m.segments["variability"].median()),
        "STV, ms": m.variation["stv_ms"],
        "contractions/10 min": len(m.contractions) / max(seen, 1.0) * 600,
        "contraction, s": float((m.contractions["end_s"] - m.contractions["start_s"]).median()),
        "contraction, height": float(m.contractions["amplitude"].median()),
        "tachysystole, share": float(np.mean(m.segments["tachysystole"].fillna(False).astype(float))),
    }


def _scaling(recording: Recording) -> dict[str, float]:
    """Of the last 60 min: half the slope of the spectrum (which falls as f^-(2 H + 1)), and log-cumulants."""
    names = ("H of the spectral slope", "c1", "c2")
    try:
        found = multiscale(clean(recording, DEFAULT_STEPS).fhr[-14400:].astype(float), fs=recording.fs)
    except SignalError:
        return dict.fromkeys(names, np.nan)
    cumulants = np.ravel(found.log_cumulants)
    return dict(zip(names, (float(np.ravel(found.hurst)[0]), cumulants[0], cumulants[1]), strict=True))


def table(recordings: list[Recording]) -> pd.DataFrame:
    """`statistics` of each recording, and the columns of the baselines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # means of nothing are NaN, as they should be
        rows = pd.DataFrame([statistics(r) for r in recordings], index=[r.name for r in recordings])
    columns = baseline_table(recordings)[list(ORDER_STATISTICS)]
    rows["MAD, last 60 min, bpm"] = np.exp(columns["mad_60"]) - 0.5
    return rows.join(columns)


def linear(rows: pd.DataFrame, recordings: list[Recording], repeats: int) -> dict[str, tuple[float, ...]]:
    """Cross-validated AUROC of the two baselines on order statistics, for each target."""
    database = Database(recordings, origin="the records of this table")
    splits, found = make_splits(database, n_repeats=repeats), {}
    for baseline in BASELINES[:2]:
        values = []
        for target in TARGETS:
            make = baseline.maker(rows[list(ORDER_STATISTICS)])
            result = cross_validate(make, database, target=target, splits=splits, repeats=repeats)
            predicted = result.predictions.groupby("repeat")
            values.append(float(np.mean([auroc(p["label"], p["score"]) for _, p in predicted])))
        found[baseline.name] = tuple(values)
    return found


def single(rows: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """AUROC of each of `RISKS`, for each target; what is not known has the median."""
    found = {}
    for name, sign in RISKS.items():
        column = sign * rows[name].fillna(rows[name].median())
        found[name] = tuple(float(auroc(label, column)) for label in (rows["ph"] <= 7.15, rows["ph"] < 7.05))
    return found


def show_quartiles(real: pd.DataFrame, made: pd.DataFrame) -> None:
    """The first table, the statistics that are missed after it."""
    print("| statistic | real | simulated | |\n|---|---|---|---|")
    missed = []
    for name in [str(column) for column in real if column not in ORDER_STATISTICS]:
        a, b = (rows[name].quantile([0.25, 0.5, 0.75]).to_numpy() for rows in (real, made))
        ok = b[0] <= a[1] <= b[2]
        missed += [] if ok else [name]
        print(f"| {name} | {_quartiles(a)} | {_quartiles(b)} | {'' if ok else 'missed'} |")
    for name, of in (("ph<7.05", lambda ph: ph < 7.05), ("ph<=7.15", lambda ph: ph <= 7.15)):
        a, b = of(real["ph"]).mean(), of(made["ph"]).mean()
        ok = abs(a - b) <= 3.5 * np.sqrt(b * (1 - b) / len(real))
        missed += [] if ok else [name]
        print(f"| share of {name} | {a:.3f} | {b:.3f} | {'' if ok else 'missed'} |")
    print(f"\n{len(missed)} missed: {'; '.join(missed) or 'none'}\n")


def show_auroc(real: dict[str, tuple[float, ...]], made: list[dict[str, tuple[float, ...]]]) -> None:
    """The second table."""
    print(f"| AUROC | {' | '.join(f'{t}, real | {t}, simulated' for t in TARGETS)} |\n|---|---|---|---|---|")
    for name, values in real.items():
        simulated = np.array([batch[name] for batch in made])
        spread = simulated.std(axis=0, ddof=1) if len(made) > 1 else np.full(len(TARGETS), np.nan)
        cells = (
            f"{value:.3f} | {mean:.3f} ± {deviation:.3f}"
            for value, mean, deviation in zip(values, simulated.mean(axis=0), spread, strict=True)
        )
        print(f"| {name} | {' | '.join(cells)} |")


def _quartiles(values: np.ndarray) -> str:
    return f"{values[1]:.3g} ({values[0]:.3g} to {values[2]:.3g})"


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else np.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("--fast", action="store_true", help="one batch of 150, without the baselines")
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="of the cross-validation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--explained", type=float, help="of the simulator; its default where not given")
    parser.add_argument("--real", type=Path, help="keeps the statistics of the real recordings")
    options = parser.parse_args()
    logging.getLogger("fhr").setLevel(logging.ERROR)  # a set so small that a fold has no slope is no news here
    recordings = list(CTUUHB(options.folder))
    if options.real and options.real.is_file():
        real = pd.read_csv(options.real, index_col=0, dtype={0: str})
        real.index = real.index.astype(str)
    else:
        real = table(recordings)
        if options.real:
            real.to_csv(options.real)

    size, batches = (150, 1) if options.fast else (len(recordings), options.batches)
    knob = {} if options.explained is None else {"explained": options.explained}
    start = time.perf_counter()
    simulation, made, scores = iter(simulate(size * batches, seed=options.seed, **knob)), [], []
    seconds = 0.0
    for _ in range(batches):
        start = time.perf_counter()
        batch = list(islice(simulation, size))
        seconds += time.perf_counter() - start
        made.append(table(batch))
        scores.append(single(made[-1]) | ({} if options.fast else linear(made[-1], batch, options.repeats)))
    print(f"{len(real)} real, {batches} x {size} simulated recordings in {seconds:.1f} s, seed {options.seed}\n")
    show_quartiles(real, pd.concat(made, ignore_index=True))
    show_auroc(single(real) | ({} if options.fast else linear(real, recordings, options.repeats)), scores)


if __name__ == "__main__":
    main()
