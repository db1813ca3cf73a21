"""Columns of the tables of morphology, with their meaning."""

from fhr.recording import PATH, RECORD, TableColumn

__all__ = ["LISTED_COLUMNS", "SUMMARY_COLUMNS", "THRESHOLD_COLUMNS"]

_KINDS = "early; late; variable; prolonged; unclassified"
_NO_DECELERATION = "no deceleration"
_NO_EVENT = "unreliable signal"
_LITTLE = "too little of it is known"

LISTED_COLUMNS = (
    RECORD,
    TableColumn(
        "kind",
        "kind of the event",
        values="ACC acceleration; DEC deceleration; UC contraction; URS unreliable signal, where none is looked for",
    ),
    TableColumn("start_s", "start, from the start of the recording", "s", "number", 2),
    TableColumn("end_s", "end, from the start of the recording", "s", "number", 2),
    TableColumn(
        "detail",
        "kind of a deceleration by NICHD 2008; channel and reason of unreliable signal",
        values=f"{_KINDS}; or CHANNEL: REASON",
        empty="acceleration or contraction",
    ),
    TableColumn("peak_s", "peak, of a deceleration the nadir, from the start", "s", "number", 2, empty=_NO_EVENT),
    TableColumn(
        "amplitude",
        "height above the baseline, of a deceleration the depth",
        "bpm, of a contraction that of UC",
        "number",
        2,
        empty=_NO_EVENT,
    ),
    TableColumn(
        "area",
        "between signal and baseline",
        "bpm s, of a contraction that of UC times s",
        "number",
        1,
        empty=_NO_EVENT,
    ),
    TableColumn("loss", "fraction of the signal that is missing within", "1", "number", 4, "0 to 1", _NO_EVENT),
    TableColumn(
        "lag_s",
        "from the peak of the contraction to the nadir",
        "s",
        "number",
        2,
        empty="no deceleration, none with a contraction within 90 s",
    ),
    TableColumn("figo_kind", "kind of a deceleration by FIGO 2015", values=_KINDS, empty=_NO_DECELERATION),
    PATH,
)
"""Columns of `event_list`: those of published expert marks, then more; `record` and `path` are the key."""

SUMMARY_COLUMNS = (
    RECORD,
    TableColumn("duration_min", "length of the recording", "min", "number", 2),
    TableColumn("baseline", "median of the baseline", "bpm", "number", 2, empty=_LITTLE),
    TableColumn("baseline_min", "lowest baseline", "bpm", "number", 2, empty=_LITTLE),
    TableColumn("baseline_max", "highest baseline", "bpm", "number", 2, empty=_LITTLE),
    TableColumn("accelerations", "number of accelerations", type="integer"),
    TableColumn("decelerations", "number of decelerations", type="integer"),
    *(
        TableColumn(kind, f"number of decelerations that are {kind} by NICHD 2008", type="integer")
        for kind in _KINDS.split("; ")
    ),
    TableColumn(
        "deceleration_burden",
        "area of the decelerations an hour of known FHR",
        "bpm s/h",
        "number",
        1,
        empty="less than 5 min of FHR are known",
    ),
    TableColumn(
        "contractions",
        "number of contractions",
        type="integer",
        empty="half of the uterine activity or more is uncertain",
    ),
    TableColumn("stv_ms", "short-term variation", "ms", "number", 3, empty=_LITTLE),
    TableColumn("stv_bpm", "short-term variation of the heart rate", "bpm", "number", 3, empty=_LITTLE),
    TableColumn("ltv_ms", "long-term variation, the mean range of a minute", "ms", "number", 3, empty=_LITTLE),
    TableColumn("ltv_bpm", "long-term variation of the heart rate", "bpm", "number", 3, empty=_LITTLE),
    TableColumn("sti_mrad", "short-term index of de Haan", "mrad", "number", 3, empty=_LITTLE),
    TableColumn("lti_ms", "long-term index of de Haan", "ms", "number", 3, empty=_LITTLE),
    TableColumn(
        "bandwidth_bpm",
        "median bandwidth of a minute outside of accelerations and decelerations",
        "bpm",
        "number",
        2,
        empty=_LITTLE,
    ),
    TableColumn(
        "figo",
        "category of the last 60 min by FIGO 2015",
        values="normal; suspicious; pathological; uninterpretable",
    ),
    TableColumn(
        "figo_criteria", "criteria that fired, or could not be assessed, joined by '; '", empty="there is none"
    ),
    TableColumn("nichd", "category of the last 60 min by NICHD 2008", values="I; II; III; uninterpretable"),
    TableColumn(
        "nichd_criteria", "criteria that fired, or could not be assessed, joined by '; '", empty="there is none"
    ),
    TableColumn("basis", "guidelines and version of the detectors"),
    TableColumn("mothers_rate_min", "FHR that runs with the mother's rate and was left out", "min", "number", 2),
    TableColumn("halved_or_doubled_min", "FHR that is halved or doubled and was left out", "min", "number", 2),
    TableColumn("false_signal_min", "FHR that is false to a network and was left out", "min", "number", 2),
    TableColumn("signal", "notes on the signal, joined by '; '", empty="there is none"),
    PATH,
)
"""Columns of `summary`; `record` and `path` are the key."""

THRESHOLD_COLUMNS = (
    TableColumn("part", "what it decides", values="categories; baseline; accelerations; decelerations; contractions"),
    TableColumn("name", "in words, or a name in the module of that part"),
    TableColumn("value", "the threshold", "see unit", "number"),
    TableColumn("unit", "of the value", empty="the module of the part tells it"),
    TableColumn("origin", "guideline with its DOI, this package, or the recordings on which it was tuned"),
)
"""Columns of `thresholds`."""
