"""Simulated recordings, one after the other."""

from collections.abc import Iterator

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Recording, Source, Step

from .acidosis import draw_hypoxia
from .descriptors import draw_descriptors, draw_sensor
from .heart_rate import draw_heart_rate
from .labour import FS, draw_labour
from .loss import lose_activity, lose_heart_rate
from .outcome import draw_outcome
from .uterine_activity import draw_uterine_activity

__all__ = ["simulate", "simulate_recording"]


def simulate(n: int, *, seed: int = 0) -> Iterator[Recording]:
    """Simulate `n` labours in the form of the CTU-UHB database, made as they are asked for.

    Recording i is `simulate_recording(i, seed=seed)`: a larger `n` appends recordings and leaves the first ones as
    they are.

    Args:
        n: number of recordings, at least 0.
        seed: a non-negative integer.

    Returns:
        An iterator over recordings "s0001", "s0002", ...

    Raises:
        FHRError: n or seed is negative.

    >>> [recording.name for recording in simulate(2, seed=1)]
    ['s0001', 's0002']
    """
    if n < 0:
        raise FHRError(f"n={n} recordings were asked for; give n of at least 0")
    _check_seed(seed)
    return (simulate_recording(index, seed=seed) for index in range(n))


def simulate_recording(index: int, *, seed: int = 0) -> Recording:
    """Simulate one labour; the same `seed` and `index` give the same recording, whatever else is simulated.

    A fetus of random vulnerability goes through a labour of random contractions. Contractions leave an oxygen debt;
    the debt makes decelerations, takes away variability and accelerations; decelerations that do not recover add up
    to a burden, and the pH is a falling function of the burden plus a reserve that no signal shows. Sensors then lose
    and distort part of it. pH, its tail, blood gases, Apgar scores, stage lengths, loss and clinical frequencies
    follow CTU-UHB. Left out: maternal heart rate, twins, drugs, and any change between ultrasound and scalp electrode
    within a recording. A simulated trace trains and tests programs; it is no evidence about fetuses.

    Args:
        index: number of the recording, from 0.
        seed: a non-negative integer.

    Returns:
        Recording of 65 to 90 min at 4 Hz with every outcome and clinical field set; `second_stage` and `stage2_start`
        are NaN where there was no second stage. Its history holds one step "simulate" with seed, index and the latent
        `severity`, which is the best predictor of the pH that there is.

    Raises:
        FHRError: index or seed is negative.

    Source:
        Marginals from Chudáček et al. 2014, doi:10.1186/1471-2393-14-16; each constant says whether it was measured
        or chosen.
    """
    if index < 0:
        raise FHRError(f"index={index} is negative; recordings are numbered from 0")
    _check_seed(seed)
    # A child of the seed per recording, as SeedSequence(seed).spawn gives them; within it a stream per part.
    streams = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(6)
    course, fetus, heart, uterus, sensors, newborn = (np.random.default_rng(stream) for stream in streams)

    labour = draw_labour(course)
    hypoxia = draw_hypoxia(labour, fetus)
    sensor = draw_sensor(sensors)
    rate = draw_heart_rate(labour, hypoxia, heart)
    activity = draw_uterine_activity(labour, uterus)
    return Recording(
        name=f"s{index + 1:04d}",
        fhr=lose_heart_rate(rate, labour, hypoxia, sensor, sensors).astype(np.float32),
        uc=lose_activity(activity, labour, sensors).astype(np.float32),
        fs=FS,
        outcome=draw_outcome(hypoxia.severity, newborn),
        clinical=draw_descriptors(labour, hypoxia.severity, sensor, index + 1, newborn),
        stage2_start=labour.stage2_start,
        source=Source(path=f"seed={seed},index={index}", format="simulated"),
        history=(Step("simulate", {"seed": seed, "index": index, "severity": hypoxia.severity}),),
    )


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise FHRError(f"seed={seed} is negative; give an integer of at least 0")
