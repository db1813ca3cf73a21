"""Paired comparisons of the kept predictions, and what their test is worth when procedures are trained anew.

python benchmarks/comparison.py [--against 'MODEL'] [--simulations 200] [--seed 0]

First `fhr compare` over the files of `oof/`: the area under the ROC curve of each model against one of them, by label.
Then two simulations of 442 records with one positive in five. `scores`: scores are drawn, each training has a strength
of its own, and both models share what they see of a record; the procedures are equal, or differ by the smallest
difference that is called detectable. `procedures`: five-fold cross-validation of linear models that see ten of twenty
equally good features each, so that no procedure is better; every data set is drawn anew, as other births would be. The
test of records alone is that of one bootstrap over records, two-sided at 5%; `divided` has training's variance over
the number of repeats.
"""

import argparse
from pathlib import Path

import numpy as np

from fhr.evaluation import oof_file, read_oof
from fhr.evaluation.comparison import compare
from fhr.evaluation.training_variance import Spread, spread_of, widened
from fhr.metrics.ranking import auroc_by_counts

LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
MODELS = (
    "21 order statistics, logistic",
    "21 order statistics, ridge on pH",
    "InceptionNet",
    "CTG-net",
    "MAD of the last 60 min alone",
    "signal loss of the last 60 min alone",
)
N, PREVALENCE, DRAWS = 442, 0.2, 300
OWN, CHANCE = 0.5, 0.3  # of `scores`: sd of what a procedure alone sees of a record, and of what one training adds


def comparisons(folder: Path, against: str) -> None:
    print(
        "| model | label | difference of AUROC | p | Holm | detectable | sd over records | sd of training | repeats |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for label in LABELS:
        models = {name: read_oof(oof_file(folder, name, label)) for name in (against, *MODELS)}
        for row in compare(models, ["auroc"]).to_dict("records"):
            print(
                f"| {row['model']} | `{label}` | {row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}) "
                f"| {row['p']:.3f} | {row['p_holm']:.3f} | {row['detectable']:.3f} | {row['sd_records']:.3f} "
                f"| {row['sd_training']:.3f} | {row['repeats']} |",
                flush=True,
            )


def areas(generator, y, one, other):
    """Difference in each repeat, and in each repeat and resample of the records."""
    counts = np.array([np.bincount(generator.integers(len(y), size=len(y)), minlength=len(y)) for _ in range(DRAWS)])
    counts = np.concatenate([np.ones((1, len(y)), dtype=counts.dtype), counts])
    both = [np.array([auroc_by_counts(y, scores, counts) for scores in rows]) for rows in (one, other)]
    difference = both[1] - both[0]
    return difference[:, 0], difference[:, 1:]


def scores(generator, repeats: int, training: float, by: float) -> tuple[np.ndarray, np.ndarray]:
    y = (generator.random(N) < PREVALENCE).astype(int)
    x, made = generator.normal(size=N), []
    for more in (0.0, by):
        strength = 1 + more + training * generator.normal(size=(repeats, 1))
        own, chance = OWN * generator.normal(size=N), CHANCE * generator.normal(size=(repeats, N))
        made.append(x + own + chance + strength * y)
    return areas(generator, y, *made)


def procedures(generator, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Four ridge regressions a fold, each on four of the procedure's ten features and a bootstrap of the records."""
    x = generator.normal(size=(N, 20))
    severity = 0.25 * x.sum(axis=1) + generator.logistic(size=N)
    y = (severity > np.quantile(severity, 1 - PREVALENCE)).astype(int)
    made = np.zeros((2, repeats, N))
    for r in range(repeats):
        shuffled = generator.permutation(N)
        fold = np.empty(N, dtype=int)
        fold[shuffled[np.argsort(y[shuffled], kind="stable")]] = np.arange(N) % 5
        for k in range(5):
            train, test = np.flatnonzero(fold != k), fold == k
            for model, columns in enumerate((np.arange(10), np.arange(10, 20))):
                for _ in range(4):
                    chosen, drawn = generator.choice(columns, 4, replace=False), generator.choice(train, len(train))
                    a = x[drawn][:, chosen] - x[drawn][:, chosen].mean(axis=0)
                    weights = np.linalg.solve(a.T @ a + 30 * np.eye(4), a.T @ (y[drawn] - y[drawn].mean()))
                    made[model, r, test] += x[test][:, chosen] @ weights
    return areas(generator, y, *made)


def rejected(differences: np.ndarray, draws: np.ndarray, seed: int) -> tuple[bool, bool, bool, Spread]:
    """Whether 0 lies outside the interval of records alone, with training's variance divided by R, and as published."""
    value, mean, spread, found = differences.mean(), draws.mean(axis=0), spread_of(differences, draws), []
    once = spread.total**2 - spread.records**2
    for variance in (0.0, once / len(differences), once):
        one = spread._replace(total=float(np.sqrt(spread.records**2 + variance)))
        if variance < once or np.isnan(spread.training):
            one = one._replace(freedom=np.inf)
        low, high = np.percentile(widened(value, mean, one, seed=seed), [2.5, 97.5])
        found.append(bool(low > 0 or high < 0))
    return found[0], found[1], found[2], spread


def simulate(n: int, seed: int) -> None:
    print("\n| simulation | repeats | records alone | divided | `fhr compare` | power at `detectable` | detectable |")
    print("|---|---|---|---|---|---|---|")
    for kind, training, repeats in (
        ("scores", 0.0, 3),
        ("scores", 0.2, 3),
        ("scores", 0.2, 10),
        ("procedures", None, 3),
        ("procedures", None, 10),
    ):
        generator = np.random.default_rng([seed, repeats, round(100 * (training or 0)), len(kind)])
        results = []
        for i in range(n):
            made = procedures(generator, repeats) if training is None else scores(generator, repeats, training, 0.0)
            results.append(rejected(*made, seed=i))
        shares = [np.mean([result[k] for result in results]) for k in range(3)]
        detectable, power = float(np.median([result[3].detectable() for result in results])), "-"
        if training is not None:
            by = gain_of(detectable)
            again = [rejected(*scores(generator, repeats, training, by), seed=i)[2] for i in range(n)]
            power = f"{np.mean(again):.2f}"
        name = kind if training is None else f"{kind}, strength of a training +- {training:g}"
        print(f"| {name} | {repeats} | " + " | ".join(f"{s:.3f}" for s in shares) + f" | {power} | {detectable:.3f} |")


def gain_of(area: float) -> float:
    """Strength that lifts the area of `scores` by `area`."""
    from scipy.stats import norm

    sd = np.sqrt(2 * (1 + OWN**2 + CHANCE**2))
    return float(sd * norm.ppf(norm.cdf(1 / sd) + area) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", default=MODELS[0])
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    comparisons(Path(__file__).parent, options.against)
    if options.simulations:
        simulate(options.simulations, options.seed)


if __name__ == "__main__":
    main()
