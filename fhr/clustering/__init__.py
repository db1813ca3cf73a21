"""Kinds of labour: clusters with confidence in their number and in every membership, where one kind is an answer."""

from .find_kinds import find_kinds
from .kind_table import KIND_COLUMNS
from .kinds import Kinds
from .membership import NormalKinds
from .methods import METHODS, NOWHERE, Method, Partition
from .number import KindsTest, NumberOfKinds, number_of_kinds
from .one_kind import REFERENCES, GaussianKind, OneKind, UnimodalCopula
from .points import Points

__all__ = [
    "KIND_COLUMNS",
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
    "find_kinds",
    "number_of_kinds",
]
