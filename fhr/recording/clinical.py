"""Outcome and clinical descriptors, in the terms and codes of the CTU-UHB database.

Source: Chudáček et al. 2014, BMC Pregnancy and Childbirth 14:16, doi:10.1186/1471-2393-14-16.
"""

from dataclasses import dataclass
from math import isnan, nan

__all__ = ["Clinical", "Outcome"]

_SEX = {1.0: "female", 2.0: "male"}
_DELIVERY = {1.0: "vaginal delivery", 2.0: "caesarean section"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The newborn's state at birth; NaN where unknown.

    Attributes:
        ph: umbilical artery pH.
        bdecf: base deficit in extracellular fluid, mmol/l.
        be: base excess, mmol/l.
        pco2: partial pressure of carbon dioxide, kPa.
        apgar1: Apgar score at 1 minute.
        apgar5: Apgar score at 5 minutes.
    """

    ph: float = nan
    bdecf: float = nan
    be: float = nan
    pco2: float = nan
    apgar1: float = nan
    apgar5: float = nan

    @property
    def words(self) -> str:
        """Known pH, base deficit and Apgar scores in words; empty for none.

        >>> Outcome(ph=7.14, bdecf=8.14, apgar5=8).words
        'pH 7.14, base deficit 8.14 mmol/l, Apgar 8 at 5 min'
        """
        numbers = (("pH {:.2f}", self.ph), ("base deficit {:g} mmol/l", self.bdecf))
        said = [written.format(value) for written, value in numbers if not isnan(value)]
        scores = [f"{value:g} at {at} min" for at, value in ((1, self.apgar1), (5, self.apgar5)) if not isnan(value)]
        return ", ".join([*said, *([f"Apgar {' and '.join(scores)}"] if scores else [])])


@dataclass(frozen=True, slots=True)
class Clinical:
    """Clinical descriptors; NaN where unknown. Flags are 1 (yes) or 0 (no); codes are the database's own.

    Attributes:
        gestational_age: completed weeks.
        weight: birth weight, g.
        sex: 1 female, 2 male.
        maternal_age: years.
        first_stage: duration of the first stage of labour, min.
        second_stage: duration of the second stage of labour, min; NaN where there was none.
        delivery_type: 1 vaginal, 2 caesarean section.
        sensor: 1 ultrasound, 2 direct scalp electrode, 12 both in turn.
        signal_to_birth: time from the end of the recording to birth, min.
    """

    nicu_days: float = nan
    seizures: float = nan
    hie: float = nan
    intubation: float = nan
    main_diagnosis: float = nan
    other_diagnosis: float = nan
    gestational_age: float = nan
    weight: float = nan
    sex: float = nan
    maternal_age: float = nan
    gravidity: float = nan
    parity: float = nan
    diabetes: float = nan
    hypertension: float = nan
    preeclampsia: float = nan
    liquor_praecox: float = nan
    pyrexia: float = nan
    meconium: float = nan
    presentation: float = nan
    induced: float = nan
    first_stage: float = nan
    no_progress: float = nan
    ck_kp: float = nan
    second_stage: float = nan
    delivery_type: float = nan
    database_id: float = nan
    sensor: float = nan
    signal_to_birth: float = nan

    @property
    def words(self) -> str:
        """Known gestation, birth weight, sex and mode of delivery in words; empty for none.

        >>> Clinical(gestational_age=37, sex=2, delivery_type=1).words
        '37 weeks, male, vaginal delivery'
        """
        measures = (("{:g} weeks", self.gestational_age), ("{:g} g", self.weight))
        said = [written.format(value) for written, value in measures if not isnan(value)]
        codes = ((_SEX, self.sex), (_DELIVERY, self.delivery_type))
        return ", ".join([*said, *(words[code] for words, code in codes if code in words)])
