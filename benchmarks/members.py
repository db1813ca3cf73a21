"""Time a training step of M members of the default network, at once and one after another.

python benchmarks/members.py [--device cpu|cuda] [--members 20] [--records 225] [--minutes 60] [--rounds 5] [--steps N]
python benchmarks/members.py --members 4 --rounds 1 --steps 2 --profile

The network is that of fhr/configs/cnn.yaml, in batches of 32 windows of noise at 1 Hz; a step is forward, loss,
backward and AdamW. The ways take turns in every round, and the table gives medians over rounds: `alone` is M networks
with M optimisers, `in turn` and `at once` are `fhr.models.StackedNetworks`. An epoch is what --records need. With
--profile there is a second table, of the operations that a step of one network spends its time in (forward and
backward).
"""

import argparse
import statistics
from collections.abc import Callable
from importlib.resources import files

import torch
import yaml
from timing import seconds
from torch.profiler import ProfilerActivity, profile

from fhr.losses import PHRegression
from fhr.models import InceptionNet, Network, StackedNetworks

BATCH = 32


def network() -> InceptionNet:
    configured = yaml.safe_load((files("fhr") / "configs" / "cnn.yaml").read_text(encoding="utf-8"))
    return InceptionNet(**configured["model"]["init_args"]["model"]["init_args"])


def windows(members: int, minutes: float, device: str) -> tuple[torch.Tensor, ...]:
    """Signal (M, BATCH, 3, time) with gaps, label, pH and weight (M, BATCH)."""
    n_times = round(60 * minutes)
    signal = torch.randn(members, BATCH, 3, n_times, device=device)
    signal[:, :, -1] = (signal[:, :, -1] > -1).float()
    signal[:, :, :-1] *= signal[:, :, -1:]
    ph = 7.2 + 0.1 * torch.randn(members, BATCH, device=device)
    return signal, (ph <= 7.15).float(), ph, torch.ones_like(ph)


def optimizer_of(module: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), lr=3e-3, weight_decay=0.05)


def alone(
    networks: list[Network], batch: tuple[torch.Tensor, ...], *, autocast: torch.dtype | None = None
) -> Callable[[], None]:
    optimizers, loss = [optimizer_of(one) for one in networks], PHRegression()

    def step() -> None:
        for one, optimizer, signal, *rest in zip(networks, optimizers, *batch, strict=True):
            optimizer.zero_grad()
            with torch.autocast(signal.device.type, autocast, enabled=autocast is not None):
                cost = loss(one(signal), *rest)
            cost.backward()
            optimizer.step()

    return step


def together(networks: list[Network], batch: tuple[torch.Tensor, ...], *, at_once: bool) -> Callable[[], None]:
    stacked, loss = StackedNetworks(networks, at_once).to(batch[0].device), PHRegression()
    optimizer = optimizer_of(stacked)

    def step() -> None:
        optimizer.zero_grad()
        torch.stack([loss(*row) for row in zip(stacked(batch[0]), *batch[1:], strict=True)]).sum().backward()
        optimizer.step()

    return step


def operations(work: Callable[[], None], steps: int, device: str) -> list[tuple[str, float]]:
    """Operations by their share of the time, the largest first."""
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device != "cpu" else [])
    work()
    with profile(activities=activities) as found:
        for _ in range(steps):
            work()
    field = "self_cpu_time_total" if device == "cpu" else "self_device_time_total"
    times = {event.key: float(getattr(event, field)) for event in found.key_averages()}
    whole = sum(times.values())
    return [(key, value / whole) for key, value in sorted(times.items(), key=lambda item: -item[1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--records", type=int, default=225, help="that an epoch goes through")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1, help="of each way in a round")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    batch = windows(options.members, options.minutes, options.device)
    networks: list[Network] = [network().to(options.device) for _ in range(options.members)]
    ways = {
        "alone": alone(networks, batch),
        "in turn": together(networks, batch, at_once=False),
        "at once": together(networks, batch, at_once=True),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, work in ways.items():
            times[way].append(seconds(work, options.device, steps=options.steps))
    of_epoch = options.records // BATCH
    print(f"{options.members} members, {options.minutes:g} min, {options.device}, {torch.get_num_threads()} threads\n")
    print("| way | ms a step of all members | s an epoch | time beside alone |\n|---|---|---|---|")
    for way, rounds in times.items():
        ratio = statistics.median(t / a for t, a in zip(rounds, times["alone"], strict=True))
        median = statistics.median(rounds)
        print(f"| {way} | {1000 * median:.1f} | {of_epoch * median:.2f} | {ratio:.2f} |")
    if options.profile:
        print("\n| operation of one network | share of its time |\n|---|---|")
        one = alone(networks[:1], tuple(part[:1] for part in batch))
        for key, share in operations(one, options.steps, options.device)[:12]:
            print(f"| {key} | {share:.3f} |")


if __name__ == "__main__":
    main()
