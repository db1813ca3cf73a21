"""Make the model that comes with the package, its numbers and its model card anew.

python benchmarks/shipped_model.py FOLDER [--repeats 10] [--out fhr/prediction]

FOLDER holds CTU-UHB. One repeat of the whole cross-validation of the kernel line, without signal loss and without
covariates, gives the twenty models of each label, cross-fitted calibration included; ten repeats give the AUROC that
the cards show. Beside them it writes the minutes by which copies of the records are known. The same folder, packages
and machine give the same file to the bit; --check compares instead of writing.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import fhr
from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import (
    CrossValidation,
    MemoryStore,
    baseline_table,
    birth_groups,
    cross_validate,
    feature_table,
    lines,
    shortcut_report,
    subgroups,
)
from fhr.evaluation.ranking_fact import out_of_fold_ranking
from fhr.models import read_checkpoint
from fhr.models.kernel_bundle import BundledLine, pack_bundle
from fhr.prediction.known_minutes import KnownMinutes, minute_medians
from fhr.prediction.shipped import SHIPPED_MINUTES
from fhr.preprocessing import Pipeline

LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
LEADS = (10.0, 20.0, 30.0)
(LINE,) = lines(["kernel"])


def bundled(store: MemoryStore, result: CrossValidation, ranking: dict) -> list[BundledLine]:
    """Every model of a cross-validation, with the records that it was fitted to."""
    found, known = [], set(result.first.database.outcomes["ph"].dropna().index)
    with tempfile.TemporaryDirectory() as folder:
        for (repeat, fold), finished in sorted(store.folds.items()):
            for name, content in finished.networks.items():
                path = Path(folder, name)
                path.write_bytes(content)
                card, model = read_checkpoint(path)
                part = result.first.at(repeat, fold, card.fold[2]).partition
                names = tuple(n for n in (*part.train, *part.validation) if n in known)
                found.append(BundledLine(replace(card, ranking=ranking), model, names))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("fhr/prediction"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits, recordings = make_splits(database), list(database)
    # As the file keeps it: models that are read learn from these very numbers.
    table = feature_table(recordings, LINE.features()).astype(np.float32).astype(np.float64)
    statistics, groups = baseline_table(recordings), birth_groups(recordings)
    members, numbers, said = {}, {}, {}
    for label in LABELS:
        many = cross_validate(LINE.maker(table), database, target=label, splits=splits, repeats=options.repeats)
        ranking = out_of_fold_ranking(many.predictions)
        store = MemoryStore()
        one = cross_validate(LINE.maker(table, kept=True), database, target=label, splits=splits, store=store)
        members[label] = bundled(store, one, ranking)
        audit = shortcut_report(many.predictions, statistics, recordings)
        numbers[label] = {name: list(interval) for name, interval in many.metrics.items()}
        numbers[label] |= {f"audit {name}": list(interval) for name, interval in audit.items()}
        said[label] = subgroups(many.predictions, groups, statistics["loss_60"])
        print(label, many.measured["auroc"], file=sys.stderr)
    digests = dict(zip(database.names, database.digests, strict=True))
    content = pack_bundle(members, table, digests, {"version": fhr.__version__, "data": database.checksum})
    path = options.out / "shipped_model.npz"
    if options.check:
        same = path.read_bytes() == content
        print("the same to the bit" if same else "another file", file=sys.stderr)
        return 0 if same else 3
    path.write_bytes(content)
    KnownMinutes(database.names, np.array([minute_medians(one) for one in recordings])).write(
        options.out / SHIPPED_MINUTES.name
    )
    leads = {lead: lead_time(recordings, database, splits, lead, options.repeats) for lead in LEADS}
    card = model_card(database, numbers, said, leads, options.repeats)
    path.with_suffix(".md").write_text(card, encoding="utf-8")
    print(f"{path}: {len(content) / 1e6:.2f} MB", file=sys.stderr)
    return 0


def lead_time(recordings: list, database: CTUUHB, splits, lead: float, repeats: int) -> dict[str, str]:
    """AUROC of each label with the last minutes withheld, of the rest of the last hour."""
    pipeline = Pipeline(minutes=60 - lead, withheld=lead)
    table = feature_table([pipeline.cut(recording) for recording in recordings], LINE.features(pipeline))
    maker = LINE.maker(table, pipeline=pipeline)
    return {
        label: shown(cross_validate(maker, database, target=label, splits=splits, repeats=repeats).measured["auroc"])
        for label in LABELS
    }


def shown(interval) -> str:
    value, low, high = interval
    return f"{value:.3f} ({low:.3f} to {high:.3f})" if np.isfinite(low) else f"{value:.3f}"


def model_card(database: CTUUHB, numbers: dict, groups: dict, leads: dict, repeats: int) -> str:
    rows = {
        "AUROC": "auroc",
        "AUROC beside births of equal signal loss in the last 60 min": "audit matched_auroc",
        "the same of the last 20 min": "audit matched_auroc_20",
        "AUROC among births with signal in the last 5 min": "audit auroc_signal_5",
        "sensitivity at 90% specificity": "sensitivity_at_90_specificity",
        "Brier skill": "brier_skill",
        "calibration slope": "calibration_slope",
        "p of calibration, under the procedure's own null": "cox_p",
        "rank correlation of score and signal loss": "audit loss_spearman",
    }
    results = [
        f"| {name} | " + " | ".join(shown(numbers[label][key]) for label in LABELS) + " |" for name, key in rows.items()
    ]
    withheld = [f"| {lead:g} min | " + " | ".join(of[label] for label in LABELS) + " |" for lead, of in leads.items()]
    first = groups[LABELS[0]]
    by_group = []
    for i, (grouping, group) in enumerate(zip(first["grouping"], first["group"], strict=True)):
        cells = [shown(tuple(groups[label].iloc[i][["auroc", "low", "high"]])) for label in LABELS]
        by_group.append(f"| {grouping}: {group} | {first.iloc[i]['n']} | " + " | ".join(cells) + " |")
    head = " | ".join(f"`{label}`" for label in LABELS)
    rule = "|---|" + "---|" * len(LABELS)
    positives = ", ".join(f"`{label}` {int(groups[label].iloc[0]['positives'])}" for label in LABELS)
    new = "\n"
    return f"""# Model card: the kernel line that comes with the package

