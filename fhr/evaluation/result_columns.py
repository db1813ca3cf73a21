"""Columns of the tables of evaluations, with their meaning."""

from fhr.recording import PATH, RECORD, TableColumn

__all__ = ["DIFFERENCE_COLUMNS", "METRIC_COLUMNS", "OUT_OF_FOLD_COLUMNS"]

_ONE_REPEAT = "there is one repeat"
_FEW, _ONE = "too few records", "one network"
_UNDEFINED = "it is undefined"

METRIC_COLUMNS = (
    TableColumn("metric", "name of the metric, see `fhr.metrics.evaluate`"),
    TableColumn("value", "of the metric", "that of the metric", "number", 6, empty=_UNDEFINED),
    TableColumn("low", "lower end of its 95% interval", "that of the metric", "number", 6, empty="it has no interval"),
    TableColumn("high", "upper end of its 95% interval", "that of the metric", "number", 6, empty="it has no interval"),
)
"""Columns of a table of metrics."""

DIFFERENCE_COLUMNS = (  # all digits: a run keeps the same numbers
    TableColumn("metric", "name of the metric"),
    TableColumn("model", "model that is compared with the first"),
    TableColumn("value", "metric of this model", "that of the metric", "number", empty=_UNDEFINED),
    TableColumn("against", "the first model"),
    TableColumn("against_value", "metric of the first model", "that of the metric", "number", empty=_UNDEFINED),
    TableColumn("difference", "value minus against_value", "that of the metric", "number", empty=_UNDEFINED),
    TableColumn("low", "lower end of the 95% interval of the difference", "", "number", empty=_UNDEFINED),
    TableColumn("high", "upper end of the 95% interval of the difference", "", "number", empty=_UNDEFINED),
    TableColumn("p", "two-sided p-value of the difference", "1", "number", empty=_UNDEFINED),
    TableColumn("p_holm", "p after Holm's correction over the models", "1", "number", empty=_UNDEFINED),
    TableColumn(
        "detectable",
        "smallest difference that such data would show with 80% power",
        "that of the metric",
        "number",
        empty=_UNDEFINED,
    ),
    TableColumn("sd_records", "standard deviation of the difference over records", "", "number", empty=_UNDEFINED),
    TableColumn("sd_training", "that between repeats", "", "number", empty=_ONE_REPEAT),
    TableColumn("value_sd", "that of the metric of this model between repeats", "", "number", empty=_ONE_REPEAT),
    TableColumn("against_sd", "that of the metric of the first model", "", "number", empty=_ONE_REPEAT),
    TableColumn("repeats", "number that both models have", type="integer"),
    TableColumn("note", "what the variance does not hold", empty="it holds all"),
)
"""Columns of `compare`."""

OUT_OF_FOLD_COLUMNS = (  # all digits: metrics are computed from them again
    TableColumn("name", "name of the record"),
    TableColumn("repeat", "number of the repeat", type="integer"),
    TableColumn("fold", "number of the outer fold", type="integer"),
    TableColumn("label", "the outcome", type="flag", values="1 with the label; 0 without"),
    TableColumn("score", "uncalibrated score of the risk; larger is likelier", "score of the model", "number"),
    TableColumn("probability", "calibrated probability of the label", "1", "number"),
    TableColumn("low", "lower end of the 95% interval of the calibration curve", "1", "number", empty=_FEW),
    TableColumn("high", "upper end of that interval", "1", "number", empty=_FEW),
    TableColumn("spread", "standard deviation of the probability over the networks", "1", "number", empty=_ONE),
    TableColumn(
        "at_risk",
        "the decision at 90% specificity",
        type="flag",
        values="1 at risk; 0 not",
        empty="no threshold",
    ),
    TableColumn(
        "flip_rate",
        "probability that two averages of as many networks disagree on it",
        "1",
        "number",
        empty=_ONE,
    ),
    TableColumn("p_negative", "conformal p-value of the absence of the label", "1", "number"),
    TableColumn("p_positive", "conformal p-value of the label", "1", "number"),
    RECORD._replace(meaning="name of the record, as in `name`"),
    PATH,
)
"""Columns of `CrossValidation.predictions`; `model` stands before the key in a file of several models."""
