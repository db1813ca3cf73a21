"""Quality check of a recording by all rules, and ranges of samples as the table that experts write."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fhr.recording import PATH, RECORD, Recording, TableColumn, column_names

from .halved_stretches import halved_or_doubled_stretches
from .mothers_rate import mothers_rate
from .quality_rules import coincident, jumping, out_of_range, stuck
from .true_runs import runs

__all__ = ["QUALITY_COLUMNS", "RANGE_COLUMNS", "check_quality", "quality_table"]

RANGE_COLUMNS = (
    TableColumn("file", "name of the file that was read, or of the recording, as in the tables of experts"),
    TableColumn("dataset", "as in the tables of experts", empty="always"),
    TableColumn("channel", "the heart rate that is false", values="fhr; mhr"),
    TableColumn("label", "as in the tables of experts", values="false"),
    TableColumn("start_sample", "first sample, counted from 1 at the recording's own rate", type="integer"),
    TableColumn("end_sample", "last sample, which belongs to the range", type="integer"),
    TableColumn("start_s", "start, from the start of the recording", "s", "number", 2),
    TableColumn("end_s", "end, past the last sample", "s", "number", 2),
    TableColumn(
        "rule",
        "what found it",
        values="out_of_range; jump; stuck; halved_or_doubled; coincident (samples within 5 bpm of the mother's rate); "
        "mothers_rate (stretches that follow it); network",
    ),
    TableColumn(
        "probability",
        "that the samples are false, to the network; mean over the range",
        "1",
        "number",
        5,
        empty="of a rule",
    ),
    RECORD,
    PATH,
)
"""Columns of `quality_table`: those of the tables of experts, then more; the last two are its key."""

QUALITY_COLUMNS = column_names(RANGE_COLUMNS)
_MHR_LOW = 30.0  # bpm; lower values were marked as false wherever experts marked them
_MHR_STUCK = 60.0  # s, see `stuck`


def check_quality(recording: Recording) -> dict[tuple[str, str], np.ndarray]:
    """Apply every rule: its mask (n,), by channel (fhr, mhr) and rule.

    Rules: `out_of_range` (FHR 50 to 210 bpm, MHR 30 to 210 bpm), `jump`, `stuck` (FHR 10 s, MHR 60 s),
    `halved_or_doubled` (`halved_or_doubled_stretches`), `coincident` (FHR within 5 bpm of MHR, sample by sample) and
    `mothers_rate` (stretches in which FHR follows MHR) of FHR. See `fhr.preprocessing.quality_rules` for the others.
    """
    fhr, mhr, fs = recording.fhr, recording.mhr, recording.fs
    masks = {
        ("fhr", "out_of_range"): out_of_range(fhr, fs),
        ("fhr", "jump"): jumping(fhr, fs),
        ("fhr", "stuck"): stuck(fhr, fs),
        ("fhr", "halved_or_doubled"): halved_or_doubled_stretches(fhr, fs),
    }
    if mhr is not None:
        masks |= {
            ("fhr", "coincident"): coincident(fhr, mhr, fs),
            ("fhr", "mothers_rate"): mothers_rate(fhr, mhr, fs),
            ("mhr", "out_of_range"): out_of_range(mhr, fs, low=_MHR_LOW),
            ("mhr", "jump"): jumping(mhr, fs),
            ("mhr", "stuck"): stuck(mhr, fs, longest=_MHR_STUCK),
        }
    return masks


def quality_table(
    recording: Recording,
    masks: Mapping[tuple[str, str], np.ndarray],
    probabilities: Mapping[str, np.ndarray | None] | None = None,
) -> pd.DataFrame:
    """Tabulate ranges of false samples.

    A range holds only samples that are false or missing, and begins and ends with a false one: a gap within does not
    divide it.

    Args:
        recording: what the masks are of.
        masks: (n,) by channel and rule, as from `check_quality`.
        probabilities: (n,) by channel, of the ranges of the rule `network`; NaN in the table elsewhere.

    Returns:
        One row a range in the order of rules and time: file (its name, or the recording's), dataset (empty), channel,
        label ("false"), start_sample and end_sample (counted from 1, both inclusive, at the recording's own rate),
        start_s and end_s (s from the start, the second one past the last sample), rule, probability (mean over the
        false samples), record and path.
    """
    file = Path(recording.source.path).name if recording.source else recording.name
    key = recording.name, recording.path
    rows = []
    for (channel, rule), mask in masks.items():
        valid = np.flatnonzero(~np.isnan(getattr(recording, channel)))
        probability = (probabilities or {}).get(channel) if rule == "network" else None
        for first, end in zip(*runs(mask[valid]), strict=True):
            start, last = int(valid[first]), int(valid[end - 1])
            mean = np.nan if probability is None else float(probability[valid[first:end]].mean())
            times = start / recording.fs, (last + 1) / recording.fs
            rows.append((file, "", channel, "false", start + 1, last + 1, *times, rule, mean, *key))
    return pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))
