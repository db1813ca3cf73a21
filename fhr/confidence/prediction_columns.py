"""Columns of a table of predictions, with their meaning."""

from fhr.recording import PATH, RECORD, TableColumn, column_names

from .levels import LEVELS

__all__ = ["COLUMNS", "PREDICTION_COLUMNS", "SET_COLUMNS"]

SET_COLUMNS = {level: f"set_{level:.0%}".rstrip("%") for level in LEVELS}
_PROBABILITY = 5  # decimals: the four digits that are said, and two of what is as rare as 1 in 1,000
_NO_CALIBRATOR = "the model holds no calibrator"
_NO_CONFIDENCE = "the model holds nothing that confidence rests on"

PREDICTION_COLUMNS = (  # only ever appended to
    TableColumn("name", "name of the recording"),
    TableColumn(
        "probability", "calibrated probability of the label", "1", "number", _PROBABILITY, empty=_NO_CALIBRATOR
    ),
    TableColumn("score", "uncalibrated score of the risk; larger is likelier", "score of the model", "number", 6),
    TableColumn(
        "loss", "fraction of the heart rate that is missing in the window, after cleaning", "1", "number", 4, "0 to 1"
    ),
    TableColumn(
        "warnings", "what to know before trusting it, those of the model first; joined by '; '", empty="there is none"
    ),
    TableColumn(
        "low",
        "lower end of the 95% interval of the calibration curve",
        "1",
        "number",
        _PROBABILITY,
        empty=_NO_CALIBRATOR,
    ),
    TableColumn("high", "upper end of that interval", "1", "number", _PROBABILITY, empty=_NO_CALIBRATOR),
    TableColumn(
        "prevalence",
        "share of births with the label that the probability is for",
        "1",
        "number",
        6,
        empty=_NO_CALIBRATOR,
    ),
    TableColumn(
        "decision",
        "at risk at 90% specificity: above the score that 90% of the held-out births without the label stay below",
        type="flag",
        values="1 at risk; 0 not at risk",
        empty=_NO_CONFIDENCE,
    ),
    TableColumn(
        "spread",
        "standard deviation of the probability over the models",
        "1",
        "number",
        _PROBABILITY,
        empty="one model",
    ),
    TableColumn(
        "flip_rate",
        "probability that two averages of as many models disagree on the decision",
        "1",
        "number",
        4,
        empty="one model",
    ),
    *(
        TableColumn(
            name,
            f"outcomes that cannot be ruled out at {level:.0%}",
            values="LABEL; not LABEL; not LABEL or LABEL; neither",
            empty="too few held-out births for that level",
        )
        for level, name in SET_COLUMNS.items()
    ),
    TableColumn(
        "distance",
        "fraction of the training records that are as far from the others as this one; small is unusual",
        "1",
        "number",
        4,
        empty=_NO_CONFIDENCE,
    ),
    TableColumn(
        "abstain",
        "there is a reason not to rely on the answer",
        type="flag",
        values="1 do not rely on it; 0 no such reason",
        empty=_NO_CONFIDENCE,
    ),
    TableColumn("reasons", "reasons to abstain, joined by '; '", empty="there is none"),
    TableColumn("label", "the label in words, with its inequality in brackets"),
    TableColumn("minutes", "length of the window, the last of the recording", "min", "number", 2),
    TableColumn(
        "auroc", "area under the ROC curve of the model", "1", "number", 4, empty="nothing is known of its ranking"
    ),
    TableColumn("auroc_low", "lower end of its 95% interval", "1", "number", 4, empty="as auroc"),
    TableColumn("auroc_high", "upper end of its 95% interval", "1", "number", 4, empty="as auroc"),
    TableColumn(
        "auroc_of", "what births that area is of", values="held_out_auroc; out_of_fold_auroc", empty="as auroc"
    ),
    TableColumn(
        "learnt_from",
        "kinds of the training records, joined by ' and '",
        empty="the model does not say what it learnt from",
    ),
    RECORD._replace(meaning="name of the recording, as in `name`: the key of every table, with `path`"),
    PATH,
)
"""Columns of `fhr.prediction.to_frame`."""

COLUMNS = column_names(PREDICTION_COLUMNS)
