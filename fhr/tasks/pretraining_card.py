"""The card of pretrained weights."""

from collections.abc import Mapping

from fhr.metrics import Interval

from .data_facts import DataFacts
from .model_card import records_line, results_table

__all__ = ["pretraining_card"]


def pretraining_card(network: str, facts: DataFacts, results: Mapping[str, Interval]) -> str:
    """The card of a pretrained trunk, as Markdown."""
    return f"""# Pretrained weights

Research software, **not a medical device**: it must not guide the care of any patient.

- Network: `{network}`
- Use: the weights that another network of this kind begins with (`model.init_args.weights`); they predict nothing
- Data: {facts.origin} (checksum `{facts.data_checksum[:16]}`)
{records_line(facts.learnt_composition, facts.tested_composition)}\
- Trained on {len(facts.partition.train)} labours and recordings, stopped on {len(facts.partition.validation)} \
labours, tested on {len(facts.partition.test)}

## What is read off simulated labours

Correlation (rate, baseline, hidden) or AUROC (deceleration, contraction, artefact) over the time of each labour,
averaged over labours; `_trivial` is a rule of one line on the recorded signals. Intervals are 95% percentile bootstrap
intervals over labours.

{results_table(results)}

## Limits

- A simulated trace is no evidence about fetuses: what is read there was put there by the simulator.
- How simulated labours look was tuned to records of CTU-UHB; with their pH, the weights have learnt from these records.
"""
