"""How much a trace has to change before the verdict does: certificates, attacks, and attacks on certificates.

python benchmarks/robustness.py measure FOLDER --model NAME=RUN --out DIR [--records 442] [--attacked 60]
                                [--threats NAME ...] [--certified NAME ...] [--restarts 10] [--steps 10]
python benchmarks/robustness.py {broken,sizes,halves,sheet} --out DIR
python benchmarks/robustness.py planted FOLDER --model NAME=RUN [--records 60]
python benchmarks/robustness.py slopes FOLDER --model NAME=RUN [--pairs 100000]
python benchmarks/robustness.py strips FOLDER --model NAME=RUN --out DIR [--threat error_rms] [--records 20]

FOLDER holds CTU-UHB. RUN is a finished cross-validation (`fhr crossval`), one outer fold of it, or `shipped`, the model
that comes with the package, for `ph<=7.15`. Of each record only the models say something that have not seen it.

`measure` appends to DIR/measured.csv a row for each threat and record: the verdict, the certified size, the smallest
size that an attack found, and whether any of the tries at the certified size itself flipped the verdict. What is there
already is not measured again. The other parts of the first group are tables of it:

`broken` certificates that a try at the certified size, or an attack, has beaten. `sizes` certified beside attacked, by
threat and by verdict. `halves` the size at which half of the verdicts have flipped. `sheet` CPU seconds a record.

`planted` halves a constant of the networks behind their back, or forgets what a bound needs, and certifies again: the
same tries have to find out. `slopes` compares the Lipschitz bound with slopes between a window and the same with an
error. `strips` draws the smallest changes found, before and after.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import fhr
from fhr.datasets import CTUUHB, Database, seen_records
from fhr.errors import FHRError
from fhr.models import SortedNetwork
from fhr.prediction import shipped
from fhr.recording import Recording
from fhr.robustness import (
    THREATS,
    NetworkReader,
    Reader,
    Traces,
    attack,
    by_unseen_models,
    certify,
    challenge,
    member_slopes,
    reader_of,
    with_error,
)

TARGET = "ph<=7.15"
LARGEST = {"error_rms": 20.0, "error_peak": 40.0, "offset": 40.0, "uc_gain": 4.0, "shift": 60.0, "quantisation": 20.0,
           "warp": 20.0, "scattered_loss": 1800.0, "block_loss": 1800.0, "wrong_rate": 900.0}  # fmt: skip
QUERIES, STARTS = 100, 4  # of an attack on networks, a window
ONE_BPM, BATCH = 1.0, 64


def told_apart(folder: str, model: str, n: int) -> Iterator[tuple[Reader, list[Recording]]]:
    """Readers of a model and the records that they have not seen, of n records evenly among those of the database."""
    database = list(CTUUHB(folder))
    if model == "shipped":
        known = shipped(labels=[TARGET])
        folds: dict[int, list[Recording]] = {}
        for recording in _evenly(database, n):
            folds.setdefault(known.fold_of(recording), []).append(recording)
        yield from ((reader_of(known.predictor(TARGET, fold)), some) for fold, some in sorted(folds.items()))
        return
    predictor = fhr.load(model)
    if len({card.fold[:2] for card in predictor.cards}) == 1:
        knows = frozenset().union(*(card.seen for card in predictor.cards))
        database = [one for one in database if not seen_records(knows, Database([one], origin="prediction"))]
    database = _evenly(database, n)
    for unseen, at in by_unseen_models(predictor, database):
        yield reader_of(unseen), [database[i] for i in at]


def _evenly(some: list[Recording], n: int) -> list[Recording]:
    return [some[i] for i in np.linspace(0, len(some) - 1, min(n, len(some))).round().astype(int)]


def prepared(folder: str, model: str, n: int) -> list[tuple[Reader, Traces]]:
    """Readers and traces of what has signal."""
    return [(reader, reader.traces(reader.predictor.prepare(some))) for reader, some in told_apart(folder, model, n)]


def measure(options: argparse.Namespace) -> None:
    """Certificates, attacks and tries, one row a threat and record."""
    name, _, run = options.model.partition("=")
    path = Path(options.out, "measured.csv")
    path.parent.mkdir(exist_ok=True, parents=True)
    done: set[tuple[str, str, str]] = set()
    if path.exists():
        there = pd.read_csv(path, dtype={"record": str})
        done = set(zip(there.model, there.threat, there.record, strict=True))
    groups = prepared(options.folder, run, options.records)
    total = sum(len(traces) for _, traces in groups)
    every = max(round(total / max(options.attacked, 1)), 1)
    for threat in options.threats or LARGEST:
        rows = []
        for reader, of_reader in groups:
            traces = of_reader[[i for i, record in enumerate(of_reader.names) if (name, threat, record) not in done]]
            n, attacked = len(traces), np.arange(len(traces)) % every == 0
            if not n:
                continue
            row = {"model": name, "threat": threat, "record": traces.names,
                   "at_risk": reader.verdicts(traces).at_risk.astype(int)}  # fmt: skip
            start = time.process_time()
            tries, certificate = None, None
            if options.certified is None or threat in options.certified:
                try:
                    certificate = certify(reader, traces, threat, largest=LARGEST[threat])
                except FHRError as error:
                    print(f"{name}, {threat}: {error}", flush=True)
            row |= {"certified": np.nan if certificate is None else certificate.sizes,
                    "certifying": (time.process_time() - start) / n}  # fmt: skip
            if certificate is not None and options.restarts:
                tries = challenge(
                    reader,
                    traces,
                    certificate,
                    largest=LARGEST[threat],
                    restarts=options.restarts,
                    steps=options.steps,
                )
            row |= {"beaten": -1 if tries is None else tries.beaten.astype(int),
                    "nearest": np.nan if tries is None else tries.nearest,
                    "tried": 0 if tries is None else tries.tried}  # fmt: skip
            sizes, start = np.full(n, np.nan), time.process_time()
            if options.attacked:
                queries = QUERIES if isinstance(reader, NetworkReader) else None
                found = attack(
                    reader, traces[attacked], threat, largest=LARGEST[threat], queries=queries, restarts=STARTS
                )
                sizes[attacked] = found.sizes
            row |= {"attacked": sizes, "attacking": (time.process_time() - start) / max(attacked.sum(), 1)}
            rows.append(pd.DataFrame(row))
        if not rows:
            continue
        table = pd.concat(rows)
        table.to_csv(path, mode="a", header=not path.exists(), index=False)
        beaten = int((table.beaten > 0).sum())
        print(f"{name}, {threat}: {len(table)} records, {beaten} beaten, {table.tried.max()} tries", flush=True)


def broken(measured: pd.DataFrame) -> None:
    """Certificates beaten, by tries at their size and by attacks."""
    print("| model | threat | records | certified | tries a record | beaten by tries | by attacks | nearest |")
    print("|---|---|---|---|---|---|---|---|")
    for (model, threat), some in measured[measured.beaten >= 0].groupby(["model", "threat"], sort=False):
        tried = some[some.tried > 0]
        beaten = (some.attacked < some.certified * (1 - 1e-6)).sum()
        nearest = f"{tried.nearest.max():.2f}" if len(tried) else "-"
        print(f"| {model} | {threat} | {len(some)} | {len(tried)} | {some.tried.max()} | {(some.beaten > 0).sum()} "
              f"| {beaten} of {some.attacked.notna().sum()} | {nearest} |")  # fmt: skip


def sizes(measured: pd.DataFrame) -> None:
    """Certified sizes of all records, and beside attacked ones of those that were attacked, in the median."""
    print(
        "| model | threat | records | certified | at risk / not | at least 1 bpm | attacked records | certified "
        "| attacked | at risk / not | certified over attacked |\n" + "|---" * 11 + "|"
    )
    for (model, threat), some in measured.groupby(["model", "threat"], sort=False):
        known, hit = some.certified.notna().any(), some[some.attacked.notna()]
        ratio = (hit.certified / hit.attacked)[np.isfinite(hit.attacked)].dropna()  # of the flips that were found
        share = f"{(some.certified >= ONE_BPM).mean():.0%}" if THREATS[threat].unit == "bpm" and known else "-"
        print(
            f"| {model} | {THREATS[threat].words} | {len(some)} | {_median(some.certified)} | "
            f"{_by_verdict(some, 'certified')} | {share} | {len(hit)} | {_median(hit.certified)} | "
            f"{_median(hit.attacked)} | {_by_verdict(hit, 'attacked')} | {_median(ratio)} ({len(ratio)}) |"
        )


def _by_verdict(some: pd.DataFrame, column: str) -> str:
    return " / ".join(_median(some[column][some.at_risk == at_risk]) for at_risk in (1, 0))


def halves(measured: pd.DataFrame) -> None:
    """Sizes at which half of the verdicts have flipped by the strongest attack found, a column a model."""
    found = measured[measured.attacked.notna()]
    table = found.pivot_table(index="threat", columns="model", values="attacked", aggfunc=_median, sort=False)
    flipped = found.assign(flips=np.isfinite(found.attacked)).groupby(["threat", "model"], sort=False).flips.mean()
    print(
        "| threat | up to |"
        + "".join(f" {model} |" for model in table)
        + "\n"
        + "|---|---|"
        + "---|" * len(table.columns)
    )
    for threat, row in table.iterrows():
        cells = "".join(
            f" {row[model]} ({flipped[threat, model]:.0%}) |" if (threat, model) in flipped else " - |"
            for model in table
        )
        print(f"| {THREATS[threat].words} | {LARGEST[threat]:g} |{cells}")


def sheet(measured: pd.DataFrame) -> None:
    """CPU seconds a record."""
    print("| model | certificates | attacks | of certificates, slowest | of attacks, slowest |\n|---|---|---|---|---|")
    for model, some in measured.groupby("model", sort=False):
        some = some.assign(attacking=some.attacking.where(some.attacked.notna()))
        by = some.groupby("threat", sort=False)[["certifying", "attacking"]].mean()
        slowest = (f"{by[column].idxmax()} {by[column].max():.2f}" for column in by)
        print(f"| {model} | {by.certifying.sum():.2f} | {by.attacking.sum():.2f} | {' | '.join(slowest)} |")


def _median(sizes: pd.Series) -> str:
    known = sizes.dropna()
    return f"{np.quantile(known, 0.5, method='inverted_cdf'):.3g}" if len(known) else "-"


def _halved_slope(network: SortedNetwork) -> None:
    if (moved := getattr(network, "moved", None)) is not None:
        network.moved = lambda signal, rms: 0.5 * moved(signal, rms)
    slope = network.slope
    network.slope = lambda signal: 0.5 * slope(signal)


def _halved_bounds(network: SortedNetwork) -> None:
    bounds = network.bounds

    def narrow(below: torch.Tensor, above: torch.Tensor, apart: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = bounds(below, above, apart)
        return low + (high - low) / 4, high - (high - low) / 4

    network.bounds = narrow


def _forgotten_loss(network: SortedNetwork) -> None:
    embedded = network.embedded_bounds

    def complete(*planes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return embedded(*planes[:4], 0.0, planes[5])

    network.embedded_bounds = complete


PLANTED: dict[str, tuple[str, Callable[[SortedNetwork], None]]] = {
    "slope halved": ("error_rms", _halved_slope),
    "bounds halved": ("scattered_loss", _halved_bounds),
    "scattered loss forgotten": ("scattered_loss", _forgotten_loss),
}


def planted(options: argparse.Namespace) -> None:
    """Wrong constants beside the right ones, by the same tries."""
    name, _, run = options.model.partition("=")
    print(
        "| model | planted | threat | records | median size, right | wrong | beaten, right | wrong |\n"
        + "|---" * 8
        + "|"
    )
    for fault, (threat, plant) in PLANTED.items():
        found: dict[bool, list[np.ndarray]] = {False: [], True: []}
        for reader, traces in prepared(options.folder, run, options.records):
            assert isinstance(reader, NetworkReader)
            for wrong in found:
                if wrong:
                    for network in reader.networks:
                        assert isinstance(network, SortedNetwork)
                        plant(network)
                certificate = certify(reader, traces, threat)
                tries = challenge(reader, traces, certificate, restarts=options.restarts, steps=options.steps)
                found[wrong].append(np.stack([certificate.sizes, tries.beaten]))
        (right, beaten), (wrong_sizes, caught) = (np.concatenate(found[wrong], axis=1) for wrong in found)
        print(f"| {name} | {fault} | {threat} | {len(right)} | {np.median(right):.3g} | {np.median(wrong_sizes):.3g} "
              f"| {beaten.sum():.0f} | {caught.sum():.0f} |", flush=True)  # fmt: skip


def slopes(options: argparse.Namespace) -> None:
    """The bound of each network beside slopes between windows with and without an error."""
    name, _, run = options.model.partition("=")
    groups, draw = prepared(options.folder, run, options.records), torch.Generator().manual_seed(0)
    steepest, broken_bounds, done = dict.fromkeys([*_ERRORS, "gradient"], 0.0), 0, 0
    turn = 0
    while done < options.pairs:
        for reader, traces in groups:
            assert isinstance(reader, NetworkReader)
            some = traces[torch.randint(len(traces), (BATCH,), generator=draw)]
            kind = [*_ERRORS, "gradient"][turn % (len(_ERRORS) + 1)]
            some = replace(some, fhr=_moved_on(some, draw) if turn % 2 else some.fhr)
            error = reader.gradient(some) if kind == "gradient" else _ERRORS[kind](some, draw)
            error = error * (some.measured > 0)
            measured = (some.measured > 0).sum(1, keepdim=True)
            rms = 0.01 * 3000 ** torch.rand(BATCH, 1, generator=draw)
            error = error * rms / (error.square().sum(1, keepdim=True) / measured).sqrt().clamp(min=1e-9)
            after = with_error(some, error)
            real = THREATS["error_rms"].size_of(some, after).numpy()
            known = real > 0  # a last part may hold nothing that was measured
            slope = np.abs(reader.scores(after) - reader.scores(some))[:, known] / real[known]
            share = slope / member_slopes(reader, some[known])
            broken_bounds += int((share > 1).sum())
            steepest[kind] = max(steepest[kind], float(share.max()))
            done += share.size
        turn += 1
    told = ", ".join(f"{kind} {share:.3f}" for kind, share in steepest.items())
    print(
        f"{name}: {done} pairs of a network and a window; largest slope over bound: {told}; above it: {broken_bounds}"
    )


def _slow(traces: Traces, draw: torch.Generator) -> torch.Tensor:
    white = torch.randn(traces.fhr.shape, generator=draw)
    return torch.nn.functional.avg_pool1d(white[:, None], 61, 1, 30)[:, 0]


def _late(traces: Traces, draw: torch.Generator) -> torch.Tensor:
    n_times = traces.fhr.shape[1]
    return (torch.arange(n_times) >= torch.rand(len(traces), 1, generator=draw) * n_times).float()


def _spread(traces: Traces, draw: torch.Generator) -> torch.Tensor:
    return torch.nan_to_num(traces.fhr - 140) * torch.randn(len(traces), 1, generator=draw).sign()


def _moved_on(traces: Traces, draw: torch.Generator) -> torch.Tensor:
    return traces.fhr + 20 * torch.randn(len(traces), 1, generator=draw)


_ERRORS: dict[str, Callable[[Traces, torch.Generator], torch.Tensor]] = {
    "white noise": lambda traces, draw: torch.randn(traces.fhr.shape, generator=draw),
    "slow noise": _slow,
    "offset of a last part": _late,
    "wider or narrower": _spread,
}


def strips(options: argparse.Namespace) -> None:
    """Draw the three smallest flips found: the trace, the changed one, and the change."""
    import matplotlib.pyplot as plt

    name, _, run = options.model.partition("=")
    found = []
    for reader, traces in prepared(options.folder, run, options.records):
        flips = attack(reader, traces, options.threat, largest=LARGEST[options.threat], queries=QUERIES)
        before, after = reader.verdicts(traces), reader.verdicts(flips.changed)
        for i in np.flatnonzero(np.isfinite(flips.sizes)):
            found.append((flips.sizes[i], traces[[i]], flips.changed[[i]], before.probability[i], after.probability[i]))
    found.sort(key=lambda one: one[0])
    chosen = [found[round(q * (len(found) - 1))] for q in (0.25, 0.5, 0.75)]
    figure, axes = plt.subplots(6, 1, figsize=(13, 11), sharex=True, height_ratios=[3, 1] * 3, layout="constrained")
    for (size, before, after, p, q), (strip, change) in zip(chosen, axes.reshape(3, 2), strict=True):
        minutes = np.arange(before.fhr.shape[1]) / before.fs / 60
        for traces, colour, width in ((before, "0.6", 1.8), (after, "C3", 0.7)):
            strip.plot(minutes, torch.where(traces.measured > 0, traces.fhr, torch.nan)[0], colour, lw=width)
        unit = THREATS[options.threat].unit
        strip.set_title(
            f"{name}, record {before.names[0]}: {options.threat} of {size:.2g} {unit} makes {p:.0%} {q:.0%}"
        )
        strip.set(ylabel="bpm", ylim=(50, 210))
        moved = torch.where((before.measured > 0) & (after.measured > 0), after.fhr - before.fhr, torch.nan)[0]
        change.plot(minutes, moved, "C3", lw=0.7)
        change.set(ylabel="change, bpm")
    axes[-1].set_xlabel("min")
    path = Path(options.out, f"strips_{name}_{options.threat}.png")
    figure.savefig(path, dpi=90)
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    tables = {"broken": broken, "sizes": sizes, "halves": halves, "sheet": sheet}
    for name in ("measure", "planted", "slopes", "strips"):
        part = parts.add_parser(name)
        part.add_argument("folder")
        part.add_argument("--model", required=True, help="NAME=RUN")
        part.add_argument(
            "--records", type=int, default={"measure": 442, "slopes": 442, "planted": 60, "strips": 20}[name]
        )
        part.add_argument("--out")
        part.add_argument("--restarts", type=int, default=10)
        part.add_argument("--steps", type=int, default=10)
        part.add_argument("--pairs", type=int, default=100_000)
        part.add_argument("--threat", default="error_rms", choices=THREATS)
        part.add_argument("--threats", nargs="+", choices=THREATS)
        part.add_argument("--certified", nargs="*", choices=THREATS)
        part.add_argument("--attacked", type=int, default=60)
    for name in tables:
        parts.add_parser(name).add_argument("--out", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.part in tables:
        tables[options.part](pd.read_csv(Path(options.out, "measured.csv"), dtype={"record": str}))
    else:
        {"measure": measure, "planted": planted, "slopes": slopes, "strips": strips}[options.part](options)


if __name__ == "__main__":
    main()
