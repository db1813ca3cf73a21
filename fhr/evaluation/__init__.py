"""Cross-validation by record, the lines that every model stands beside, comparison, audits and the kept table."""

from .baseline_features import BASELINE_COLUMNS, baseline_table
from .baselines import BASELINES, Baseline, baseline_predictions, baseline_scores
from .births_by_group import birth_groups, subgroups
from .comparison import compare
from .conformal_sets import conformal_table, singleton_gain
from .controls import permutation_control, permuted
from .cross_fitting import RAW_COLUMNS, FoldPrediction, MemberScores, cross_fit, raw_scores
from .crossval_table import check, keep, oof_file, read_oof, recompute
from .fold_predictions import out_of_fold
from .repeats import Repeats, whole_repeats
from .shortcuts import shortcut_audit
from .summary import evaluate_predictions, summary_row

__all__ = [
    "BASELINES",
    "BASELINE_COLUMNS",
    "RAW_COLUMNS",
    "Baseline",
    "FoldPrediction",
    "MemberScores",
    "Repeats",
    "baseline_predictions",
    "baseline_scores",
    "baseline_table",
    "birth_groups",
    "check",
    "compare",
    "conformal_table",
    "cross_fit",
    "evaluate_predictions",
    "keep",
    "oof_file",
    "out_of_fold",
    "permutation_control",
    "permuted",
    "raw_scores",
    "read_oof",
    "recompute",
    "shortcut_audit",
    "singleton_gain",
    "subgroups",
    "summary_row",
    "whole_repeats",
]
