"""Do attributions find what a network learnt? Simulated labours with a planted cause, and the minutes that are named.

    python benchmarks/attribution.py [--births 500] [--networks 2] [--epochs 20]
    python benchmarks/attribution.py --run RUN --folder FOLDER [--births 100]

Half of the labours get one cause in one stretch of their last hour, at a random place, and that is the label; whatever
else happens in a labour is independent of it. The causes: late decelerations with every contraction of 12 min; reduced
variability for 20 min; tachysystole in the uterine activity for 15 min. Default networks learn the label from four
fifths of the labours. In the other labours with the cause, the minutes (of FHR and of UC, 120) are ranked by what they
add to the score. A minute is a hit if at least half of it is in what was planted, in that signal. Beside the methods:
random minutes, networks of random weights, the signal alone, without a network (distance from the window at rest), and
two other ways to take stretches away: FHR by itself and not after UC, and UC as lost UC is, a plateau of 30 units.

With a run and a folder of recordings nothing is planted: how far the methods agree on the minutes of heart rate of each
recording (Spearman's rank correlation, median over recordings), and what a minute adds in the mean, which would be far
below zero by `missing` were the loss itself read as risk.
"""

import argparse
import math
import time
from dataclasses import replace

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from fhr.datasets import CTUUHB
from fhr.errors import SignalError
from fhr.metrics import auroc
from fhr.models import CheckpointCard, InceptionNet
from fhr.prediction import METHODS, Attribution, Predictor, load, where_it_looked
from fhr.prediction.occlusion import Layer, occlusion
from fhr.prediction.usual_window import usual_window
from fhr.preprocessing import Pipeline
from fhr.recording import Recording
from fhr.simulation import simulate_labour

CAUSES = ("late decelerations", "reduced variability", "tachysystole")
MINUTES = {"late decelerations": 12, "reduced variability": 20, "tachysystole": 15}
PIPELINE = Pipeline()
LARGEST = 5  # minutes
DEPTH, FALL, AFTER, RETURN = 35.0, 40.0, 25.0, 50.0  # bpm, s: of late decelerations, their nadir after the peak
LEFT = 0.1  # of the variability
EVERY, HEIGHT = 80.0, 45.0  # s, units: of planted contractions


def planted(cause: str, index: int) -> tuple[Recording, np.ndarray]:
    """A labour with the cause, and the flags of the samples that it changed."""
    labour = simulate_labour(index, seed=11)
    recording, rng = labour.recording, np.random.default_rng([index, CAUSES.index(cause)])
    fs, n = recording.fs, len(recording)
    time_s, length = np.arange(n) / fs, 60.0 * MINUTES[cause]
    start = recording.duration - rng.uniform(length, 3600)
    inside = (time_s >= start) & (time_s < start + length)
    fhr, uc = recording.fhr.astype(float), recording.uc.astype(float)
    if cause == "late decelerations":
        peaks = labour.truth.events.of("contraction").extremum_s
        fall = np.zeros(n)
        for peak in peaks[(peaks > start) & (peaks < start + length)]:
            at = peak + AFTER + np.array([-FALL, 0.0, RETURN])
            fall = np.maximum(fall, np.interp(time_s, at, [0.0, DEPTH, 0.0], 0, 0))
        fhr, inside = fhr - fall, fall > 0
    elif cause == "reduced variability":
        known = ~np.isnan(fhr) & inside
        slow = np.interp(time_s, time_s[known][:: int(60 * fs)], fhr[known][:: int(60 * fs)]) if known.any() else fhr
        level = np.nanmedian(fhr[known]) if known.any() else 140.0
        fhr = np.where(inside, np.round(4 * (level + LEFT * (fhr - slow))) / 4, fhr)
    else:
        since = (time_s - start) % EVERY
        uc = uc + np.where(inside & (since < 60), HEIGHT * np.sin(np.pi * since / 60) ** 2, 0.0)
    return replace(recording, fhr=fhr.astype(np.float32), uc=uc.astype(np.float32)), inside


def predictor_of(networks: list[InceptionNet]) -> Predictor:
    card = CheckpointCard(
        network=networks[0].specification, pipeline=PIPELINE.to_dict(), target="cause", prevalence=0.5, learnt_from=(),
        data="d", splits="s", fold=(0, 0, 0), epochs=1, calibrator=None, version="0",
    )  # fmt: skip
    return Predictor([(card, network.eval()) for network in networks])