Research software, **not a medical device**: it must not guide the care of any patient.

- Model: kernel ridge regression on {len(LINE.features().names)} statistics of the last 60 min of fetal heart rate and
  uterine activity ({", ".join(LINE.features().groups)}); `fhr.models.KernelLine`. No column says how much
  signal was lost, and it is given nothing of the mother or the birth. Twenty models a label (five outer, four inner
  folds), averaged and calibrated.
- Trained on: {len(database)} records of the CTU-UHB database, deliveries in one hospital in Brno, 2010 to 2012, chosen
  by its authors (Chudáček et al. 2014, BMC Pregnancy and Childbirth 14:16, doi:10.1186/1471-2393-14-16; PhysioNet:
  Goldberger et al. 2000, Circulation 101:e215, doi:10.1161/01.CIR.101.23.e215; Open Data Commons Attribution License
  v1.0). Births with the label: {positives}. Data checksum `{database.checksum[:16]}`.
- The decay, weights and penalty of its kernels were chosen on these records among a few hundred variants: the numbers
  below may be flattered by about 0.01.
- What of single births it contains: {len(LINE.features().names)} statistics of the last hour of each training record,
  the checksum of its file, its name in the database, and its labels; beside the model, in `shipped_minutes.npz`, the
  median heart rate of each of its last 60 minutes, by which copies are known. No other signal, no name of a person,
  no date.
- Made by `python benchmarks/shipped_model.py` with version {fhr.__version__}.

## Out-of-fold performance

{repeats} repeats of five folds by record; 95% intervals over records.

| | {head} |
{rule}
{new.join(results)}

## Lead time

The last minutes withheld, AUROC from the rest of the last hour, of a kernel line that was trained on such windows. They
were placed after birth, by when it was: nobody knows that at the bedside.

| withheld | {head} |
{rule}
{new.join(withheld)}

## Subgroups

Groups overlap, are small and were many: they describe, and test nothing. nan: fewer than 5 births of a class.

| | births | {head} |
|---|---|{"---|" * len(LABELS)}
{new.join(by_group)}

## What it must not be used for

- Any decision about a patient, a time to deliver, or an order of urgency.
- A birth that is not near: it learnt from the last hour before delivery. Earlier windows are extrapolations, and say
  so.
- Twins, fewer than 36 completed weeks, known malformations: such births are not in the database.
- Another population without a test on births of one's own: prevalence and monitors change every
  probability.
- Recordings of less than 60 min, of a rate that is no whole number of Hz, or with so little valid signal that most
  statistics cannot be computed: they are refused. Where uterine activity is missing its statistics take the usual
  values, and where the end of the hour is silent the answer rests on what is before it, both with a warning; about
  synthetic and imputed recordings the model abstains.
"""


if __name__ == "__main__":
    sys.exit(main())
