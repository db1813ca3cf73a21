"""Time what a network of a configuration costs on one core: a training, and the score of one window.

python benchmarks/network_speed.py [cnn inception_time ...] [--records 265] [--epochs 25] [--minutes 60] [--steps 9]

A training is `--epochs` times the batches of 32 that `--records` windows of noise at 1 Hz make, forward, loss, backward
and AdamW (leave-one-out where the head is solved), without validation and without the reading of records; its time is
the median step times their number. All times are those of the process (CPU), so that others on the machine change them
little.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from math import ceil

import torch
import yaml
from members import BATCH, alone, optimizer_of, windows

from fhr.cli.configurations import configuration_file
from fhr.models import DeepKernel, Network, rebuild

NAMES = (
    *("cnn", "inception_time", "resnet1d", "multi_resolution", "patch_transformer"),
    *("log_energy", "random_convolutions", "window_bags", "deep_kernel", "log_energy_kernel"),
)


def network(name: str) -> Network:
    with open(configuration_file(name), encoding="utf-8") as file:
        return rebuild(yaml.safe_load(file)["model"]["init_args"]["model"])


def leave_one_out(one: DeepKernel, batch: tuple[torch.Tensor, ...]):
    """A step of a network under a kernel-ridge head: forward, leave-one-out, backward and AdamW."""
    optimizer = optimizer_of(one)

    def step() -> None:
        signal, _, ph, weight = (part[0] for part in batch)
        predicted = one.head.leave_one_out(one.embed(signal), ph, weight)
        optimizer.zero_grad()
        (predicted - ph).square().mean().backward()
        optimizer.step()

    return step


def milliseconds(work: Callable[[], object], n: int) -> float:
    """Median of `n` calls after two."""
    found = []
    for _ in range(n + 2):
        start = time.process_time()
        work()
        found.append(1000 * (time.process_time() - start))
    return statistics.median(found[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, help="configurations")
    parser.add_argument("--records", type=int, default=265, help="that an epoch goes through")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--steps", type=int, default=9, help="timed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    batch = windows(1, options.minutes, "cpu")
    steps = options.epochs * ceil(options.records / BATCH)
    print("| configuration | parameters | ms a step | s a training | ms a window |\n|---|---|---|---|---|")
    for name in options.names:
        one = network(name)
        work = leave_one_out(one, batch) if isinstance(one, DeepKernel) else alone([one], batch)
        step = milliseconds(work, options.steps)
        one.eval()
        with torch.no_grad():
            window = milliseconds(lambda scored=one: scored(batch[0][0, :1]), options.steps)
        size = sum(p.numel() for p in one.parameters())
        print(f"| {name} | {size} | {step:.0f} | {steps * step / 1000:.1f} | {window:.1f} |", flush=True)


if __name__ == "__main__":
    main()
