"""Kinds of labour: clusters with confidence in their number and in every membership, where one kind is an answer."""

from .clinical_table import clinical_table
from .distinguish import what_distinguishes
from .distinguish_words import differences_in_words
from .find_kinds import find_kinds
from .kinds import Kinds
from .membership import NormalKinds
from .methods import METHODS, NOWHERE, Method, Partition
from .number import KindsTest, NumberOfKinds, number_of_kinds
from .one_kind import REFERENCES, GaussianKind, OneKind, UnimodalCopula
from .points import Points

__all__ = [
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
    "Partition",
    "Points",
    "UnimodalCopula",
    "clinical_table",
    "differences_in_words",
    "find_kinds",
    "number_of_kinds",
    "what_distinguishes",
]
