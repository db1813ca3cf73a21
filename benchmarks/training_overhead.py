"""Training samples a second of `Trainer.fit` beside a bare PyTorch loop over the same tensors and network.

Both run in turn in one process, on the default network with augmentation off. The loop does no more than forward, loss,
backward and the optimiser's step on shuffled batches of the same size; `Trainer.fit` adds the schedule, the metrics and
its own callbacks, which is the overhead in question.

python benchmarks/training_overhead.py [--records 320] [--epochs 6] [--rounds 5]
"""

import argparse
import statistics
import time

import pytorch_lightning as pl
import torch

from fhr.cli.quiet_libraries import quieten
from fhr.datamodules import SimulatedDataModule
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.tasks import ClassificationTask


def lightning(data: SimulatedDataModule, epochs: int) -> float:
    task = ClassificationTask(InceptionNet(stride=4), PHRegression())
    trainer = pl.Trainer(
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        accelerator="auto",
    )
    marks: list[float] = []

    class Clock(pl.Callback):
        def on_train_start(self, *_: object) -> None:
            marks.append(time.perf_counter())

        def on_train_end(self, *_: object) -> None:
            marks.append(time.perf_counter())

    trainer.callbacks.append(Clock())
    trainer.fit(task, datamodule=data)
    return marks[1] - marks[0]


def bare(data: SimulatedDataModule, epochs: int) -> float:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network, loss = InceptionNet(stride=4).to(device), PHRegression()
    dataset = data.train_dataloader().dataset
    everything = dataset.__getitems__(range(len(dataset)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    start = time.perf_counter()
    for epoch in range(epochs):
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(epoch))
        for rows in order.split(data.batch_size):
            batch = [part[rows].to(device) for part in everything]
            optimizer.zero_grad()
            loss(network(batch[0]), *batch[1:]).backward()
            optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    quieten()
    data = SimulatedDataModule(n=options.records)
    data.setup("fit")
    samples = len(data.facts.partition.train) * options.epochs
    bare(data, 1)
    ratios, speeds = [], []
    for _ in range(options.rounds):
        slow, fast = lightning(data, options.epochs), bare(data, options.epochs)
        ratios.append(slow / fast)
        speeds.append((samples / slow, samples / fast))
    framed, plain = (statistics.median(column) for column in zip(*speeds, strict=True))
    print(f"Trainer.fit {framed:.0f} samples/s, bare loop {plain:.0f} samples/s (medians of {options.rounds})")
    print(f"time ratio: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
