"""What the statistics that compare signals measure, and what they cost, on the records of CTU-UHB.

OMP_NUM_THREADS=1 python benchmarks/signal_statistics.py FOLDER [PART ...]

PART is one or more of

- cost: milliseconds of CPU a recording, by group and together, from the arrays of cleaned windows (16 at once) and
  from recordings in memory (cleaning included);
- real: lag, strength, skewness and coherence of all records; what time reversed does to skewness;
- swapped: the AUROC by which a statistic of coupling tells a record from the same FHR beside the UC of another record
  (three others each);
- lag: the lag of built signals, FHR = level - gain x UC delayed + noise of real FHR's slope, with the UC and the gaps
  of real records; the lag of simulated labours beside the true times from contractions to nadirs;
- stable: agreement of the lag between every other 10 min of an hour and the rest;
- band: the band of cumulants by scale, fitted to half of the records and asked of the others, and of these with
  random phases (straight lines over the gaps, which are put back);
- embedding: the Frechet distance that tells real records from records with one defect, in an embedding whose families
  weigh alike and in one whose statistics do.
"""

import argparse
import time

import numpy as np
from scipy.linalg import sqrtm

from fhr.datasets import CTUUHB
from fhr.features import FeatureSet, increment_moments, response_lag, scale_cumulants
from fhr.features.masked_smoothing import masked_smoothing
from fhr.preprocessing import block_mean
from fhr.processes import fbm
from fhr.simulation import simulate_labours
from fhr.synthesis import STATISTIC_FAMILIES, STATISTICS, Embedding, ScaleBand, signal_statistics, window_statistics
from fhr.synthesis.signal_statistics import COMPUTED

NAMES = [column.name for column in STATISTICS]
FAMILIES = list(STATISTIC_FAMILIES.values())
OTHERS = (57, 191, 333)  # places to the UC of another record


