"""External validation and local recalibration where the truth is known.

    python benchmarks/external_validation.py [--data-sets 200]

A model gives probabilities with logit p normal over births; the true risk of a birth is expit(a + b logit p). With
a = 0, b = 1 the model is calibrated, and its tests of calibration have to have uniform p-values. Elsewhere it is one
that came from another hospital, and n births recalibrate it: how far the recalibrated probabilities then are from the
true risks, whether the learning curve of one hospital tells so, whether cross-fitted numbers are those of new births,
and how often the interval of a recalibrated probability holds the true risk.
"""

import argparse

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, xlogy
from scipy.stats import kstest

from fhr.calibration import METHODS, Recalibration
from fhr.calibration.recalibration import lines_of
from fhr.evaluation import cross_fitted, learning_curve
from fhr.metrics import calibration_line, exact_interval
from fhr.metrics.calibration_error import calibration_errors
from fhr.metrics.cox import calibration_p_values, log_odds

SPREAD = 1.0  # standard deviation of logit p, that of an AUROC of about .75
SIZES = (20, 50, 100, 200, 400)
AWAY = {"shift of odds x2": (np.log(2), 1.0), "slope 0.7": (0.0, 0.7), "both": (np.log(2), 0.7)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-sets", type=int, default=200, help="hospitals a row")
    options = parser.parse_args()
    tests(options.data_sets)
    recalibrations(options.data_sets)
    intervals(options.data_sets)


def births(n: int, prevalence: float, a: float, b: float, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Log-odds of the model, true risks and labels; the true prevalence is as asked for, the slope b.

    The shift a is on top: the model believes in a prevalence whose log-odds are a lower.
    """
    grid = expit(np.random.default_rng(0).normal(size=20_000) * SPREAD)
    z = logit(grid)
    centre = brentq(lambda c: expit(a + b * (c + z)).mean() - prevalence, -30, 30)
    x = centre + SPREAD * generator.normal(size=n)
    risk = expit(a + b * x)
    return x, risk, (generator.random(n) < risk).astype(np.int64)


def tests(data_sets: int) -> None:
    """P-values of the tests of calibration on births that had no part in the model; ten outcomes a set of births."""
    print("| births | prevalence | truth | Cox: KS p | rejected at 5% | ECE: KS p | rejected at 5% |")
    print("|" + "---|" * 7)
    for n, prevalence in ((100, 0.2), (442, 0.07), (442, 0.2), (2000, 0.07)):
        for truth, (a, b) in ({"calibrated": (0.0, 1.0)} | AWAY).items():
            generator = np.random.default_rng([n, round(100 * prevalence)])
            cox, ece = [], []
            for _ in range(data_sets):
                x, risk, _ = births(n, prevalence, a, b, generator)
                p, labels = expit(x), generator.random((10, n)) < risk
                cox.append(calibration_p_values(labels, p))
                perfect = np.sort(calibration_errors(generator.random((500, n)) < p, p, 10))
                below = np.searchsorted(perfect, calibration_errors(labels, p, 10) - 1e-12)
                ece.append((1 + 500 - below) / 501)
            shown = [f"{n} | {prevalence:.0%} | {truth}"]
            for values in (np.concatenate(cox), np.concatenate(ece)):
                known = values[np.isfinite(values)]
                found = exact_interval(int((known < 0.05).sum()), len(known))
                uniform = f"{kstest(known, 'uniform').pvalue:.2f}" if truth == "calibrated" else "-"
                shown += [uniform, f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"]
            print(f"| {' | '.join(shown)} |", flush=True)


def recalibrations(data_sets: int) -> None:
    """Error of recalibrated probabilities on births of the hospital, and what one hospital can see of it."""
    print("\n| prevalence | method | n | usable | error of p | excess log-loss | gain, true | gain, learning curve |")
    print("|" + "---|" * 8)
    a, b = AWAY["both"]
    for prevalence in (0.07, 0.2):
        generator = np.random.default_rng(round(100 * prevalence))
        x, risk, _ = births(20_000, prevalence, a, b, generator)
        nothing = loss(risk, expit(x))
        print(
            f"| {prevalence:.0%} | none | 0 | 1.00 | {np.abs(expit(x) - risk).mean():.4f} "
            f"| {nothing - loss(risk, risk):.4f} | - | - |"
        )
        curves = []
        for seed in range(20):
            local, _, y = births(600, prevalence, a, b, generator)
            curves.append(
                learning_curve(y, expit(local), sizes=SIZES, repeats=50, seed=seed).set_index(["method", "n"])
            )
        for method in METHODS:
            for n in SIZES:
                errors, losses = [], []
                for _ in range(data_sets):
                    local, _, y = births(n, prevalence, a, b, generator)
                    enough = min(y.sum(), n - y.sum()) >= (5 if method == "ridge_platt" else 1)
                    if enough:
                        intercept, slope = lines_of(method, local, y, np.ones((1, n), dtype=np.int64))[0]
                        p = expit(intercept + slope * x)
                        errors.append(np.abs(p - risk).mean())
                        losses.append(loss(risk, p))
                usable = len(errors) / data_sets
                seen = np.nanmean([curve.loc[(method, n), "gain"] for curve in curves])
                after = np.mean(losses)
                told = f"{np.mean(errors):.4f} | {after - loss(risk, risk):.4f} | {nothing - after:.4f}"
                print(f"| {prevalence:.0%} | {method} | {n} | {usable:.2f} | {told} | {seen:.4f} |", flush=True)
    print("\n| prevalence | births | log-loss, fitted births | cross-fitted | new births | mean slope, cross-fitted |")
    print("|" + "---|" * 6)
    for prevalence, n in ((0.07, 200), (0.07, 442), (0.2, 100), (0.2, 442)):
        generator = np.random.default_rng([1, round(100 * prevalence), n])
        rows = []
        while len(rows) < data_sets:
            local, _, y = births(n, prevalence, a, b, generator)
            if min(y.sum(), n - y.sum()) < 10:
                continue
            p = expit(local)
            made = Recalibration.fit(y, p)
            apart = cross_fitted(y, p, "ridge_platt", seed=len(rows))
            new, risk, _ = births(5000, prevalence, a, b, generator)
            losses = loss(y, made.predict(p)), loss(y, apart), loss(risk, made.predict(expit(new)))
            rows.append((*losses, calibration_line(y, apart).slope))
        within, cross, fresh, slope = np.mean(rows, axis=0)
        print(f"| {prevalence:.0%} | {n} | {within:.4f} | {cross:.4f} | {fresh:.4f} | {slope:.2f} |", flush=True)


def intervals(data_sets: int) -> None:
    """Coverage of the true risk by the interval of a recalibrated probability, at five log-odds of the model."""
    print("\n| prevalence | births | coverage at the 5, 25, 50, 75 and 95% points of the scores | mean width |")
    print("|" + "---|" * 4)
    a, b = AWAY["both"]
    for prevalence, n in ((0.07, 200), (0.07, 442), (0.2, 100), (0.2, 442)):
        generator = np.random.default_rng([2, round(100 * prevalence), n])
        hits, widths = [], []
        at = np.quantile(births(20_000, prevalence, a, b, generator)[0], (0.05, 0.25, 0.5, 0.75, 0.95))
        truth = expit(a + b * at)
        while len(hits) < data_sets:
            x, _, y = births(n, prevalence, a, b, generator)
            if min(y.sum(), n - y.sum()) < 5:
                continue
            low, high = Recalibration.fit(y, expit(x), seed=len(hits)).interval(expit(at))
            hits.append((low <= truth) & (truth <= high))
            widths.append(high - low)
        shown = ", ".join(f"{share:.2f}" for share in np.mean(hits, axis=0))
        print(f"| {prevalence:.0%} | {n} | {shown} | {np.mean(widths):.3f} |", flush=True)


def loss(risk: np.ndarray, p: np.ndarray) -> float:
    """Log-loss of p where the label is 1 with the probability `risk`, or is 0 or 1 itself."""
    p = expit(log_odds(p))
    return float(-np.mean(xlogy(risk, p) + xlogy(1 - risk, 1 - p)))


if __name__ == "__main__":
    main()
