"""FIGO and NICHD categories of CTU-UHB beside the readings of nine obstetricians.

OMP_NUM_THREADS=1 python benchmarks/guidelines.py FOLDER [--resamples 1000] [--disagreements FILE.csv]

FOLDER holds CTU-UHB and expert_evaluations.csv. The first three columns of a reading are taken as minutes 0 to 30 and
30 to 60 of the first stage and as the second stage: the abstract of Hruban et al. 2015 (doi:10.1111/jep.12368) has two
30-minute windows in the first stage of labour and one window in the second, and in the file the third is -1 in every
reading of a record without a second stage, and in nine of ten where it is 5 min or shorter. That the first two are the
halves of the hour before the second stage is how the database was cut, and not written anywhere that was found.

A category is judged on exactly that window, in segments of 10 min counted back from its end; baseline and events are
those of the whole recording. Readings of -1 and strips that the package cannot interpret are left out, and counted.
Of an expert's readings of one record the first counts; the second makes the intra-observer kappa. The majority is the
category of most experts, of a tie the graver one. "Expert and others" is the kappa of one expert with the majority of
the other eight, averaged over the nine: what the kappa of the package with the majority is to be compared with.
Brackets hold 95% bootstrap intervals over records.
"""

import argparse
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from fhr.datasets import CTUUHB
from fhr.morphology import analyze
from fhr.morphology.figo_2015 import figo_category
from fhr.morphology.nichd_2008 import nichd_category
from fhr.morphology.segments import find_segments
from fhr.morphology.strip import NOT_ASSESSED, events_of, strip_of
from fhr.preprocessing import clean

STEPS = ("first stage, 0 to 30 min", "first stage, 30 to 60 min", "second stage")
LABELS = ("normal", "suspicious", "pathological")  # 1, 2, 3 of the experts
SHORTEST = 300.0  # s of second stage, below which the experts gave no reading


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--disagreements", metavar="FILE.csv", help="normal to one and pathological to the other")
    options = parser.parse_args()
    ours = judged(options.folder)
    readings = pd.read_csv(Path(options.folder) / "expert_evaluations.csv", dtype={"rec_id": str})
    readings["time"] = readings.groupby(["rec_id", "expert_id"]).cumcount()
    far = [report(step, ours, readings, options.resamples) for step in range(3)]
    if options.disagreements:
        pd.concat(far).to_csv(options.disagreements, index=False)


def judged(folder: str) -> pd.DataFrame:
    """A row for each strip: record, step, category and criteria of FIGO and NICHD."""
    rows = []
    for recording in CTUUHB(folder):
        morphology = analyze(recording)
        fhr = clean(recording).fhr.astype(np.float64)
        baseline = morphology.baseline.astype(np.float64)
        windows = [(0.0, 1800.0), (1800.0, 3600.0)]
        if recording.duration - recording.stage2_start > SHORTEST:  # NaN without a second stage
            windows.append((recording.stage2_start, recording.duration))
        for step, (start, end) in enumerate(windows):
            strip = strip_of(morphology, start, end)
            rises = events_of(morphology.accelerations)
            found = (rises, strip.decelerations, strip.contractions, strip.uc_uncertain, strip.fhr_uncertain)
            segments = find_segments(fhr, baseline, recording.fs, *found, start_s=start, end_s=end)
            strip = strip._replace(segments=segments)
            row = {"record": recording.name, "step": step}
            for name, category in (("figo", figo_category(strip)), ("nichd", nichd_category(strip))):
                row |= {name: category.label, f"{name}_criteria": category.criteria}
            rows.append(row)
    return pd.DataFrame(rows)


