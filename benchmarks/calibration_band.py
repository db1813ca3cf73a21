"""Coverage and width of the 95% band of the calibration curve, at given scores, in simulation.

    OMP_NUM_THREADS=1 python benchmarks/calibration_band.py [--draws 300]

Scores are normal, the outcome follows a line of log-odds with a known slope; n = 442, 7% and 20% have the label. Each
row says how often the band of ridge-Platt held the true curve at seven quantiles of the score, and how wide it was
there in probability. Beside it the Venn-Abers interval, which is no confidence interval.
"""

import argparse
import logging

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from fhr.calibration import CalibrationBand, RidgePlatt, VennAbers

N = 442
QUANTILES = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
AT = norm.ppf(QUANTILES)
GRID = norm.ppf((np.arange(2000) + 0.5) / 2000)


def row(prevalence: float, slope: float, draws: int) -> str:
    """One row of the table."""
    intercept = brentq(lambda a: expit(a + slope * GRID).mean() - prevalence, -15, 15)
    truth = expit(intercept + slope * AT)
    generator = np.random.default_rng([round(100 * prevalence), round(10 * slope)])
    held, widths, by_venn_abers = [], [], []
    for _ in range(draws):
        scores = generator.normal(size=N)
        labels = (generator.random(N) < expit(intercept + slope * scores)).astype(int)
        calibrator = RidgePlatt().fit(scores, labels)
        below, above = CalibrationBand(calibrator, scores, labels).reach(AT[None])
        odds = logit(calibrator.predict(AT))
        low, high = expit(odds - below), expit(odds + above)
        held.append((low <= truth) & (truth <= high))
        widths.append(high - low)
        p0, p1 = VennAbers().fit(scores, labels).interval(AT)
        by_venn_abers.append((p0 <= truth) & (truth <= p1))
    coverage = np.mean(held, axis=0)
    said = " | ".join(f"{c:.2f} ({w:.3f})" for c, w in zip(coverage, np.mean(widths, axis=0), strict=True))
    return f"| {prevalence:.0%} | {slope:g} | {said} | {coverage.mean():.3f} | {np.mean(by_venn_abers):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=300)
    draws = parser.parse_args().draws
    logging.disable(logging.WARNING)  # of draws in which the score ranks by chance in the other direction
    quantiles = " | ".join(f"{q:.0%}" for q in QUANTILES)
    print(f"| with the label | slope | {quantiles} | mean | Venn-Abers |\n|" + "---|" * (len(QUANTILES) + 4))
    for prevalence in (0.07, 0.2):
        for slope in (0.0, 0.3, 0.7, 1.0, 1.5, 2.0):
            print(row(prevalence, slope, draws), flush=True)


if __name__ == "__main__":
    main()
