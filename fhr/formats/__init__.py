"""Files to and from `Recording`."""

from .read import read
from .wfdb import read_wfdb, write_wfdb

__all__ = ["read", "read_wfdb", "write_wfdb"]
