"""Outcome of the newborn, drawn from the severity of the labour and the fetus's own reserve."""

import numpy as np
from scipy.special import ndtr

from fhr.recording import Outcome

__all__ = ["draw_outcome"]

#: How much of the pH the burden explains: the correlation of severity with the normal score of the pH, from 0 (nothing
#: to be learnt) to 1 (a trace without loss would tell all). Chosen so that the linear baselines on order statistics
#: separate pH <= 7.15 and pH < 7.05 about as well as they do in CTU-UHB.
EXPLAINED = 0.75

#: Quantiles of the umbilical artery pH after vaginal birth and after caesarean section, measured on the 442 records of
#: CTU-UHB this package was developed on. Sections are of two kinds: for distress, and for want of progress.
PH = (
    (0, 0.01, 0.025, 0.054, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1),
    (6.85, 6.92, 6.98, 7.045, 7.11, 7.16, 7.19, 7.22, 7.24, 7.27, 7.29, 7.32, 7.35, 7.37, 7.41, 7.47),
)
PH_SECTION = (
    (0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.36, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
    (6.94, 6.96, 6.98, 7.01, 7.035, 7.044, 7.2, 7.24, 7.26, 7.28, 7.31, 7.32, 7.34, 7.4),
)

#: pCO2 over pH - 7.25 (constant, linear, quadratic) and its spread, kPa, fitted to CTU-UHB.
PCO2 = (7.0, -14.1, -16.0)
PCO2_SPREAD = 0.65
PCO2_RANGE = (3.0, 14.0)

MMHG_PER_KPA = 7.50062
#: Van Slyke equation with the constants that reproduce CTU-UHB's BDecf from its pH and pCO2 (r = 0.99999).
BDECF = (0.923, 23.9, 16.065)
#: g/dl, in the Van Slyke equation for whole blood (Siggaard-Andersen 1977, Scand J Clin Lab Invest 37, S146:15-20).
HAEMOGLOBIN = 15.0

#: Apgar scores are cut from a normal score that shares this correlation with the pH's, at CTU-UHB's frequencies.
APGAR_AND_PH = 0.5
APGAR1_AND_APGAR5 = 0.8
APGAR1 = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (0.002, 0.003, 0.025, 0.02, 0.035, 0.04, 0.06, 0.2, 0.49, 0.125))
APGAR5 = ((4, 5, 6, 7, 8, 9, 10), (0.004, 0.005, 0.025, 0.045, 0.135, 0.386, 0.4))


def draw_outcome(
    severity: float, rng: np.random.Generator, *, section: bool = False, explained: float = EXPLAINED
) -> Outcome:
    """Draw pH, blood gases and Apgar scores of a newborn; pH in steps of 0.01, as CTU-UHB gives it.

    Args:
        severity: of the labour, standard normal over labours.
        rng: randomness.
        section: born by caesarean section.
        explained: correlation of severity with the normal score of the pH, 0 to 1.
    """
    score = -explained * severity + np.sqrt(1 - explained**2) * rng.standard_normal()
    ph = round(float(np.interp(ndtr(score), *(PH_SECTION if section else PH))), 2)
    acid = ph - 7.25
    pco2 = PCO2[0] + PCO2[1] * acid + PCO2[2] * acid**2 + PCO2_SPREAD * rng.standard_normal()
    pco2 = round(float(np.clip(pco2, *PCO2_RANGE)), 1)
    bicarbonate, bdecf = base_deficit(ph, pco2)
    be = (1 - 0.014 * HAEMOGLOBIN) * (bicarbonate - 24.8 + (1.43 * HAEMOGLOBIN + 7.7) * (ph - 7.4))

    well = APGAR_AND_PH * score + np.sqrt(1 - APGAR_AND_PH**2) * rng.standard_normal()
    better = APGAR1_AND_APGAR5 * well + np.sqrt(1 - APGAR1_AND_APGAR5**2) * rng.standard_normal()
    apgar1 = _grade(well, *APGAR1)
    # A score that falls between the first and the fifth minute is the exception: one point at most.
    apgar5 = max(_grade(better, *APGAR5), apgar1 - 1)
    return Outcome(ph=ph, bdecf=round(bdecf, 2), be=round(be, 1), pco2=pco2, apgar1=apgar1, apgar5=apgar5)


def base_deficit(ph: float, pco2: float) -> tuple[float, float]:
    """Bicarbonate (Henderson-Hasselbalch) and base deficit in extracellular fluid, mmol/l, from pH and pCO2 in kPa."""
    bicarbonate = 0.0304 * pco2 * MMHG_PER_KPA * 10 ** (ph - 6.1)
    return bicarbonate, -BDECF[0] * (bicarbonate - BDECF[1] + BDECF[2] * (ph - 7.4))


def _grade(score: float, grades: tuple[int, ...], frequency: tuple[float, ...]) -> float:
    """The grade at this quantile of a table of frequencies."""
    return float(grades[min(int(np.searchsorted(np.cumsum(frequency), ndtr(score))), len(grades) - 1)])
