"""Cross-validation by record, lines beside every model, comparison, audits, the kept table, external validation."""

from fhr.deprecation import moved

from .baseline_features import BASELINE_COLUMNS, baseline_table
from .baselines import BASELINES, Baseline
from .births_by_group import birth_groups, subgroups
from .comparison import compare
from .comparison_files import draw_comparison, write_comparison
from .conformal_sets import conformal_table, singleton_gain
from .controls import permuted
from .cross_fitting import RAW_COLUMNS, FoldPrediction, cross_fit, raw_scores
from .discriminative import discriminative_scores, train_on_synthetic
from .embedded import HEADS, EmbeddedMaker, embedding_table
from .external_validation import ExternalValidation, external_validation
from .finished import FinishedFold, finish_fold
from .fits import Fit, Maker
from .fold_predictions import out_of_fold
from .group_lines import GROUP_LINES, GroupLine, KernelLineMaker, feature_table, group_features
from .inner_aurocs import inner_aurocs
from .inner_scores import InnerScore, SearchNoise, inner_score, search_noise
from .kept_parts import MADE_BY, of_this_source, trained_by
from .kept_table import check, keep, recompute
from .line_functions import baseline_predictions, baseline_scores, permutation_control
from .lines_by_name import BESIDE, lines
from .local_births import LocalBirths, check_births, local_births
from .local_recalibration import cross_fitted, learning_curve, recalibrated_results
from .on_table import OnTable, OnTableMaker
from .other_label import check_other_label
from .over_permutations import OverPermutations, over_permutations
from .passport import Passport, passport_indices, surrogate_passport
from .passport_power import passport_power
from .predictions_of_models import KeptPredictions, kept_predictions, told_apart
from .procedure import Combined, Procedure, combine
from .protocol import check_inner_folds, cross_validate, finished_folds
from .published_predictions import oof_file, read_oof
from .real_measures import RealMeasures
from .repeats import Repeats, whole_repeats
from .report import Report, write_report
from .residual import ResidualMaker
from .result import CrossValidation
from .result_columns import DIFFERENCE_COLUMNS, METRIC_COLUMNS, OUT_OF_FOLD_COLUMNS
from .settings_search import Choices, Range, Tried, next_settings
from .shortcut_report import fold_audit, shortcut_report, signal_loss
from .shortcuts import shortcut_audit
from .stores import FolderStore, MemoryStore, Store, read_scores, written_scores
from .study import FittedFold
from .summary import evaluate_predictions, summary_row
from .synthetic_rows import SyntheticRows
from .training_population import training_population
from .unseen_records import check_makers, marked, unseen
from .validation_report import write_validation
from .validation_words import findings
from .window_audit import window_audit

__all__ = [
    "BASELINES",
    "BASELINE_COLUMNS",
    "BESIDE",
    "DIFFERENCE_COLUMNS",
    "GROUP_LINES",
    "HEADS",
    "MADE_BY",
    "METRIC_COLUMNS",
    "OUT_OF_FOLD_COLUMNS",
    "RAW_COLUMNS",
    "Baseline",
    "Choices",
    "Combined",
    "CrossValidation",
    "EmbeddedMaker",
    "ExternalValidation",
    "FinishedFold",
    "Fit",
    "FittedFold",
    "FoldPrediction",
    "FolderStore",
    "GroupLine",
    "InnerScore",
    "KeptPredictions",
    "KernelLineMaker",
    "LocalBirths",
    "Maker",
    "MemberScores",
    "MemoryStore",
    "OnTable",
    "OnTableMaker",
    "OverPermutations",
    "Passport",
    "Procedure",
    "Range",
    "RealMeasures",
    "Repeats",
    "Report",
    "ResidualMaker",
    "SearchNoise",
    "Store",
    "SyntheticRows",
    "Tried",
    "baseline_predictions",
    "baseline_scores",
    "baseline_table",
    "birth_groups",
    "check",
    "check_births",
    "check_inner_folds",
    "check_makers",
    "check_other_label",
    "combine",
    "compare",
    "conformal_table",
    "cross_fit",
    "cross_fitted",
    "cross_validate",
    "discriminative_scores",
    "draw_comparison",
    "embedding_table",
    "evaluate_predictions",
    "external_validation",
    "feature_table",
    "findings",
    "finish_fold",
    "finished_folds",
    "fold_audit",
    "group_features",
    "inner_aurocs",
    "inner_score",
    "keep",
    "kept_predictions",
    "learning_curve",
    "lines",
    "local_births",
    "marked",
    "next_settings",
    "of_this_source",
    "oof_file",
    "out_of_fold",
    "over_permutations",
    "passport_indices",
    "passport_power",
    "permutation_control",
    "permuted",
    "raw_scores",
    "read_oof",
    "read_scores",
    "recalibrated_results",
    "recompute",
    "search_noise",
    "shortcut_audit",
    "shortcut_report",
    "signal_loss",
    "singleton_gain",
    "subgroups",
    "summary_row",
    "surrogate_passport",
    "told_apart",
    "train_on_synthetic",
    "trained_by",
    "training_population",
    "unseen",
    "whole_repeats",
    "window_audit",
    "write_comparison",
    "write_report",
    "write_validation",
    "written_scores",
]

__getattr__ = moved("fhr.evaluation", {"MemberScores": "fhr.datasets:FittedModel"})
