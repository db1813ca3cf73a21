"""Simulated labours, one after the other: the recording, and the truth behind it."""

from collections.abc import Iterator

import numpy as np

import fhr
from fhr.errors import FHRError
from fhr.recording import Provenance, Recording, Source, Step, developed_on

from .acidosis import draw_hypoxia
from .belt import shown_by_belt
from .descriptors import draw_descriptors, draw_sensor
from .heart_rate import draw_heart_rate
from .labour import FS, draw_labour
from .outcome import EXPLAINED, draw_outcome
from .sensors import observe
from .truth import SimulatedLabour, Truth, gathered
from .uterine_activity import draw_uterine_activity

__all__ = ["simulate", "simulate_labour", "simulate_labours", "simulate_recording"]


def simulate(n: int, *, seed: int = 0, explained: float = EXPLAINED) -> Iterator[Recording]:
    """Simulate `n` labours in the form of the CTU-UHB database, made as they are asked for.

    Recording i is `simulate_recording(i, seed=seed)`: a larger `n` appends recordings and leaves the first ones as
    they are. Nothing is kept, so that any number can be gone through.

    Args:
        n: number of recordings, at least 0.
        seed: a non-negative integer.
        explained: see `simulate_labour`.

    Returns:
        An iterator over recordings "s0001", "s0002", ...

    Raises:
        FHRError: n or seed is negative, or `explained` outside [0, 1].

    >>> [recording.name for recording in simulate(2, seed=1)]
    ['s0001', 's0002']
    """
    return (labour.recording for labour in simulate_labours(n, seed=seed, explained=explained))


def simulate_labours(n: int, *, seed: int = 0, explained: float = EXPLAINED) -> Iterator[SimulatedLabour]:
    """Simulate the recordings of `simulate`, each with the truth behind it.

    >>> [len(labour.truth.fhr) == len(labour.recording) for labour in simulate_labours(2, seed=1)]
    [True, True]
    """
    if n < 0:
        raise FHRError(f"n={n} recordings were asked for; give n of at least 0")
    _check(0, seed, explained)
    return (simulate_labour(index, seed=seed, explained=explained) for index in range(n))


def simulate_recording(index: int, *, seed: int = 0, explained: float = EXPLAINED) -> Recording:
    """Simulate the recording of `simulate_labour`, without the truth."""
    return simulate_labour(index, seed=seed, explained=explained).recording


def simulate_labour(index: int, *, seed: int = 0, explained: float = EXPLAINED) -> SimulatedLabour:
    """Simulate one labour; the same `seed` and `index` give the same one, whatever else is simulated.

    A fetus of random reserve goes through a labour of random contractions. Contractions and compressions of the cord
    leave an oxygen debt; the debt makes late and prolonged decelerations and raises the baseline; its mean is the
    severity, and the pH is a falling function of the severity and of much that no signal shows. The monitor then
    averages, loses and distorts part of it. Lengths, loss, percentiles, pH, its tail, blood gases, Apgar scores and
    clinical frequencies follow CTU-UHB, and so does how hard the pH is to tell from the trace.

    **A simulated trace is no evidence about fetuses.** It trains and tests programs. What a program finds in it was put
    there, by constants that are mostly chosen for the look of one database. Left out: twins, drugs, sinusoidal
    patterns, the mother's heart rate as a channel of its own, and any change of sensor within a recording.

    Args:
        index: number of the recording, from 0.
        seed: a non-negative integer.
        explained: correlation of the severity with the normal score of the pH, 0 to 1. The default makes the problem
            about as hard as in CTU-UHB; 1 makes an easy one, for tests and demonstrations. It changes the outcome
            alone: signals and truth stay as they are.

    Returns:
        `SimulatedLabour`: a recording of 65 to 90 min at 4 Hz with every outcome and clinical field set
        (`second_stage` and `stage2_start` are NaN where there was no second stage), whose history holds one step
        "simulate" with seed, index and the latent `severity`, and whose provenance is simulated, by this function with
        its seed, `explained` and version, fitted to the 442 records of CTU-UHB that its constants were tuned to; and
        the truth. To train on simulated labours and test on one of these records, see `fhr.synthesis.Bank`.

    Raises:
        FHRError: index or seed is negative, or `explained` outside [0, 1].

    Source:
        Marginals from Chudáček et al. 2014, doi:10.1186/1471-2393-14-16; each constant says whether it was measured
        or chosen.

    >>> simulate_labour(0, seed=1).truth.events.of("contraction").extremum_s[:3].round()
    array([147., 288., 437.])
    """
    _check(index, seed, explained)
    # A child of the seed per recording, as SeedSequence(seed).spawn gives them; within it a stream per part.
    streams = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(7)
    course, fetus, heart, uterus, belt, sensors, newborn = (np.random.default_rng(stream) for stream in streams)

    labour = draw_labour(course)
    hypoxia = draw_hypoxia(labour, fetus)
    heart_rate = draw_heart_rate(labour, hypoxia, heart)
    activity = draw_uterine_activity(labour, uterus)
    severity, section = hypoxia.severity, bool(np.isnan(labour.stage2_start))
    sensor = draw_sensor(sensors)
    seen = observe(heart_rate.fhr, shown_by_belt(activity.uc, labour, belt), labour, severity, sensor, sensors)
    maker = f"fhr.simulation {fhr.__version__}, seed={seed}, explained={explained:g}"
    recording = Recording(
        name=f"s{index + 1:04d}",
        fhr=seen.fhr.astype(np.float32),
        uc=seen.uc.astype(np.float32),
        fs=FS,
        outcome=draw_outcome(severity, newborn, section=section, explained=explained),
        clinical=draw_descriptors(labour, severity, sensor, index + 1, newborn),
        stage2_start=labour.stage2_start,
        source=Source(path=f"seed={seed},index={index}", format="simulated"),
        history=(Step("simulate", {"seed": seed, "index": index, "severity": severity}),),
        # Without the index: one maker for all recordings of a database.
        provenance=Provenance("simulated", maker, fitted_to=developed_on()),
    )
    truth = Truth(
        fs=FS,
        fhr=heart_rate.fhr.astype(np.float32),
        uc=activity.uc.astype(np.float32),
        baseline=heart_rate.baseline.astype(np.float32),
        artefact=seen.artefact,
        events=gathered([*heart_rate.events, *activity.events], labour.end),
        severity=severity,
    )
    return SimulatedLabour(recording, truth)


def _check(index: int, seed: int, explained: float) -> None:
    if index < 0:
        raise FHRError(f"index={index} is negative; recordings are numbered from 0")
    if seed < 0:
        raise FHRError(f"seed={seed} is negative; give an integer of at least 0")
    if not 0 <= explained <= 1:
        raise FHRError(f"explained={explained} is no share; give a correlation between 0 and 1")
