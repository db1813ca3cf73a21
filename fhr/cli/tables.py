"""Tables on stdout or into a file."""

import os
import sys
from pathlib import Path

import pandas as pd

from fhr.errors import FHRError

__all__ = ["write_csv"]


def write_csv(table: pd.DataFrame, out: str | None) -> None:
    """Write `table` as CSV to `out`, whole or not at all, or to stdout where `out` is None.

    Raises:
        FHRError: a folder that does not exist or cannot be written to.
    """
    if out is None:
        table.to_csv(sys.stdout, index=False)
        return
    part = Path(f"{out}.part")
    try:
        table.to_csv(part, index=False)
        os.replace(part, out)
    except OSError as error:
        raise FHRError(f"--out {out}: cannot be written ({error.strerror}); choose another path") from None
