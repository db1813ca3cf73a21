"""Clinical descriptors that agree with the labour and with each other, at the frequencies of CTU-UHB."""

from math import isnan

import numpy as np

from fhr.recording import Clinical

from .labour import FS, Labour

__all__ = ["draw_descriptors", "draw_sensor"]

SENSOR = ((1, 2, 12), (0.735, 0.197, 0.068))
WEEKS = ((37, 38, 39, 40, 41, 42), (0.034, 0.072, 0.188, 0.33, 0.33, 0.046))
PARITY = ((0, 1, 2, 3), (0.7, 0.235, 0.05, 0.015))
PRESENTATION = ((1, 2, 3), (0.914, 0.027, 0.059))
WEIGHT = (3405.0, 435.0)  #: g at 40 weeks, and the spread at any week
WEIGHT_PER_WEEK = 134.0
FIRST_STAGE = (252.0, 150.0)  #: mean min of a first and of a later birth


def draw_sensor(rng: np.random.Generator) -> int:
    """Draw the sensor: 1 ultrasound, 2 scalp electrode, 12 both in turn."""
    return _choose(SENSOR, rng)


def draw_descriptors(
    labour: Labour, severity: float, sensor: int, database_id: int, rng: np.random.Generator
) -> Clinical:
    """Draw every field of `Clinical`; neonatal follow-up is 0 throughout, as in the published database."""
    weeks = _choose(WEEKS, rng)
    parity = _choose(PARITY, rng)
    section = isnan(labour.second_stage)
    hypertension = _flag(0.077, rng)
    # First stages are written to 5 min, and hold at least what was recorded of them.
    recorded = labour.n / FS / 60 if section else labour.stage2_start / 60
    first_stage = max(5 * round(FIRST_STAGE[min(parity, 1)] * rng.gamma(5.0, 0.2) / 5), int(np.ceil(recorded)))
    return Clinical(
        nicu_days=0.0,
        seizures=0.0,
        hie=0.0,
        intubation=0.0,
        main_diagnosis=0.0,
        other_diagnosis=0.0,
        gestational_age=float(weeks),
        weight=10.0 * round(float(np.clip(rng.normal(*WEIGHT) + WEIGHT_PER_WEEK * (weeks - 40), 1950, 4800)) / 10),
        sex=1.0 + _flag(0.5, rng),
        maternal_age=float(round(float(np.clip(rng.normal(29.7, 4.4), 18, 45)))),
        gravidity=float(parity + 1 + rng.poisson(0.2)),
        parity=float(parity),
        diabetes=_flag(0.075, rng),
        hypertension=hypertension,
        preeclampsia=_flag(0.3 if hypertension else 0.008, rng),
        liquor_praecox=_flag(0.28, rng),
        pyrexia=_flag(0.014, rng),
        meconium=_flag(0.115 * float(np.exp(0.3 * np.clip(severity, -2, 2))), rng),
        presentation=float(_choose(PRESENTATION, rng)),
        induced=_flag(0.394, rng),
        first_stage=float(first_stage),
        no_progress=_flag(0.7 if section else 0.05, rng),
        ck_kp=0.0 if section else _flag(0.024, rng),
        second_stage=labour.second_stage,
        delivery_type=2.0 if section else 1.0,
        database_id=float(database_id),
        sensor=float(sensor),
        signal_to_birth=0.0,
    )


def _flag(probability: float, rng: np.random.Generator) -> float:
    return float(rng.random() < probability)


def _choose(table: tuple[tuple[int, ...], tuple[float, ...]], rng: np.random.Generator) -> int:
    values, frequency = table
    return values[min(int(np.searchsorted(np.cumsum(frequency), rng.random())), len(values) - 1)]
