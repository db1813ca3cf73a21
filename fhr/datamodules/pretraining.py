"""PretrainingDataModule: simulated labours with their truth, and recordings of which parts are hidden."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch.utils.data import DataLoader

import fhr
from fhr.compute import tell
from fhr.datasets import CTUUHB, Database, FalseSignals, Partition, Splits, make_splits, told_of_use
from fhr.datasets.database import checksum_of_lines
from fhr.errors import FHRError
from fhr.morphology import analyze
from fhr.preprocessing import Pipeline, Window
from fhr.recording import Heritage, Provenance, Recording
from fhr.simulation import TRUTH_SIGNALS, SimulatedLabour, simulate_labour
from fhr.tasks import DataFacts, TruthBatch

from .facts_module import WindowsDataModule
from .loaders import in_order, shuffled
from .pieces import pieces
from .truth_windows import TruthWindows
from .window_truth import truth_of_labour, truth_of_morphology
from .without_signals import without_signals

__all__ = ["PretrainingDataModule"]

_log = logging.getLogger(__name__)

_SHORTEST = 65  # min, of a simulated labour
_LEAST = 10  # min of a recording in a window


class _Real(NamedTuple):
    group: str
    window: Window
    read: np.ndarray | float  # by the rules


class PretrainingDataModule(WindowsDataModule):
    """A data module of simulated labours and the truth behind them, made in memory.

    Labours come in the order of `fhr.simulation.simulate`, those without heart rate in the window left out: the first
    ones are tested on, the next ones stop the training, those behind them are trained on, so that more labours to train
    on leave the others as they are. Of recordings, whose truth nobody knows, the network learns to rebuild heart rate
    that was hidden, and with `morphology=True` to read baseline, decelerations and contractions as the rules of
    `fhr.morphology.analyze` do, which is no truth; they are cut into windows from their end, what lacks in front of the
    first one is missing, and all windows with 10 min are trained on.

    What the weights learn from goes with them (`fhr.recording.Heritage`). The constants of the simulator that bear on
    the outcome were tuned to 442 records of CTU-UHB. Signals and their truth teach nothing of an outcome: as in
    `fhr.synthesis.Bank`, what stays tuned to the 442 records is how labours look, whatever their outcome, and such
    weights may be trained on and tested on any record. With `outcome=True` they learn the simulator's law of the pH
    too: they have learnt from every one of the 442 records, and a test on one of them is refused.

    Args:
        labours: simulated to train on.
        validation: simulated to stop the training.
        test: simulated to be tested on.
        simulation_seed: which simulated hospital.
        outcome: give the pH of the simulated labours, too.
        fhrma: folder of the false-signal recordings of FHRMA, to be trained on as well; None for none. They are under
            GPL-3.0: weights that learnt from them are not to be given away under another licence.
        ctu_uhb: folder of CTU-UHB, or one in its style, of which the training part of an inner fold is trained on as
            well; None for none. A test on one of these records is refused afterwards.
        repeat: which shuffle of the outer folds of `ctu_uhb`, whose standard splits are taken.
        fold: which of its outer folds is left out.
        inner: which inner fold is left out, too.
        morphology: give what the rules of morphology read off these recordings.
        window_minutes: length of a window; of a simulated labour, at its end.
        fs: sampling rate of the windows, Hz.
        channels: which of `fhr`, `uc`, `mask`; the first and the last are needed.
        crop_minutes: length of a part of each window to train on, at a place drawn anew in every epoch; None for whole
            windows. The others are whole.
        hidden: stretches a window, or crop, in which the heart rate is hidden.
        shortest: such a stretch, s.
        longest: such a stretch, s.
        batch_size: windows a batch.
        seed: of the order of the windows, of crops and of what is hidden.

    Raises:
        FHRError: no labours for one of the uses, a window that is too long for them, or settings that do not fit.
    """

    n_features = 0
    n_outputs = 1
    experiment = "pretraining"

    def __init__(
        self,
        labours: int = 3000,
        validation: int = 200,
        test: int = 200,
        *,
        simulation_seed: int = 7,
        outcome: bool = False,
        fhrma: str | None = None,
        ctu_uhb: str | None = None,
        repeat: int = 0,
        fold: int = 0,
        inner: int = 0,
        morphology: bool = False,
        window_minutes: float = 60.0,
        fs: float = 1.0,
        channels: Sequence[str] = ("fhr", "uc", "mask"),
        crop_minutes: float | None = None,
        hidden: int = 6,
        shortest: float = 30.0,
        longest: float = 60.0,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(labours, validation, test) < 1 or simulation_seed < 0 or batch_size < 2:
            raise FHRError(
                f"labours={labours}, validation={validation}, test={test}, simulation_seed={simulation_seed}, "
                f"batch_size={batch_size}; each use needs a labour, a batch two windows, and the seed is 0 or more"
            )
        self.pipeline = Pipeline(fs=fs, minutes=window_minutes, channels=tuple(channels))
        if not {"fhr", "mask"} <= set(channels):
            raise FHRError(f"channels={list(channels)}; heart rate is hidden in `fhr` and `mask`, give both")
        if window_minutes > _SHORTEST:
            raise FHRError(
                f"window_minutes={window_minutes:g}; simulated labours are recorded for {_SHORTEST} min or longer"
            )
        part = window_minutes if crop_minutes is None else crop_minutes
        if not (0 < part <= window_minutes and 1 / fs <= shortest <= longest <= 60 * part and hidden >= 0):
            raise FHRError(
                f"crop_minutes={crop_minutes}, hidden={hidden}, shortest={shortest:g} s, longest={longest:g} s; give a "
                f"crop of at most {window_minutes:g} min, and stretches of a sample or more that fit into it"
            )
        self.counts = {"labours": labours, "validation": validation, "test": test}
        self.simulation_seed, self.outcome = simulation_seed, outcome
        self.fhrma, self.ctu_uhb = fhrma, ctu_uhb
        if morphology and fhrma is None and ctu_uhb is None:
            raise FHRError("morphology=True without recordings, and the truth of labours is known; name some as well")
        self.repeat, self.fold, self.inner, self.morphology = repeat, fold, inner, morphology
        self.crop_minutes, self.hidden, self.stretch = crop_minutes, hidden, (shortest, longest)
        self.batch_size, self.seed = batch_size, seed

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the data for MLflow's comparison view; known before any data is read."""
        return {
            **self.counts,
            "simulation_seed": self.simulation_seed,
            "outcome": self.outcome,
            "fhrma": self.fhrma or "none",
            "ctu_uhb": self.ctu_uhb or "none",
            "morphology": self.morphology,
            "window_minutes": self.pipeline.minutes,
            "fs": self.pipeline.fs,
            "crop_minutes": self.crop_minutes,
            "hidden": self.hidden,
            "hidden_s": str(self.stretch),
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    def setup(self, stage: str | None = None) -> None:
        """Simulate, read and prepare, once; 0.011 s a labour.

        Raises:
            DatasetNotFoundError: no recordings where some were named.
            SplitError: a fold that there is not.
        """
        if self._facts is not None:
            return
        real, quarantined = self._windows()  # before the labours: a mistake there comes at once
        n = sum(self.counts.values())
        tell("pretraining: %d labours to simulate", n)
        total, n_times = n + len(real), self.pipeline.n_times
        self._signal = np.empty((total, self.n_channels, n_times), dtype=np.float16)  # 0.02 bpm near the baseline
        self._truth = np.full((total, len(TRUTH_SIGNALS), n_times), nan, dtype=np.float16)
        self._ph = np.full(total, nan)
        self._rows: dict[str, list[int]] = {}  # windows of each recording, which follow each other
        recordings = []
        for k, (labour, window) in enumerate(islice(self._labours(), n)):
            self._signal[k] = window.signal
            self._truth[k] = truth_of_labour(labour, window.signal, self.pipeline)
            if self.outcome:
                self._ph[k] = labour.recording.outcome.ph
            recordings.append(self._remembered(labour.recording))
            self._rows[recordings[-1].name] = [k]
        for k, (group, window, read) in enumerate(real, start=n):
            self._signal[k], self._truth[k] = window.signal, read
            name = f"{group} {window.recording.name}"
            if name not in self._rows:
                recordings.append(without_signals(window.recording, name))
            self._rows.setdefault(name, []).append(k)
        self._facts = facts = self._facts_of(Database(recordings, origin=self._origin(), quarantined=quarantined))
        learnt = Database((facts.recordings[name] for name in facts.learnt_from), origin=facts.origin)
        told_of_use(lambda: Heritage(learnt.digests, learnt.composition).seen, f"what is trained on {facts.origin} has")

    def _facts_of(self, database: Database) -> DataFacts:
        names, known = database.names, sum(self.counts.values())
        n_test, behind = self.counts["test"], self.counts["test"] + self.counts["validation"]
        within = np.nanmean(self._truth[:known, TRUTH_SIGNALS.index("deceleration")].astype(np.float32), axis=1)
        checksum = checksum_of_lines(
            {r.name: f"{r.name}:{d}\n" for r, d in zip(database, database.digests, strict=True)}
        )
        return DataFacts(
            pipeline=self.pipeline,
            target="truth of simulated labours",
            partition=Partition(tuple(names[behind:]), tuple(names[n_test:behind]), (), tuple(names[:n_test])),
            origin=database.origin,
            data_checksum=checksum,
            splits=Splits(
                folds=((tuple(names[:n_test]), tuple(names[n_test:known])),),
                strata=dict.fromkeys(names[:known], 0),
                seed=self.simulation_seed,
                data=checksum,
                format=2,
            ),
            fold=(0, 0, 0),
            labels=pd.Series(within, names[:known]),  # share of the time within decelerations
            recordings={recording.name: recording for recording in database},
            quarantined=database.quarantined,
            unlabelled=tuple(names[known:]),
        )

    def _origin(self) -> str:
        said = [f"{sum(self.counts.values())} simulated labours with seed {self.simulation_seed}"]
        said += [one for one in (self.fhrma, self.ctu_uhb) if one is not None]
        return " and ".join(said) + (", read by the rules of morphology" if self.morphology else "")

    def _labours(self) -> Iterator[tuple[SimulatedLabour, Window]]:
        """Labours whose window holds heart rate, in order, and their windows."""
        for k in count():
            labour = simulate_labour(k, seed=self.simulation_seed)
            windows, _ = self.pipeline.prepare([labour.recording])
            yield from ((labour, window) for window in windows)

    def _real(self) -> Iterator[tuple[str, Database, Sequence[str]]]:
        """Databases of recordings that nobody knows the truth of, each with the names of those to train on."""
        if self.fhrma is not None:
            _log.warning("FHRMA is under GPL-3.0; weights that learn from it are not to ship under another licence")
            found = FalseSignals(self.fhrma)
            yield "fhrma", found, found.names
        if self.ctu_uhb is not None:
            labelled = CTUUHB(self.ctu_uhb)
            yield "ctu_uhb", labelled, make_splits(labelled).partition(self.repeat, self.fold, self.inner).train

    def _windows(self) -> tuple[list[_Real], dict[str, str]]:
        """Windows of these recordings, and the reason for each that could not be read."""
        found: list[_Real] = []
        quarantined: dict[str, str] = {}
        for group, database, names in self._real():
            before = len(found)
            for name in names:
                found += [_Real(group, *one) for one in self._windows_of(database[name])]
            _log.info("%s: %d windows of %d recordings", database.origin, len(found) - before, len(names))
            quarantined |= database.quarantined
        for name, reason in quarantined.items():
            _log.warning("left out %s: %s", name, reason)
        return found, quarantined

    def _windows_of(self, recording: Recording) -> Iterator[tuple[Window, np.ndarray | float]]:
        """Windows of a recording, the last one first, each with what the rules read there; NaN where not asked for."""
        minutes, least = self.pipeline.minutes, min(_LEAST, self.pipeline.minutes)
        morphology = None
        for k, piece in enumerate(pieces(recording, minutes=minutes, least=least)):
            windows, _ = self.pipeline.prepare([piece])
            if windows and self.morphology:
                morphology = morphology or analyze(recording)
                end = (len(recording) - k * len(piece)) / recording.fs
                yield windows[0], truth_of_morphology(morphology, end, windows[0].signal, self.pipeline)
            elif windows:
                yield windows[0], nan

    def _remembered(self, recording: Recording) -> Recording:
        """A labour as the checkpoint remembers it; signals and truth alone are fitted to no record, see the class."""
        reduced = without_signals(recording, f"simulated {recording.name}")
        if self.outcome:
            return reduced
        maker = (
            f"fhr.datamodules {fhr.__version__}, signals and truth of simulated labours, seed={self.simulation_seed}"
        )
        return replace(reduced, provenance=Provenance("simulated", maker))

    def train_dataloader(self) -> DataLoader[TruthBatch]:
        """Windows, or crops of them, that fit the weights, shuffled."""
        crop = None if self.crop_minutes is None else round(60 * self.crop_minutes * self.fs)
        dataset = self._dataset(self.facts.partition.train, crop)
        return shuffled(dataset, self.batch_size, seed=self.seed)

    def val_dataloader(self) -> DataLoader[TruthBatch]:
        """The labours that stop the training, always with the same parts hidden."""
        return in_order(self._dataset(self.facts.partition.validation), self.batch_size)

    def test_dataloader(self) -> DataLoader[TruthBatch]:
        """The labours that are tested on, always with the same parts hidden."""
        return in_order(self._dataset(self.facts.partition.test), self.batch_size)

    def _dataset(self, names: Sequence[str], crop: int | None = None) -> TruthWindows:
        rows = slice(self._rows[names[0]][0], self._rows[names[-1]][-1] + 1)  # the uses follow each other
        return TruthWindows(
            self._signal[rows],
            self._truth[rows],
            self._ph[rows],
            pipeline=self.pipeline,
            hidden=self.hidden,
            stretch=self.stretch,
            crop=crop,
            seed=self.seed,
        )
