"""Pretraining of a trunk on simulated labours: what it reads of their truth, beside a rule of one line; seconds of CPU.

One `fhr fit --config pretrain`, whose best weights are left as `finished.ckpt` in the folder --out, with `reading.csv`,
a row a labour that was tested on and target, and `about.json`, how they were made; `shipped_trunk.py` makes of them the
trunk that comes with the package. The table (markdown): correlation of levels and AUROC of shares over the
time of a labour, averaged over labours, with 95% intervals that draw labours.

Other arguments are settings of the configuration, such as another trunk or recordings beside the labours:

python benchmarks/pretraining.py --out DIR [--labours 3000] [--epochs 30] [--seed 1] [SETTING ...]
    --model.init_args.model=fhr.models.InceptionNet --model.init_args.model.init_args.n_filters=16
    --data.init_args.fhrma=DIR
"""

import argparse
import json
import shlex
import time
from pathlib import Path

from fhr.cli.quiet_libraries import quieten
from fhr.cli.training_cli import TrainingCLI
from fhr.losses import TruthLoss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights and the readings")
    parser.add_argument("--labours", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked, settings = parser.parse_known_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    quieten()
    start = time.process_time()
    arguments = ["fit", "--config", "pretrain", "--trainer.logger", "false", "--checkpoint.dirpath", str(asked.out)]
    arguments += ["--seed_everything", str(asked.seed), "--trainer.max_epochs", str(asked.epochs)]
    cli = TrainingCLI([*arguments, "--data.init_args.labours", str(asked.labours), *settings])
    fitted = time.process_time()
    found = cli.model.evaluate(cli.datamodule)  # type: ignore[operator]
    found.predictions.to_csv(asked.out / "reading.csv", index=False)
    network, facts = cli.model.model, cli.datamodule.facts
    n = sum(p.numel() for name, p in network.named_parameters() if name.split(".")[0] not in network.ends)
    tested = time.process_time()
    print(f"{type(network).__name__}, {n} parameters of the trunk, {len(facts.partition.train)} labours and recordings")
    seconds = f"{fitted - start:.0f} s of CPU, test {tested - fitted:.0f} s"
    given = ["--labours", str(asked.labours), "--epochs", str(asked.epochs), "--seed", str(asked.seed), *settings]
    about = {"command": shlex.join(["python", "benchmarks/pretraining.py", *given]), "parameters": n}
    about |= {"labours": asked.labours, "seed": asked.seed, "seconds": fitted - start}
    known = {"ph": 0.0} if not cli.datamodule.outcome else {}
    about |= {"tested": len(facts.partition.test), "weights": cli.model.loss.weights | known}
    (asked.out / "about.json").write_text(json.dumps(about))
    print(f"best epoch {cli.model.epochs} of {asked.epochs}; {seconds}\n")
    print("| target | measure | read | 95% interval | rule | 95% interval |\n|---|---|---|---|---|---|")
    for target in TruthLoss.targets:
        read, rule = found.results[target], found.results[f"{target}_trivial"]
        cells = (f"{one.value:.3f} | {one.low:.3f} to {one.high:.3f}" for one in (read, rule))
        print(f"| {target} | {'AUROC' if target in TruthLoss.shares else 'correlation'} | {' | '.join(cells)} |")
    if "acidosis" in found.results:
        print("\nAUROC of pH <= 7.15: {:.3f} ({:.3f} to {:.3f})".format(*found.results["acidosis"]))


if __name__ == "__main__":
    main()
