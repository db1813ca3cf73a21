"""Tables on stdout or into a file."""

import os
import sys
from pathlib import Path

import pandas as pd

from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all

__all__ = ["check_out", "write_csv"]


def check_out(out: str | None, option: str = "--out") -> None:
    """Refuse a place that cannot be written to before the work, not after it; the message names the `option`.

    Raises:
        FHRError: a folder that does not exist or cannot be written to, or a folder in place of a file.
    """
    if out is not None and (os.path.isdir(out) or not os.access(Path(out).parent, os.W_OK)):
        raise FHRError(f"{option} {out}: cannot be written; name a file in a folder that exists")


def write_csv(table: pd.DataFrame, out: str | None, option: str = "--out") -> None:
    """Write `table` as CSV to `out`, whole or not at all, or to stdout where `out` is None.

    Raises:
        FHRError: a folder that does not exist or cannot be written to.
    """
    if out is None:
        table.to_csv(sys.stdout, index=False)
        return
    try:
        with whole_or_not_at_all(out) as part, open(part, "w", encoding="utf-8", newline="") as file:
            table.to_csv(file, index=False)
    except OSError as error:
        raise FHRError(f"{option} {out}: cannot be written ({error.strerror}); choose another path") from None
