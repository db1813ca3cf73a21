"""The model card of a false-signal network."""

from collections.abc import Mapping

from fhr.calibration import Thresholds
from fhr.metrics import Interval

from .data_facts import DataFacts
from .model_card import records_line, results_table

__all__ = ["false_signal_card"]


def false_signal_card(network: str, facts: DataFacts, thresholds: Thresholds, results: Mapping[str, Interval]) -> str:
    """The model card of a false-signal network, as Markdown."""
    repeat, fold, inner = facts.fold
    return f"""# Model card

Research software, **not a medical device**: it must not guide the care of any patient.

- Network: `{network}`
- Output: for each sample the probability that fetal heart rate is false (the mother's, or an artefact), and that \
maternal heart rate is
- Input: fetal heart rate and, where there is one, maternal heart rate on both sides of the sample
- Data: {facts.origin} (checksum `{facts.data_checksum[:16]}`)
{records_line(facts.learnt_composition, facts.tested_composition)}\
- Trained on {len(facts.partition.train)} recordings; stopped and its thresholds chosen (largest F1) on \
{len(facts.partition.validation)} others
- Tested on: repeat {repeat}, outer fold {fold} (early-stopping slice {inner}), {len(facts.partition.test)} \
recordings; left out as unusable: {len(facts.quarantined)}
- False from a probability of {thresholds.fhr:.3f} (FHR), {thresholds.mhr:.3f} (MHR)

## Results

Samples that experts marked, pooled over recordings; false is positive. `fhr`: Doppler recordings as they are;
`fhr_without_mhr`: the same with the maternal channel withheld; `scalp`: scalp electrode; `mhr`: maternal heart rate.
Intervals are 95% percentile bootstrap intervals over recordings.

{results_table(results)}

## Limits

- Experts marked what they were sure of; unmarked samples, which are harder, are in no number.
- The constants of the augmentation were read off the published recordings, tested ones included. Recordings of one \
woman, if there are several, may stand on both sides of a split: nothing in the data tells.
- All recordings are of one study; nothing was tested on another monitor or population.
"""