def trained(signal: torch.Tensor, label: torch.Tensor, seed: int, epochs: int) -> InceptionNet:
    torch.manual_seed(seed)
    network, batch = InceptionNet(stride=4), 32
    rate = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    steps = epochs * (len(label) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(rate, 3e-3, total_steps=steps)
    for _ in range(epochs):
        order = torch.randperm(len(label))
        for some in order[: len(order) // batch * batch].view(-1, batch):
            loss = F.binary_cross_entropy_with_logits(network(signal[some])[:, 0], label[some])
            rate.zero_grad()
            loss.backward()
            rate.step()
            schedule.step()
    return network


def minutes_of(flags: np.ndarray, fs: float) -> np.ndarray:
    """Share of each of the last 60 minutes that is flagged."""
    return flags[-round(3600 * fs) :].reshape(60, -1).mean(axis=1)


def otherwise(predictor: Predictor, birth: Recording) -> dict[str, np.ndarray]:
    """What each minute adds by two other ways to take FHR away as missing."""
    window, rest = PIPELINE(birth), usual_window(PIPELINE(birth), PIPELINE)
    lost, known = np.zeros_like(rest), np.ones(PIPELINE.n_times, dtype=bool)

    def added(*layers: Layer) -> np.ndarray:
        found = occlusion(lambda x: predictor.scores(x).mean(axis=0), window.signal, layers, length=60, step=30)
        return found.reshape(len(layers), 60, -1).sum(axis=-1)

    fhr, uc, lost_uc = Layer([0, 2], lost, known), Layer([1], rest, known), Layer([1], lost, known)
    return {
        "missing, FHR by itself": np.concatenate([added(fhr), added(uc)]),
        "missing, UC as lost": added(lost_uc, fhr)[::-1],
    }


def ranked(found: Attribution) -> np.ndarray:
    """What each minute adds, FHR and UC (2, 60)."""
    return found.by_stretch()["contribution"].to_numpy().reshape(2, 60)


def wilson(hits: list[float]) -> str:
    """Share with Wilson's 95% interval."""
    n, p, z = len(hits), float(np.mean(hits)), 1.96
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{p:.2f} ({(middle - half) / (1 + z * z / n):.2f} to {(middle + half) / (1 + z * z / n):.2f})"


def mean(hits: list[float]) -> str:
    """Mean over births with its 95% interval."""
    return f"{np.mean(hits):.2f} +- {1.96 * float(np.std(hits, ddof=1)) / math.sqrt(len(hits)):.2f}"


def on_records(run: str, folder: str, births: int) -> None:
    predictor = load(run)
    assert isinstance(predictor, Predictor)
    found: dict[str, list[np.ndarray]] = {method: [] for method in METHODS}
    for recording in list(CTUUHB(folder))[:births]:
        try:
            each = [where_it_looked(predictor, recording, method).by_stretch() for method in METHODS]
        except SignalError:
            continue
        for method, table in zip(METHODS, each, strict=True):
            found[method].append(table.loc[table["channel"] == "fhr", "contribution"].to_numpy())
    print("| minutes | mean | mean of its size | negative |" + "".join(f" {method} |" for method in METHODS))
    print("|---" * (4 + len(METHODS)) + "|")
    for method, rows in found.items():
        every = np.concatenate(rows)
        agree = [
            float(np.median([spearmanr(a, b).statistic for a, b in zip(rows, others, strict=True)]))
            for others in found.values()
        ]
        numbers = f"{every.mean():+.4f} | {np.abs(every).mean():.4f} | {(every < 0).mean():.0%}"
        print(f"| {method} | {numbers} |" + "".join(f" {one:.2f} |" for one in agree))
    print(f"\n{len(rows)} recordings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--births", type=int, default=500)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--causes", nargs="+", default=CAUSES, choices=CAUSES)
    parser.add_argument("--run")
    parser.add_argument("--folder")
    options = parser.parse_args()
    if options.run:
        on_records(options.run, options.folder, options.births)
        return
    n, test = options.births, options.births // 5
    print("| cause | births, AUROC | minutes | largest minute | share of the five largest |\n|---|---|---|---|---|")
    for cause in options.causes:
        births, causes = [], []
        for i in range(n):
            changed, flags = planted(cause, i) if i % 2 else (simulate_labour(i, seed=11).recording, None)
            births.append(changed)
            causes.append(flags)
        signal = torch.from_numpy(np.stack([PIPELINE(birth).signal for birth in births]))
        label = torch.tensor([float(i % 2) for i in range(n)])
        networks = [trained(signal[test:], label[test:], seed, options.epochs) for seed in range(options.networks)]
        predictor = predictor_of(networks)
        torch.manual_seed(99)
        untrained = predictor_of([InceptionNet(stride=4) for _ in networks])
        area = auroc(label[:test].numpy(), predictor.scores(signal[:test].numpy()).mean(axis=0))
        added: dict[str, list[np.ndarray]] = {}
        hit, seconds, missed = [], dict.fromkeys(METHODS, 0.0), []
        for i in range(1, test, 2):
            share = minutes_of(causes[i], births[i].fs) >= 0.5
            if not share.any():
                continue
            nothing = np.zeros(60, dtype=bool)
            hit.append(np.stack([nothing, share] if cause == "tachysystole" else [share, nothing]))
            for method in METHODS:
                begin = time.perf_counter()
                found = where_it_looked(predictor, births[i], method)
                seconds[method] += time.perf_counter() - begin
                added.setdefault(method, []).append(ranked(found))
                if method == "missing":
                    for other, minutes in otherwise(predictor, births[i]).items():
                        added.setdefault(other, []).append(minutes)
                if found.reference is not None:
                    missed.append(abs(found.missed) / abs(found.score - found.reference))
                of_none = ranked(where_it_looked(untrained, births[i], method))
                added.setdefault(f"{method}, random weights", []).append(of_none)
            window = PIPELINE(births[i])
            apart = np.abs(window.signal - usual_window(window, PIPELINE))[:2]
            added.setdefault("distance from rest", []).append(apart.reshape(2, 60, -1).mean(axis=-1))
        for method, each in added.items():
            order = [np.argsort(-one.ravel(), kind="stable")[:LARGEST] for one in each]
            found_first = [h.ravel()[o[0]] for h, o in zip(hit, order, strict=True)]
            found_five = [h.ravel()[o].mean() for h, o in zip(hit, order, strict=True)]
            row = f"| {cause} | {len(hit)}, {area:.3f} | {method} | {wilson(found_first)} | {mean(found_five)} |"
            print(row, flush=True)
        by_chance = f"{np.mean(hit):.2f}"
        print(f"| {cause} | {len(hit)}, {area:.3f} | random minutes | {by_chance} | {by_chance} |", flush=True)
        times = ", ".join(f"{method} {1000 * t / len(hit):.0f} ms" for method, t in seconds.items())
        print(f"\n{cause}: {times} a birth. Share of the difference of two scores that gradients miss:", end=" ")
        print(f"{np.median(missed):.2%} in the median, {np.max(missed):.2%} at most\n", flush=True)


if __name__ == "__main__":
    main()
