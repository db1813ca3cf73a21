"""Make the pretrained trunk that comes with the package, and the card beside it, anew.

python benchmarks/pretraining.py --out DIR
python benchmarks/networks.py FOLDER run random --config pretrained_kernel --out DIR \
    --set model.init_args.weights=null model.init_args.model.init_args.learn=statistics
python benchmarks/networks.py FOLDER run frozen --config pretrained_kernel --out DIR \
    --set model.init_args.weights=DIR/finished.ckpt
python benchmarks/shipped_trunk.py DIR [--out fhr/models] [--check]

FOLDER holds CTU-UHB. The pretraining leaves `finished.ckpt`, `reading.csv` and `about.json` in DIR; the two runs say
what a kernel-ridge head makes of the trunk, beside the same trunk at random weights. The same packages and machine give
the same file to the bit; --check compares instead of writing. Weights that learnt from anything but simulated labours
without an outcome are refused.
"""

import argparse
import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from networks import TARGETS, by_target, difference, measured

from fhr.losses import TruthLoss
from fhr.models import Trunk, read_checkpoint
from fhr.models.shipped_trunk import SHIPPED_TRUNK, write_shipped_trunk
from fhr.tasks.readings import mean_readings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pretraining", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("fhr/models"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    card, trunk = read_checkpoint(options.pretraining / "finished.ckpt")
    about = json.loads((options.pretraining / "about.json").read_text())
    if not isinstance(trunk, Trunk) or set(card.kinds or {}) != {"simulated"} or card.seen != set(card.learnt_from):
        sys.exit(f"{card.kinds}: only a trunk that learnt from simulated labours without an outcome is given away")
    path = options.out / SHIPPED_TRUNK.name
    if options.check:
        with tempfile.TemporaryDirectory() as folder:
            same = write_shipped_trunk(card, trunk, Path(folder, path.name)).read_bytes() == path.read_bytes()
        print("the same to the bit" if same else "another file", file=sys.stderr)
        return 0 if same else 3
    write_shipped_trunk(card, trunk, path)
    path.with_suffix(".md").write_text(card_text(card, trunk, about, options.pretraining), encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB", file=sys.stderr)
    return 0


def shown(interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def items(lines: Sequence[str]) -> str:
    wrap = textwrap.TextWrapper(118, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(map(wrap.fill, lines))


def card_text(card, trunk: Trunk, about: dict, folder: Path) -> str:
    found = mean_readings(pd.read_csv(folder / "reading.csv"))
    rows = []
    for target in TruthLoss.targets:
        read, rule = (shown(found[name]) for name in (target, f"{target}_trivial"))
        rows.append(f"| {target} | {'AUROC' if target in TruthLoss.shares else 'correlation'} | {read} | {rule} |")
    random, frozen = (pd.read_csv(folder / f"{name}.csv") for name in ("random", "frozen"))
    worth = [
        f"| {name} | " + " | ".join(f"{auroc:.3f}" for auroc, *_ in map(measured, by_target(frame))) + " |"
        for name, frame in (("random weights", random), ("these weights", frozen))
    ]
    ends = {"n_channels", *trunk.end_arguments}
    arguments = ", ".join(f"{key}={value}" for key, value in card.network["init_args"].items() if key not in ends)
    channels = ", ".join(card.pipeline["channels"])
    learnt = ", ".join(f"{name} ({weight:g})" for name, weight in about["weights"].items() if weight)
    facts = (
        f"Network: `{card.network['class_path']}` ({arguments}), of which the sequence of features is there, "
        f"{about['parameters']} parameters, without pooling and head.",
        "Use: `model.init_args.weights: shipped` (`fhr fit --config pretrained_kernel`), for a network around such a "
        "trunk.",
        f"Learnt from: {len(card.learnt_from)} simulated labours ({', '.join(card.made_by)}), {about['labours']} of "
        "them to train on and the others to stop the training; no recording of a birth, no outcome of anybody, nothing "
        "under the GPL.",
        f"Learnt what, with its weight in the loss (`fhr.losses.TruthLoss`): {learnt}; {card.epochs} epochs.",
        f"Made by `{about['command']}` ({about['seconds']:.0f} s of CPU) and `python benchmarks/shipped_trunk.py`, "
        f"version {card.version}.",
    )
    limits = (
        "A simulated trace is no evidence about fetuses: what is read there was put there by the simulator.",
        "How simulated labours look was tuned to these records of CTU-UHB, whatever their outcome, and what is learnt "
        "was chosen among some pretrainings by the table above: its difference may be flattered.",
        f"The trunk knows windows at {card.pipeline['fs']:g} Hz with the channels {channels}; others are refused.",
    )
    new = "\n"
    return f"""# Model card: the pretrained trunk that comes with the package

Research software, **not a medical device**: it must not guide the care of any patient. The weights predict nothing by
themselves.

{items(facts)}

## What is read off {about["tested"]} other simulated labours

Over the time of each labour, averaged over labours, with 95% intervals that draw labours; the rule is one line on the
recorded signals.

| target | measure | read | rule |
|---|---|---|---|
{new.join(rows)}

## What a head makes of it

AUROC of a kernel-ridge head on the frozen trunk (`pretrained_kernel`), out-of-fold on 442 records of CTU-UHB, one
repeat of five folds, beside the same head on the same trunk at random weights.

| trunk | {" | ".join(f"`{target}`" for target in TARGETS)} |
|---|{"---|" * len(TARGETS)}
{new.join(worth)}

Mean of the three, these weights minus random ones, with its 95% interval over records and the smallest difference that
could be shown: {difference(random, frozen, 1000)}.

## Limits

{items(limits)}
"""


if __name__ == "__main__":
    sys.exit(main())
