"""Files to and from `Recording`."""

from .fhrma import read_fhrma
from .folder import recordings_in
from .matlab import read_mat
from .npz import read_npz, write_npz
from .read import read
from .table import read_table, write_table
from .wfdb import read_wfdb, write_wfdb
from .whole_file import whole_or_not_at_all

__all__ = [
    "read",
    "read_fhrma",
    "read_mat",
    "read_npz",
    "read_table",
    "read_wfdb",
    "recordings_in",
    "whole_or_not_at_all",
    "write_npz",
    "write_table",
    "write_wfdb",
]
