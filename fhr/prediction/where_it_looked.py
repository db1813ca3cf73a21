"""Attribution of a recording's score to the moments of its window: where the networks looked."""

import logging
from typing import Literal, get_args

import numpy as np

from fhr.errors import CheckpointError, FHRError
from fhr.preprocessing import Pipeline, Window, cut_until
from fhr.recording import Recording

from .attribution import Attribution
from .integrated_gradients import integrated_gradients
from .occlusion import Layer, occlusion
from .predictor import Predictor
from .usual_window import usual_window

__all__ = ["METHODS", "Method", "where_it_looked"]

Method = Literal["missing", "at rest", "integrated gradients"]
METHODS: tuple[Method, ...] = get_args(Method)
"""Ways to tell where networks looked, see `where_it_looked`."""

_MUCH_MISSED = 0.05  # of the difference that integrated gradients add up to

_log = logging.getLogger(__name__)


def where_it_looked(
    predictor: Predictor,
    recording: Recording,
    method: Method = "missing",
    *,
    stretch: float = 60.0,
    step: float = 30.0,
    steps: int = 32,
) -> Attribution:
    """Contribution of each moment of FHR and of UC to the mean score of the networks.

    `missing` asks what the score would be had a stretch of FHR not been recorded: its samples become as lost ones are,
    mask included. Networks know gaps from training, and it is the only way to see what steady signal tells, such as
    reduced variability. But a network that reads loss as risk answers for the loss too, and seems to find every stretch
    reassuring. UC has no mask, and a stretch of it is put at rest. It is so before the heart rate is taken away, since
    many networks see nothing at all where the mask is 0: FHR by itself would be credited with the contractions there.

    `at rest` replaces a stretch of either signal by what `usual_window` has there, baseline and no contraction, and
    leaves the mask: it shows decelerations and contractions, and nothing where the heart rate is at its baseline
    anyway. `integrated gradients` compares with that same window, sample by sample, and adds up to the difference of
    the two scores.

    On simulated labours with a planted cause (`benchmarks/attribution.py`) all three find decelerations, and `missing`
    alone finds reduced variability; it is the default. Features beside the signal are held as they are.

    Args:
        predictor: of networks.
        recording: whole, that can be predicted.
        method: one of `METHODS`.
        stretch: length of what is taken away at once, s; not of integrated gradients.
        step: from one stretch to the next, s.
        steps: parts of the line that gradients are integrated along; 32 windows a network.

    Raises:
        CheckpointError: a predictor of models that read no signal.
        FHRError: another method, a stretch longer than the window or below a sample, or no steps.
        SignalError: a recording that cannot be predicted.

    Source:
        Occlusion: Zeiler and Fergus 2014, doi:10.1007/978-3-319-10590-1_53. Integrated gradients: Sundararajan, Taly
        and Yan 2017, arXiv:1703.01365.
    """
    if method not in METHODS:
        raise FHRError(f"method={method!r}; choose from {', '.join(METHODS)}")
    if not predictor.reads_signal:
        raise CheckpointError("a model of statistics alone looks at no moment; see what each adds, `explain`")
    cut, window, features = predictor.prepare_one(recording)
    pipeline, signal = predictor.pipeline, window.signal

    def beside(windows: np.ndarray) -> np.ndarray:
        return np.repeat(features[None], len(windows), axis=0)

    def score(windows: np.ndarray) -> np.ndarray:
        mean: np.ndarray = predictor.scores(windows, beside(windows)).mean(axis=0)
        return mean

    reference, usual = None, usual_window(window, pipeline)
    if method == "integrated gradients":
        every = integrated_gradients(lambda x: predictor.gradients(x, beside(x)), signal, usual, steps=steps)
        signals = {name: row for name, row in zip(pipeline.channels, every, strict=True) if name != "mask"}
        reference = float(score(usual[None])[0])
    else:
        layers, length = _layers(window, usual, pipeline, method), _samples(stretch, pipeline)
        falls = occlusion(score, signal, list(layers.values()), length=length, step=_samples(step, pipeline))
        by_name = dict(zip(layers, falls, strict=True))
        signals = {name: by_name[name] for name in pipeline.channels if name in by_name}
    attribution = Attribution(
        name=recording.name,
        target=predictor.target,
        method=method,
        score=float(score(signal[None])[0]),
        reference=reference,
        fs=pipeline.fs,
        end=cut_until(cut),
        signals=signals,
    )
    if reference is not None and abs(attribution.missed) > _MUCH_MISSED * abs(attribution.score - reference) + 1e-3:
        _log.warning(
            "%s: %d steps miss %.3g of a difference of %.3g between two scores; give more steps",
            recording.name,
            steps,
            attribution.missed,
            attribution.score - reference,
        )
    return attribution


def _layers(window: Window, usual: np.ndarray, pipeline: Pipeline, method: Method) -> dict[str, Layer]:
    """What is taken away, by signal, in this order."""
    rows = {name: [row] for row, name in enumerate(pipeline.channels)}
    layers: dict[str, Layer] = {
        name: Layer(rows[name], usual, _measured(name, window, pipeline)) for name in ("uc", "fhr") if name in rows
    }
    if method == "missing" and "fhr" in layers:
        lost = layers["fhr"]._replace(rows=[*rows["fhr"], *rows.get("mask", [])], without=np.zeros_like(usual))
        layers["fhr"] = lost
    return layers


def _samples(seconds: float, pipeline: Pipeline) -> int:
    return round(seconds * pipeline.fs) if np.isfinite(seconds) else 0


def _measured(channel: str, window: Window, pipeline: Pipeline) -> np.ndarray:
    """Samples (time,) of the window in which the signal holds anything."""
    recording = window.recording
    n = round(pipeline.n_times / pipeline.fs * recording.fs)
    known = ~np.isnan((recording.fhr if channel == "fhr" else recording.uc)[-n:])
    measured: np.ndarray = known.reshape(pipeline.n_times, -1).any(axis=1)
    return measured
