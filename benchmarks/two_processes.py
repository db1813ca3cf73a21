"""A network trained by two processes (DDP, gloo) beside the same by one: AUROC over seeds, and a kill with its resume.

    python benchmarks/two_processes.py --seeds 4

One process takes batches of 32, two take 16 each. Batch normalization then knows 16 records; so it does in one process
that adds the gradients of two batches of 16 before each step ("in halves"). All processes are forks of one that has
imported everything, with the environment that `torchrun` gives. The kill takes both once the first epoch is kept;
weights are compared to the bit.
"""

import argparse
import csv
import io
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

CONFIGURATION = """
model:
  class_path: fhr.tasks.ClassificationTask
  init_args:
    model:
      class_path: fhr.models.InceptionNet
      init_args: {n_filters: 4, kernel_sizes: [5, 11], depth: 2, stride: 4}
    loss: fhr.losses.PHRegression
data:
  class_path: fhr.datamodules.SimulatedDataModule
  init_args: {n: 400, simulation_seed: 1, explained: 0.9, target: ph<7.20, augmentation: fhr.preprocessing.Augmentation}
trainer: {max_epochs: 12, deterministic: true, accelerator: cpu}
"""


PLAIN = """
import torch
from fhr.models import MaskedMeanStd, Network


class PlainNet(Network):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()
        self.conv = torch.nn.Conv1d(n_channels, 8, 15, stride=4, padding=7)
        self.pool, self.head = MaskedMeanStd(), torch.nn.Linear(16, n_outputs)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        valid = torch.nn.functional.avg_pool1d(signal[:, -1:], 4, ceil_mode=True)
        return self.head(self.pool(self.conv(signal).relu(), valid))
"""  # without any normalization, so that both trainings are the same but for the order of sums


def become(arguments: list[str], environment: dict[str, str], out: str) -> None:
    """`fhr ARGUMENTS`, with what it writes to stdout in a file."""
    os.environ.update(environment)
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    from fhr.cli import main

    os._exit(main(arguments))


def start(context: ForkServerContext, arguments: list[str], n: int, out: str) -> list[multiprocessing.Process]:
    """Start the command in n processes; the first writes to `out`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    together = {"WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "none"}
    processes = []
    for rank in range(n):
        environment = {} if n == 1 else {**together, "RANK": str(rank), "LOCAL_RANK": str(rank)}
        processes.append(context.Process(target=become, args=(arguments, environment, f"{out}{rank or ''}")))
        processes[-1].start()
    return processes


def ended(context: ForkServerContext, arguments: list[str], n: int = 1) -> str:
    """What the command writes to stdout."""
    processes = start(context, arguments, n, "out")
    for process in processes:
        process.join()
    assert {process.exitcode for process in processes} <= {0, 1}, arguments
    assert n == 1 or Path("out1").read_text() == "", "the second process wrote to stdout"
    return Path("out").read_text().strip()


def auroc(context: ForkServerContext, run: str) -> str:
    """The AUROC that `fhr test` gives."""
    table = csv.DictReader(io.StringIO(ended(context, ["test", "--run", run, "-q"])))
    (row,) = [row for row in table if row["metric"] == "auroc"]
    return f"{float(row['value']):.3f} ({float(row['low']):.3f} to {float(row['high']):.3f})"


def apart(one: str, other: str) -> float:
    """The largest difference between the finished weights of two runs."""
    import torch

    from fhr.tracking import run_checkpoints

    first, second = (torch.load(run_checkpoints(run)[0], weights_only=True)["state_dict"] for run in (one, other))
    return max(float((first[key] - second[key]).abs().max()) for key in first)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--plain", action="store_true", help="a network without normalization, and no kill")
    options = parser.parse_args()
    context = ForkServerContext()
    context.set_forkserver_preload(["fhr.cli.training_cli", "matplotlib.backends.backend_agg"])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        configuration = CONFIGURATION
        if options.plain:
            Path("plain_net.py").write_text(PLAIN)
            os.environ |= {"FHR_TRUST": "plain_net", "PYTHONPATH": os.pathsep.join([folder, *sys.path])}
            head, _, rest = CONFIGURATION.partition("fhr.models.InceptionNet\n")
            configuration = f"{head}plain_net.PlainNet\n{rest.partition(chr(10))[2]}"
        Path("network.yaml").write_text(configuration)
        fit = ["fit", "--config", "network.yaml", "-q"]
        two = ["--trainer.strategy=ddp", "--trainer.devices=2", "--data.batch_size=16"]
        halves = ["--data.batch_size=16", "--trainer.accumulate_grad_batches=2"]
        for seed in range(1, options.seeds + 1):
            seeded = [*fit, f"--seed_everything={seed}"]
            alone, added = ended(context, seeded), ended(context, [*seeded, *halves])
            together = ended(context, [*seeded, *two], 2)
            aurocs = [auroc(context, run) for run in (alone, added, together)]
            print(f"seed {seed}: one process {aurocs[0]}, in halves {aurocs[1]}, two {aurocs[2]}", end="; ")
            print(f"weights of one and of two differ by up to {apart(alone, together):.3f}", flush=True)
        if options.plain:
            return
        killed = start(context, [*seeded, *two], 2, "killed")
        while not (kept := list(Path("mlruns", "checkpoints").glob("*/resume.ckpt"))):
            time.sleep(0.02)
        for process in killed:
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        (run,) = {
            row["run_id"] for row in csv.DictReader(io.StringIO(ended(context, ["runs"]))) if row["status"] == "STALE"
        }
        print(f"killed with {len(kept)} epoch file kept; resumed:", end=" ")
        resumed = ended(context, ["fit", "--resume", run, "-q"], 2)
        print(f"run id once {resumed == run}, weights as if never killed {apart(run, together) == 0}")


if __name__ == "__main__":
    main()
