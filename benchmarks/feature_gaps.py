"""What gaps do to each scalar feature: those of other windows laid over windows that are nearly complete.

OMP_NUM_THREADS=1 python benchmarks/feature_gaps.py FOLDER [TARGET]

FOLDER holds CTU-UHB. For each column: median and standard deviation over complete windows (less than 3% missing,
bridged); the median change by the gaps of windows that lack 8 to 60%, and its root mean square; then over all
windows as they are, Spearman's correlation with the loss, and the AUROC of the column alone for TARGET (ph<=7.15).
Below, what was not done: gaps set to the mean of the window, and Lempel-Ziv complexity stretch by stretch.
"""

import sys

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from fhr.datasets import CTUUHB
from fhr.features import BANDS, SCALAR_COLUMNS, band_power, coarse_grain, lempel_ziv, scalar_features
from fhr.features.symbol_complexity import phrases
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.preprocessing.true_runs import runs


def by_stretch(x: np.ndarray) -> float:
    pieces = [x[a:b] >= np.nanmedian(x) for a, b in zip(*runs(~np.isnan(x)), strict=True) if b - a >= 20]
    return sum(phrases(piece) * np.log2(len(piece)) for piece in pieces) / sum(len(piece) for piece in pieces)


def main(folder: str, target: str = "ph<=7.15", *, masks: int = 8) -> None:
    database = CTUUHB(folder)
    x = np.stack([clean(recording, DEFAULT_STEPS).fhr[-7200:] for recording in database]).astype(float)
    labels = database.labels(target).to_numpy()
    loss = np.isnan(x).mean(axis=-1)
    complete = np.stack(
        [np.interp(np.arange(len(w)), np.flatnonzero(w == w), w[w == w]) for w in x[loss < 0.03]]
    ).repeat(masks, axis=0)
    gaps = np.isnan(x[(loss > 0.08) & (loss < 0.6)])
    chosen = np.random.default_rng(0).integers(len(gaps), size=len(complete))
    masked = np.where(gaps[chosen], np.nan, complete)

    before, after, table = scalar_features(complete), scalar_features(masked), scalar_features(x)
    print(f"{len(complete) // masks} complete windows, {masks} masks each; {len(x)} windows of {target}")
    print(f"{'':24}{'median':>9}{'sd':>9}{'change':>9}{'rms':>9}{'r(loss)':>9}{'AUROC':>7}")
    for k, column in enumerate(SCALAR_COLUMNS):
        change = after[:, k] - before[:, k]
        known = np.isfinite(table[:, k]) & np.isfinite(labels)
        values = (
            np.nanmedian(before[:, k]),
            np.nanstd(before[:, k]),
            np.nanmedian(change),
            np.sqrt(np.nanmean(change**2)),
        )
        print(
            f"{column.name:24}" + "".join(f"{value:9.3f}" for value in values),
            f"{spearmanr(table[known, k], loss[known])[0]:8.2f}{roc_auc_score(labels[known], table[known, k]):7.3f}",
        )
    mean = np.where(np.isnan(masked), np.nanmean(masked, axis=-1, keepdims=True), masked)
    at_mean = band_power(mean) / np.mean(~np.isnan(masked), axis=-1, keepdims=True)
    reference = band_power(complete)
    for name, power in {"bridged": band_power(masked), "at the mean": at_mean}.items():
        ratio = np.nanmedian(power / reference, axis=0)
        print(f"power, gaps {name}: times " + ", ".join(f"{r:.2f} {b}" for r, b in zip(ratio, BANDS, strict=True)))
    whole, slow = lempel_ziv(coarse_grain(complete, 2)), coarse_grain(masked, 2)
    for name, values in {"joined": lempel_ziv(slow), "by stretch": np.array([by_stretch(w) for w in slow])}.items():
        print(f"lempel_ziv {name}: {np.nanmedian(values - whole):+.3f} in the median")


if __name__ == "__main__":
    main(*sys.argv[1:])
