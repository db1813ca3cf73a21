"""Reliability diagram, with the band in which chance leaves a calibrated model."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.calibration import calibration_curve

from fhr.compute import stream
from fhr.errors import FHRError

from .figure import Figure
from .inputs import checked_repeats
from .palette import BLUE, GREY, ORANGE

__all__ = ["reliability"]


def reliability(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = 10, *, n_simulations: int = 500, seed: int = 0
) -> Figure:
    """Draw observed frequency against mean probability in bins of equal mass, above a histogram of probabilities.

    The bars are where 95% of the points would lie for a perfectly calibrated model with these same probabilities:
    labels drawn from them, binned alike (consistency bars); the band joins them. Points outside them speak against
    calibration; distance from the diagonal alone does not. One point in twenty is outside by chance.

    With several repeats of a cross-validation, their probabilities are binned together, and one label is drawn for a
    record in all its repeats: more repeats do not make it look as if there were more records.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,) or (n_repeats, n), in [0, 1].
        bins: number of bins; equal probabilities stay together, so there may be fewer.
        n_simulations: how many times labels are drawn for the bars.
        seed: of the draws.

    Raises:
        OutcomeError: labels that are not 0 or 1, or of one class only.
        FHRError: probabilities of another shape, not finite, or outside [0, 1]; fewer than one bin or simulation.

    Source:
        Bröcker and Smith 2007, Weather Forecast. 22:651, doi:10.1175/WAF993.1.
    """
    y, p = checked_repeats(labels, probabilities, name="probabilities")
    if p.min() < 0 or p.max() > 1:
        raise FHRError(f"probabilities range from {p.min():.4g} to {p.max():.4g}; they must lie in [0, 1]")
    if bins < 1 or n_simulations < 1:
        raise FHRError(f"bins={bins}, n_simulations={n_simulations}; give at least 1 of each")
    generator = stream(seed, "labels of a calibrated model")
    observed, given = calibration_curve(np.tile(y, len(p)), p.ravel(), n_bins=bins, strategy="quantile")
    drawn = generator.random((n_simulations, 1, len(y))) < p  # one label a record, in all its repeats
    low, high = np.percentile(_frequencies(drawn.reshape(n_simulations, -1), p.ravel(), bins), [2.5, 97.5], axis=0)

    figure = Figure(figsize=(4.8, 5.8), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    top = min(1.0, 1.08 * max(p.max(), observed.max(), high.max()))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", label="perfect calibration")
    axes.vlines(given, low, high, color=GREY, alpha=0.4, linewidth=7, label="95% of calibrated models")
    axes.fill_between(given, low, high, color=GREY, alpha=0.15, linewidth=0)
    axes.plot(given, observed, color=BLUE, marker="o", markersize=5, linewidth=1.2, label="observed")
    axes.axhline(y.mean(), color=ORANGE, linewidth=0.8, linestyle=":", label=f"prevalence {y.mean():.3f}")
    axes.set(xlim=(-0.02 * top, top), ylim=(-0.02 * top, top), ylabel="observed frequency")
    repeats = f", {len(p)} repeats" if len(p) > 1 else ""
    axes.set_title(f"{y.sum()} positive of {len(y)}{repeats}", fontsize="medium")
    axes.legend(loc="upper left", fontsize="small")
    axes.grid(alpha=0.3)
    below.hist(p.ravel(), bins=np.linspace(0, top, 41), weights=np.full(p.size, 1 / len(p)), color=BLUE, alpha=0.7)
    below.set(xlabel="probability", ylabel="records")
    below.grid(alpha=0.3)
    return figure


def _frequencies(drawn: np.ndarray, p: np.ndarray, bins: int) -> np.ndarray:
    """Frequencies (draw, bin) of labels (draw, n) in the bins of `calibration_curve`, which takes one at a time."""
    edges = np.percentile(p, np.linspace(0, 100, bins + 1))
    inside = np.searchsorted(edges[1:-1], p)[:, None] == np.arange(bins)
    inside = inside[:, inside.any(axis=0)].astype(float)
    return drawn @ inside / inside.sum(axis=0)