def seconds(x: np.ndarray) -> np.ndarray:
    return block_mean(x, 4)


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that one of the former is larger."""
    a, b = (x[np.isfinite(x)] for x in (positive, negative))
    return float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean())


def quantiles(x: np.ndarray) -> str:
    low, quarter, middle, three, high = np.nanquantile(x, (0.1, 0.25, 0.5, 0.75, 0.9))
    return f"{low:7.2f} {quarter:7.2f} {middle:7.2f} {three:7.2f} {high:7.2f}   known in {np.isfinite(x).sum()}"


def milliseconds(function, n: int, *, rounds: int = 5) -> float:  # type: ignore[no-untyped-def]
    function()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        taken.append(1e3 * (time.process_time() - start) / n)
    return float(np.median(taken))


def cost(fhr: np.ndarray, uc: np.ndarray, folder: str) -> None:
    x, y, n = fhr[:64], uc[:64], 64
    print(f"{len(STATISTICS)} statistics; ms of CPU a window of 60 min, median of 5 rounds over {n} windows")
    for group in COMPUTED.groups:
        one = FeatureSet(groups=(group,), minutes=60)
        ms = milliseconds(lambda one=one: [one.compute(x[i : i + 16], y[i : i + 16]) for i in range(0, n, 16)], n)
        print(f"  {group:20}{len(one.names):5} columns {ms:7.2f}")
    print(
        f"  {'window_statistics':20}{len(STATISTICS):5} columns {milliseconds(lambda: window_statistics(x, y), n):7.2f}"
    )
    recordings = [recording for recording, _ in zip(CTUUHB(folder), range(n), strict=False)]
    print(f"  {'signal_statistics':20}{'':13} {milliseconds(lambda: signal_statistics(recordings), n):7.2f}")


def real(fhr: np.ndarray, uc: np.ndarray) -> None:
    table = window_statistics(fhr, uc)
    print("quantiles of 10, 25, 50, 75, 90% over records")
    for name in (
        *("response_lag", "response_strength", "lag_60", "increment_skewness_1s", "increment_skewness_5s"),
        *("increment_skewness_30s", "coherence_contractions", "coherence_decelerations", "coherence_fast"),
    ):
        print(f"  {name:26}{quantiles(table[:, NAMES.index(name)])}")
    strength, lags = (table[:, NAMES.index(name)] for name in ("response_strength", "response_lag"))
    print(f"  lag where the strength is above its median: {quantiles(lags[strength > np.nanmedian(strength)])}")
    forth, back = (increment_moments(x)[:, 1] for x in (fhr, fhr[:, ::-1]))
    print(
        f"  5-s skewness below 0 in {np.mean(forth < 0):.0%}; largest |own + reversed| {np.abs(forth + back).max():.1e}"
    )
    few = [name for name, column in zip(NAMES, table.T, strict=True) if np.isnan(column).mean() > 0.05]
    print(f"  unknown in more than 5% of the records: {', '.join(few)}")


def swapped(fhr: np.ndarray, uc: np.ndarray) -> None:
    features = FeatureSet(groups=("event_statistics", "cross_channel", "coupling"), minutes=60)
    own = features.compute(fhr, uc)
    other = np.concatenate([features.compute(fhr, np.roll(uc, k, axis=0)) for k in OTHERS])
    names = features.names
    print(f"AUROC of the own UC against another record's, {len(own)} records")
    for k, name in enumerate(names):
        if name in ("answered_60", "c11") or name.startswith(("response_", "coherence_", "leader_", "wavelet_")):
            a, b = own[:, k], other[:, k]
            print(f"  {name:26}{auroc(a, b):6.3f}   size alone {auroc(np.abs(a), np.abs(b)):6.3f}")
    lag = names.index("response_lag")
    near = [np.mean((x[:, lag] > 0) & (x[:, lag] < 50)) for x in (own, other)]
    print(f"  lags within 0 to 50 s: own {near[0]:.0%}, another record's {near[1]:.0%}; one third of the range is 33%")


def lag(fhr: np.ndarray, uc: np.ndarray) -> None:
    lost = np.isnan(fhr).mean(axis=1), np.isnan(uc).mean(axis=1)
    known = np.flatnonzero(lost[1] < 0.02)
    known = known[np.nanstd(uc[known], axis=1) > 5][:60]
    activity = np.stack([np.interp(np.arange(14400), np.flatnonzero(u == u), u[u == u]) for u in uc[known]])
    gaps = np.flatnonzero((lost[0] > 0.1) & (lost[1] > 0.1))
    gaps = gaps[np.random.default_rng(0).integers(len(gaps), size=len(known))]
    masks = np.isnan(fhr[gaps]), np.isnan(uc[gaps])
    noise = fbm(14400, 0.6, size=len(known), seed=1)
    noise -= masked_smoothing(noise, (480.0,))[0]
    noise *= 5 / noise.std(axis=1, keepdims=True)
    waves = (activity - activity.mean(axis=1, keepdims=True)) / activity.std(axis=1, keepdims=True)
    print(
        f"{len(known)} built labours, noise of 5 bpm, {masks[0].mean():.0%} of FHR and {masks[1].mean():.0%} of UC lost"
    )
    for gain in (80.0, 8.0, 4.0):
        for delay in (0.0, 12.5, 30.0, 60.0):
            x = 140 - gain * np.roll(waves, round(delay * 4), axis=1) + noise
            with_gaps = [np.where(mask, np.nan, y) for mask, y in zip(masks, (x, activity), strict=True)]
            for words, pair in (("whole", (x, activity)), ("with gaps", with_gaps)):
                found, strength = response_lag(*map(seconds, pair)).T
                apart = np.abs(found - delay)
                print(
                    f"  falls of {gain:2g} bpm (SD) after {delay:4.1f} s, {words:9}: error median "
                    f"{np.nanmedian(found - delay):5.2f} s, below 1 s {np.mean(apart < 1):4.0%}, below 2 s "
                    f"{np.mean(apart < 2):4.0%}, all {np.nanmax(apart):5.1f} s; strength {np.nanmedian(strength):.2f}"
                )
    simulated_lags()


def simulated_lags(n: int = 80) -> None:
    true, found = [], []
    features = FeatureSet(groups=("coupling",), minutes=60)
    for labour in simulate_labours(n, seed=3):
        peak = labour.truth.events.of("contraction").extremum_s
        events = labour.truth.events.of("early", "late", "variable")
        here = events.extremum_s >= labour.recording.duration - 3600
        after = events.extremum_s[here, None] - peak
        after = np.where((after >= -30) & (after <= 120), after, np.inf)
        nearest = np.take_along_axis(after, np.abs(after).argmin(axis=1)[:, None], axis=1)[:, 0]
        some = np.isfinite(nearest)
        if some.sum() >= 5:
            true.append(np.average(nearest[some], weights=events.amplitude[here][some]))
            found.append(features(labour.recording)[:2])
    measured, strength = np.array(found).T
    error = measured - np.array(true)
    known = np.isfinite(error)
    strong = known & (strength > np.nanmedian(strength))
    print("simulated labours, lag minus the true mean time to the nadirs: 10, 25, 50, 75, 90%")
    for words, which in (("all", known), ("the more strongly coupled half", strong)):
        print(f"  {words}: {quantiles(error[which])}; below 10 s {np.mean(np.abs(error[which]) < 10):.0%}")


def stable(fhr: np.ndarray, uc: np.ndarray) -> None:
    first = np.arange(14400) // 2400 % 2 == 0
    here, there = (response_lag(seconds(np.where(k, fhr, np.nan)), seconds(uc))[:, 0] for k in (first, ~first))
    whole = response_lag(seconds(fhr), seconds(uc))
    strong = whole[:, 1] > np.nanmedian(whole[:, 1])
    apart = np.abs(here - there)
    for words, some in (
        ("all records", np.isfinite(apart)),
        ("the more strongly coupled half", strong & np.isfinite(apart)),
    ):
        shares = ", ".join(f"{np.mean(apart[some] <= d):.0%} within {d} s" for d in (2, 5, 10, 20))
        print(f"lags of every other 10 min and of the rest, {words} ({some.sum()}): {shares}")


def band(fhr: np.ndarray, uc: np.ndarray) -> None:
    order = np.random.default_rng(0).permutation(len(fhr))
    a, b = fhr[order[: len(fhr) // 2]], fhr[order[len(fhr) // 2 :]]
    curves, drawn = scale_cumulants(b), phases_drawn(b)
    skewness = [np.median(np.abs(increment_moments(x)[:, 1])) for x in (b, drawn)]
    print(f"median size of the 5-s skewness: {skewness[0]:.2f}, with random phases {skewness[1]:.2f}")
    of_drawn = scale_cumulants(drawn)
    print("records with 90% of C1(j), C2(j) inside the band, or near:")
    for minutes in (5.0, 10.0, 15.0, 30.0):
        fitted = ScaleBand.fit(a, minutes=minutes)
        first = np.arange(14400) // round(minutes * 240) % 2 == 0
        halves = [scale_cumulants(np.where(k, b, np.nan)) for k in (first, ~first)]
        shares = {
            "held-out records inside": fitted.inside(curves),
            # Halves differ by sqrt 2 times what hours would.
            "halves near": fitted.near(halves[0] / np.sqrt(2), halves[1] / np.sqrt(2)),
            "others near": np.concatenate([fitted.near(curves, np.roll(curves, k, axis=0)) for k in (1, 50, 99)]),
            "random phases inside": fitted.inside(of_drawn),
            "near": fitted.near(of_drawn, curves),
        }
        width = [np.round(fitted.within[m], 2) for m in (0, 1)]
        print(f"  parts of {minutes:g} min, largest difference of C1 {width[0]}, of C2 {width[1]}")
        print("   ", ", ".join(f"{words} {ninety(flags[:, :2]):.0%}" for words, flags in shares.items()))


def phases_drawn(x: np.ndarray) -> np.ndarray:
    """Signals of the same spectrum and gaps, Gaussian."""
    missing = np.isnan(x)
    filled = np.stack([np.interp(np.arange(len(row)), np.flatnonzero(row == row), row[row == row]) for row in x])
    wave = np.fft.rfft(filled)
    turn = np.exp(2j * np.pi * np.random.default_rng(0).random(wave.shape))
    turn[:, [0, -1]] = 1
    return np.where(missing, np.nan, np.fft.irfft(wave * turn, x.shape[1]))


def ninety(flags: np.ndarray) -> float:
    """Share of records with at least 90% of their cumulants flagged."""
    return float(np.mean(flags.reshape(len(flags), -1).mean(axis=1) >= 0.9))


def embedding(fhr: np.ndarray, uc: np.ndarray, *, n: int = 100, splits: int = 60) -> None:
    table = window_statistics(fhr, uc)
    defects = {
        "UC of another record": window_statistics(fhr, np.roll(uc, OTHERS[0], axis=0)),
        "FHR reversed in time": window_statistics(fhr[:, ::-1], uc[:, ::-1]),
        "gaps of another record": window_statistics(*(_gaps_of(x, np.roll(x, 1, axis=0)) for x in (fhr, uc))),
    }
    rng = np.random.default_rng(1)
    print(f"AUROC of the Frechet distance to held-out records, with the defect against without, {splits} splits")
    for words, families in (("families alike", FAMILIES), ("statistics alike", None)):
        own, with_defect = [], {name: [] for name in defects}
        for _ in range(splits):
            train, held, other = np.split(rng.permutation(len(table))[: 3 * n], 3)
            fitted = Embedding.fit(table[train], families)
            reference = fitted(table[held])
            own.append(frechet(fitted(table[other]), reference))
            for name, rows in defects.items():
                with_defect[name].append(frechet(fitted(rows[other]), reference))
        told = ", ".join(f"{name} {auroc(np.array(d), np.array(own)):.2f}" for name, d in with_defect.items())
        print(
            f"{words}, {n} records, {fitted.dimension} dimensions, {fitted.explained.sum():.0%} of the variance: {told}"
        )


def _gaps_of(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Signals with the gaps of others on top of their own."""
    return np.where(np.isnan(other), np.nan, x)


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    a, b = np.cov(x.T), np.cov(y.T)
    return float(((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b))))


PARTS = {f.__name__: f for f in (cost, real, swapped, lag, stable, band, embedding)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all of them where none is given")
    options = parser.parse_args()
    windows = [COMPUTED.windows(recording) for recording in CTUUHB(options.folder)]
    fhr, uc = (np.concatenate([getattr(one, name) for one in windows]) for name in ("fhr", "uc"))
    print(f"{len(fhr)} records, {np.isnan(fhr).mean():.0%} of FHR and {np.isnan(uc).mean():.0%} of UC missing")
    for name in options.parts or PARTS:
        print(f"== {name}", flush=True)
        PARTS[name](*([fhr, uc, options.folder] if name == "cost" else [fhr, uc]))


if __name__ == "__main__":
    main()
