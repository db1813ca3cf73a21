"""Kinds of labour: clusters with confidence in their number and in every membership, where one kind is an answer."""

from .clinical_table import clinical_table
from .constrained_labels import SplitWithPairs, constrained_labels
from .constrained_mixture import in_metric_of_pairs, memberships_with_pairs
from .distinguish import what_distinguishes
from .distinguish_words import differences_in_words
from .find_kinds import find_kinds
from .kind_table import KIND_COLUMNS, MEMBERSHIP_COLUMNS
from .kinds import Kinds
from .membership import NormalKinds
from .methods import METHODS, NOWHERE, Method, Partition, method_from
from .number import KindsTest, NumberOfKinds, number_of_kinds
from .one_kind import REFERENCES, GaussianKind, OneKind, UnimodalCopula
from .pair_contradictions import contradictions, pair_words
from .pair_evidence import EVIDENCE
from .pair_labels import PairLabels
from .pair_table import read_pair_labels
from .points import Points
from .signed_pairs import SignedPairs
from .surrogate_kinds import beyond_surrogates, check_surrogates

__all__ = [
    "EVIDENCE",
    "KIND_COLUMNS",
    "MEMBERSHIP_COLUMNS",
    "METHODS",
    "NOWHERE",
    "REFERENCES",
    "GaussianKind",
    "Kinds",
    "KindsTest",
    "Method",
    "NormalKinds",
    "NumberOfKinds",
    "OneKind",
    "PairLabels",
    "Partition",
    "Points",
    "SignedPairs",
    "SplitWithPairs",
    "UnimodalCopula",
    "beyond_surrogates",
    "check_surrogates",
    "clinical_table",
    "constrained_labels",
    "contradictions",
    "differences_in_words",
    "find_kinds",
    "in_metric_of_pairs",
    "memberships_with_pairs",
    "method_from",
    "number_of_kinds",
    "pair_words",
    "read_pair_labels",
    "what_distinguishes",
]