def report(step: int, judged: pd.DataFrame, readings: pd.DataFrame, resamples: int) -> pd.DataFrame:
    """Print the tables of one window; return the records where the package and the majority are two classes apart."""
    here = judged[judged["step"] == step].set_index("record")
    column = f"eval_step{step + 1}"
    of_time = [
        readings[readings["time"] == time].pivot(index="rec_id", columns="expert_id", values=column) for time in (0, 1)
    ]
    first, second = (table.reindex(here.index).where(lambda x: x > 0).to_numpy() for table in of_time)
    package = here["figo"].map({label: k + 1 for k, label in enumerate(LABELS)}).to_numpy(float)
    vote = majority(first)

    print(f"\n## {STEPS[step]}: {len(here)} strips\n")
    print("| | normal | suspicious | pathological | uninterpretable or no reading |\n|---|---|---|---|---|")
    for name, values in (("this package", package), ("majority", vote), ("all readings", first.ravel())):
        shares = [np.mean(values[~np.isnan(values)] == k) for k in (1, 2, 3)]
        print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + f" | {np.isnan(values).mean():.1%} |")
    tiers = Counter(here["nichd"])
    print("\nNICHD: " + ", ".join(f"{label} {n / len(here):.1%}" for label, n in sorted(tiers.items())))

    experts = range(first.shape[1])
    others = [majority(np.delete(first, k, axis=1)) for k in experts]
    open_rule = np.array([any(c.category == NOT_ASSESSED for c in row) for row in here["figo_criteria"]])
    pairs = {
        "this package and the majority": [(package, vote)],
        "the same, every rule assessed": [(np.where(open_rule, np.nan, package), vote)],
        "expert and others, mean of 9": [(first[:, k], others[k]) for k in experts],
        "this package and an expert, mean of 9": [(package, first[:, k]) for k in experts],
        "two experts, mean of 36 pairs": [(first[:, i], first[:, k]) for i, k in combinations(experts, 2)],
        "one expert twice, pooled": [(first, second)],
    }
    draws = np.random.default_rng(0).multinomial(len(here), np.full(len(here), 1 / len(here)), size=resamples)
    print("\n| | linear kappa | quadratic kappa | agreement | n |\n|---|---|---|---|---|")
    for name, both in pairs.items():
        line(name, both, draws)
    for k in experts:
        line(f"this package and expert {k + 1}", [(package, first[:, k])], draws)

    print("\n| package, by majority | normal | suspicious | pathological |\n|---|---|---|---|")
    for k, label in enumerate(LABELS):
        cells = [int(np.sum((package == k + 1) & (vote == v))) for v in (1, 2, 3)]
        print(f"| {label} | " + " | ".join(map(str, cells)) + " |")

    for guideline in ("figo", "nichd"):
        fired = Counter((c.name, c.category) for criteria in here[f"{guideline}_criteria"] for c in criteria)
        print(
            f"\n| {guideline} criterion | category | strips | mean of the experts' readings there |\n|---|---|---|---|"
        )
        for (name, category), count in fired.most_common():
            there = [
                any((c.name, c.category) == (name, category) for c in row) for row in here[f"{guideline}_criteria"]
            ]
            print(f"| {name} | {category} | {count / len(here):.1%} | {np.nanmean(first[np.array(there)]):.2f} |")

    apart = np.abs(package - vote) == 2
    why = ["; ".join(f"{c.name} {c.value:.3g}" for c in row) for row in here["figo_criteria"]]
    table = pd.DataFrame({"record": here.index, "step": step + 1, "figo": here["figo"].to_numpy(), "majority": vote})
    return table.assign(criteria=why)[apart]


def majority(readings: np.ndarray) -> np.ndarray:
    """Category of most experts (n, experts) -> (n,); of a tie the graver one, NaN without a reading."""
    votes = np.stack([(readings == k).sum(axis=1) for k in (1, 2, 3)], axis=1)
    winner = 3 - np.argmax(votes[:, ::-1], axis=1)
    return np.where(votes.sum(axis=1) > 0, winner, np.nan)


def line(name: str, pairs: list[tuple[np.ndarray, np.ndarray]], draws: np.ndarray) -> None:
    """Kappas of pairs of readings, (n,) or (n, experts) each, averaged over the pairs, with bootstrap intervals."""
    cells = [np.zeros((len(draws[0]), 3, 3)) for _ in pairs]
    values: dict[str, list[float]] = {"linear": [], "quadratic": []}
    agreement, n = [], 0
    for table, (one, two) in zip(cells, pairs, strict=True):
        known = ~np.isnan(one) & ~np.isnan(two)
        np.add.at(table, (np.nonzero(known)[0], one[known].astype(int) - 1, two[known].astype(int) - 1), 1)
        for weights, found in values.items():
            found.append(cohen_kappa_score(one[known], two[known], labels=[1, 2, 3], weights=weights))
        agreement.append(np.mean(one[known] == two[known]))
        n += int(known.sum())
    text = []
    for power, weights in ((1, "linear"), (2, "quadratic")):
        boot = np.mean([kappas(np.tensordot(draws, table, 1), power) for table in cells], axis=0)
        whole = np.mean([kappas(table.sum(axis=0), power) for table in cells])
        value = np.mean(values[weights])
        if abs(whole - value) > 1e-9:
            raise SystemExit(f"kappa of {name}: {whole} here, {value} by scikit-learn")
        low, high = np.percentile(boot, [2.5, 97.5])
        text.append(f"{value:.3f} ({low:.3f} to {high:.3f})")
    print(f"| {name} | {text[0]} | {text[1]} | {np.mean(agreement):.1%} | {n} |")


def kappas(table: np.ndarray, power: int) -> np.ndarray:
    """Weighted kappa of each contingency table (..., 3, 3)."""
    cost = np.abs(np.subtract.outer(np.arange(3), np.arange(3))) ** power
    expected = table.sum(axis=-1)[..., :, None] * table.sum(axis=-2)[..., None, :]
    total = table.sum(axis=(-2, -1))
    return 1 - (table * cost).sum(axis=(-2, -1)) * total / (expected * cost).sum(axis=(-2, -1))


if __name__ == "__main__":
    main()
