"""Entries of `gpu.py`: one function for what is measured on a GPU, with its worth and the seconds that it needs.

Whoever adds something that runs on a GPU adds an entry here. It tells each result as it comes, beside its CPU twin: the
same function on the CPU, on fewer items where all would take too long. Heavy imports stand inside the functions, so
that `gpu.py` can say what is missing.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Result:
    """A number of an entry.

    Attributes:
        what: was measured; a later result of the same words takes the place of an earlier one.
        value: on the device asked for; None where nothing runs there.
        unit: of the values.
        items: that the value is of.
        cpu: of the twin.
        cpu_items: that the twin's value is of; as many where it is None.
        aim: in words, none for ''.
        note: how to read it.
    """

    what: str
    value: float | None
    unit: str = ""
    items: int = 1
    cpu: float | None = None
    cpu_items: int | None = None
    aim: str = ""
    note: str = ""

    @property
    def times_as_fast(self) -> float | None:
        """The device beside the CPU, item by item, of times alone."""
        if self.unit not in ("ms", "s") or not self.value or self.cpu is None:
            return None
        return (self.cpu / (self.cpu_items or self.items)) / (self.value / self.items)


@dataclass(frozen=True)
class Entry:
    """Something to measure.

    Attributes:
        name: of the entry.
        value: the larger, the earlier its turn.
        seconds: that it needs; with less left it has no turn, and after twice as many it is stopped.
        measure: `measure(say, device=..., small=..., seconds=..., folder=...)`; `say` takes each `Result`, `small` asks
            for sizes that a test can afford, after `seconds` it is stopped soon, and what it keeps goes into `folder`.
        takes_the_rest: whether all the time that is left is its own, for which it should be worth the least.
    """

    name: str
    value: float
    seconds: float
    measure: Callable[..., None]
    takes_the_rest: bool = False


ENTRIES: list[Entry] = []


def entry(name: str, *, value: float, seconds: float, takes_the_rest: bool = False) -> Callable:
    """Make a function an entry of `gpu.py`, see `Entry`."""

    def add(measure: Callable[..., None]) -> Callable[..., None]:
        ENTRIES.append(Entry(name, value, seconds, measure, takes_the_rest))
        return measure

    return add


@entry("tests", value=100, seconds=120)
def cuda_tests(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Tests with the mark `cuda`; those that ended count where the time runs out."""
    where = ["tests/multiscale/test_bootstrap.py"] if small else ["tests"]
    options = ["-m", "cuda", "-v", "--tb=short", "-rE", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", *options, *where]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    log = folder / "cuda_tests.txt"
    with log.open("w") as out:
        try:
            environment = {**os.environ, "PYTHONPATH": path}
            subprocess.run(command, cwd=ROOT, env=environment, stdout=out, stderr=out, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            out.write("\nstopped, since the time was over\n")
    text = log.read_text(errors="replace")
    ends = re.findall(r"^\S+::.* (PASSED|FAILED|SKIPPED)\b", text, flags=re.MULTILINE)
    last = [line.strip("= ") for line in text.splitlines() if line.strip()][-1:]
    note = f"{ends.count('FAILED')} failed, {ends.count('SKIPPED')} skipped; {log.name} ends: {''.join(last)}"
    say(Result("passed", ends.count("PASSED"), "tests", aim="all", note=note))


@entry("members", value=90, seconds=35)
def members_at_once(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """A step of M members of the default network on 60 min windows, at once and in turn."""
    import torch
    from members import network, together, windows
    from timing import median_seconds

    budget = 0 if small else seconds / 40
    for n in (2,) if small else (5, 20):
        on_cpu = min(n, 5)
        times: dict[tuple[bool, str], float] = {}
        for at_once in (False, True):
            for where, m in ((device, n), ("cpu", on_cpu)):
                torch.manual_seed(0)
                step = together([network() for _ in range(m)], windows(m, 5 if small else 60, where), at_once=at_once)
                times[at_once, where] = median_seconds(step, where, budget=budget)
            there, here = (1e3 * times[at_once, where] for where in (device, "cpu"))
            say(Result(f"step of {n} members, {'at once' if at_once else 'in turn'}", there, "ms", n, here, on_cpu))
        gain, gain_on_cpu = (times[False, where] / times[True, where] for where in (device, "cpu"))
        say(Result(f"{n} members, gain of at once", gain, "x", cpu=gain_on_cpu, aim="4, hoped for are 10"))


@entry("multiscale", value=80, seconds=45)
def multiscale(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Segments of 30 min at 4 Hz with gaps, c1 to c3 with bootstrap, in both precisions."""
    import torch
    from multiscale_speed import N, random_masks
    from timing import median_seconds

    from fhr.multiscale import analyze
    from fhr.processes import fbm

    budget = 0 if small else seconds / 12
    size, few, resamples = (6, 3, 20) if small else (5520, 64, 100)
    signal, masks = torch.from_numpy(fbm(N, 0.5, size=size, seed=1)), torch.from_numpy(random_masks(size))
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)
    there = signal.to(device), masks.to(device)
    cumulants = {}
    for dtype in (torch.float64, torch.float32):

        def run(x, mask, dtype=dtype):
            return analyze(x, mask=mask, n_bootstrap=resamples, dtype=dtype)

        time_there = median_seconds(lambda run=run: run(*there), device, budget=budget)
        time_here = median_seconds(lambda run=run: run(signal[:few], masks[:few]), "cpu", budget=budget)
        what = f"{size:,} segments, R = {resamples}, {str(dtype).removeprefix('torch.')}"
        aim = "50 ms" if dtype == torch.float64 else ""
        say(Result(what, 1e3 * time_there, "ms", size, 1e3 * time_here, few, aim))
        cumulants[dtype] = run(*there).log_cumulants.double().cpu()
    exact = cumulants[torch.float64]
    errors = (exact - cumulants[torch.float32]).abs().nan_to_num().amax(0).tolist()
    each = ", ".join(f"c{m} {error:.1e}" for m, error in enumerate(errors, 1))
    say(Result("largest error of float32", max(errors), note=each))
    here = analyze(signal[:few], mask=masks[:few]).log_cumulants
    apart = float((exact[:few] - here).abs().nan_to_num().max())
    say(Result("largest difference of the CPU, float64", apart, aim="below 1e-9"))
    if device != "cpu":
        say(Result("largest memory", torch.cuda.max_memory_allocated(device) / 2**20, "MiB"))


@entry("training step", value=70, seconds=75)
def training_step(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Forward, loss, backward and AdamW of the default network on 32 windows of 60 min."""
    import torch
    from members import alone, network, windows
    from timing import median_seconds

    budget = 0 if small else seconds / 40
    minutes = 5 if small else 60
    here, there = windows(1, minutes, "cpu"), windows(1, minutes, device)
    steps = f"step of 32 windows of {minutes} min"
    for name, autocast in (("float32", None), ("bf16", torch.bfloat16)):
        times = []
        for where, batch in ((device, there), ("cpu", here)):
            torch.manual_seed(0)
            step = alone([network().to(where)], batch, autocast=autocast)
            times.append(1e3 * median_seconds(step, where, budget=budget))
        note = "" if autocast else "convolutions in TF32 where torch's default has them so"
        say(Result(f"{steps}, {name}", times[0], "ms", cpu=times[1], note=note))
    torch.manual_seed(0)
    # Without a compiler in tests. No twin: to compile for a CPU takes long and gains nothing.
    compiled = torch.compile(network().to(device), backend="eager" if small else "inductor")
    step = alone([compiled], there)
    start = time.perf_counter()
    step()
    note = f"compiled in {time.perf_counter() - start:.0f} s"
    say(Result(f"{steps}, compiled", 1e3 * median_seconds(step, device, budget=budget), "ms", note=note))


@entry("scattering", value=50, seconds=20)
def scattering(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Scattering transform, J = 8, Q = 8, of segments of 30 min at 4 Hz, float32."""
    import torch
    from timing import median_seconds

    from fhr.multiscale.scattering import Scattering1d

    budget = 0 if small else seconds / 12
    n_samples, n, few = (1000, 4, 2) if small else (7200, 512, 32)
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(n, n_samples, generator=generator)
    for gradient in (False, True):
        times = []
        for where, x in ((device, signal), ("cpu", signal[:few])):
            layer = Scattering1d(8, 8, n_samples=n_samples).to(where)
            x = x.detach().to(where, copy=True).requires_grad_(gradient)
            work = partial(_with_gradient, layer, x) if gradient else partial(layer, x)
            times.append(1e3 * median_seconds(work, where, budget=budget))
        say(Result(f"{n} signals{', with a gradient' if gradient else ''}", times[0], "ms", n, times[1], few))


def _with_gradient(layer, x) -> None:
    x.grad = None
    layer(x).sum().backward()


@entry("networks", value=60, seconds=60)
def networks(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """A step of each family on 32 windows of 60 min, and one of leave-one-out under a kernel-ridge head."""
    import torch
    from members import alone, windows
    from network_speed import NAMES, leave_one_out, network
    from timing import median_seconds

    from fhr.models import DeepKernel

    budget, minutes = (0, 5) if small else (seconds / 40, 60)
    batches = {where: windows(1, minutes, where) for where in (device, "cpu")}
    for name in NAMES[:2] if small else NAMES[:-2]:
        times = []
        for where in (device, "cpu"):
            torch.manual_seed(0)
            step = alone([network(name).to(where)], batches[where])
            times.append(1e3 * median_seconds(step, where, budget=budget))
        say(Result(f"step of 32 windows of {minutes} min, {name}", times[0], "ms", cpu=times[1]))
    for learn, what in (("all", "trained"), ("statistics", "frozen")):
        times = []
        for where in (device, "cpu"):
            torch.manual_seed(0)
            one = DeepKernel(learn=learn).to(where)
            step = leave_one_out(one, batches[where])
            times.append(1e3 * median_seconds(step, where, budget=budget))
        say(Result(f"leave-one-out of 32 windows, trunk {what}", times[0], "ms", cpu=times[1]))


@entry("robustness", value=40, seconds=30)
def robustness(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """A step of an attack by gradient, and bounds of 32 lost stretches of a network that sorts, 60 min at 1 Hz."""
    import torch
    from members import windows
    from timing import median_seconds

    from fhr.models import InceptionNet, SortedKernel

    budget, minutes = (0, 5) if small else (seconds / 8, 60)
    steps, bounds = [], []
    for where in (device, "cpu"):
        torch.manual_seed(0)
        signal = windows(1, minutes, where)[0][0]
        network = InceptionNet(signal.shape[1]).eval().to(where)
        steps.append(
            1e3 * median_seconds(partial(_with_gradient, network, signal.requires_grad_()), where, budget=budget)
        )
        kernel = SortedKernel(signal.shape[1]).eval().to(where)
        kernel.head.fit(
            kernel.embed(signal.detach()), torch.randn(len(signal), device=where), signal.new_ones(len(signal))
        )
        x, mask = signal.detach()[:1, 0], signal.detach()[:1, -1]
        lost = mask.expand(len(signal), -1) * (torch.rand(len(signal), 1, device=where) > 0.5)
        work = partial(_bounds_of, kernel, x, x, lost, mask)
        bounds.append(1e3 * median_seconds(work, where, budget=budget))
    say(Result(f"gradient of the scores of {len(signal)} windows of {minutes} min", steps[0], "ms", cpu=steps[1]))
    say(Result(f"bounds of {len(signal)} lost stretches", bounds[0], "ms", cpu=bounds[1]))


def _bounds_of(network, *given) -> None:
    network.bounds(*network.embedded_bounds(*given))


@entry("surrogates", value=25, seconds=25)
def surrogates(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Surrogates of signals of 60 min at 4 Hz: 50 iterations of IAAFT, pinned wavelet coefficients, random phases."""
    import torch
    from timing import median_seconds

    from fhr.synthesis import iaaft, phase_randomized, wavelet_iaaft

    budget = 0 if small else seconds / 12
    n_samples, n, few = (600, 4, 2) if small else (14400, 512, 16)
    generator = torch.Generator().manual_seed(0)
    walks = torch.randn(n, 1, n_samples, generator=generator).cumsum(-1)
    makers = {
        "IAAFT": partial(iaaft, seed=0, joint=False, iterations=50, tolerance=0),
        "pinned": partial(wavelet_iaaft, seed=0, wavelet="sym4"),
        "phases": partial(phase_randomized, seed=0),
    }
    for name, make in makers.items():
        # A CPU computes in double precision, whatever it is given.
        for dtype in (torch.float32, torch.float64):
            times = [
                1e3 * median_seconds(partial(make, x.to(where, dtype)), where, budget=budget)
                for where, x in ((device, walks), ("cpu", walks[:few]))
            ]
            say(Result(f"{name}, {n} signals, {str(dtype)[6:]}", times[0], "ms", n, times[1], few))


@entry("scattering synthesis", value=45, seconds=40)
def scattering_descent(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Steps of the synthesis of pairs of signals under scattering constraints, 60 min at 1 Hz, float64."""
    import torch
    from timing import median_seconds

    from fhr.processes import fbm
    from fhr.synthesis import scattering_synthesis

    n_samples, n, few, steps = (256, 3, 2, 1) if small else (3600, 256, 8, 20)
    signal = torch.from_numpy(fbm(n_samples, 0.7, size=(n, 2), seed=1))
    times = []
    for where, x in ((device, signal.to(device)), ("cpu", signal[:few])):
        work = partial(scattering_synthesis, x, fs=1.0, seed=0, tolerance=0.0, max_iterations=steps)
        times.append(1e3 * median_seconds(work, where, budget=0 if small else seconds / 4))
    say(Result(f"{steps} steps of {n} records", times[0], "ms", n, times[1], few))


@entry("fGn", value=20, seconds=5)
def fractional_noise(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """Fractional Gaussian noise: `fhr.processes` is numpy, so that there is nothing to run on a GPU."""
    from timing import median_seconds

    from fhr.processes import fgn

    budget = 0 if small else seconds / 2
    n = 10 if small else 1000
    here = median_seconds(lambda: fgn(7200, 0.7, size=n, seed=0), "cpu", budget=budget)
    say(Result(f"{n:,} signals of 7,200 samples", None, "ms", n, 1e3 * here, note="fhr.processes is numpy alone"))


class _TimeIsOverError(Exception):
    """The budget would be passed by another fold."""


@entry("protocol", value=10, seconds=90, takes_the_rest=True)
def protocol(say, *, device: str, small: bool, seconds: float, folder: Path) -> None:
    """10 x 5 folds of the default network, four networks each; folds are kept in `folder`, and another run goes on."""
    from protocol import default_network

    from fhr.datasets import CTUUHB
    from fhr.evaluation import FolderStore, cross_validate
    from fhr.simulation import write_database

    start, target = time.monotonic(), "ph<7.20" if small else "ph<=7.15"
    real = Path(os.environ.get("FHR_DATA", "")) / "ctu-uhb-ctgdb"
    if real.is_dir() and not small:
        database, which = CTUUHB(real), "CTU-UHB"
    else:
        n = 120 if small else 442
        simulated = folder / f"simulated_{n}"
        if not (simulated / "RECORDS").is_file():
            write_database(simulated, n, seed=1, overwrite=simulated.exists())
        database, which = CTUUHB(simulated), f"{n} simulated records"
    # Networks of this size leave a GPU idle for most of the time, and several share it.
    workers = 1 if small else max(1, min(8, (os.cpu_count() or 1) // 2))

    class Store(FolderStore):
        """Says how far it has come after each fold, and ends where the next one would pass the budget."""

        begun, fitted = 0.0, 0

        def tell(self) -> None:
            kept = len(list(self.folder.glob("repeat*-fold*")))
            say(Result("outer folds done", kept, "folds", aim="50", note=f"{which}; {self.fitted} of them in this run"))

        def keep(self, fold) -> None:
            super().keep(fold)
            self.fitted += 1
            spent = time.monotonic() - self.begun
            self.tell()
            note = f"wall time; {workers} processes side by side, {'1 network' if small else '4 networks'} a fold"
            say(Result("an outer fold", spent / self.fitted, "s", note=note))
            if small or time.monotonic() - start + spent / self.fitted > seconds:
                raise _TimeIsOverError

    make = partial(default_network, epochs=1 if small else 25, accelerator=device.split(":")[0])
    store = Store(folder / ("folds_small" if small else "folds"))
    store.begun = time.monotonic()
    try:
        result = cross_validate(
            make,
            database,
            target=target,
            repeats=1 if small else 10,
            inner=1 if small else 4,
            store=store,
            workers=workers,
            name=f"InceptionNet on {which}",
        )
    except _TimeIsOverError:
        return
    store.tell()
    auroc = result.metrics["auroc"]
    say(Result(f"AUROC, {target}", auroc.value, note=f"{auroc.low:.3f} to {auroc.high:.3f}, {which}, 10 x 5"))
