"""CTUUHBDataModule: CTU-UHB, or any folder of recordings in its style."""

import os
from pathlib import Path
from typing import Any

from fhr.datasets import CTUUHB, Database
from fhr.errors import DatasetNotFoundError

from .base import DatabaseDataModule

__all__ = ["CTUUHBDataModule"]


class CTUUHBDataModule(DatabaseDataModule):
    """A data module of a folder of WFDB recordings.

    Args:
        root: the folder; None takes `ctu-uhb-ctgdb` in the folder that the environment variable FHR_DATA names.
        options: see `DatabaseDataModule`.
    """

    def __init__(self, root: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.root = root

    def read(self) -> Database:
        """Read the folder.

        Raises:
            DatasetNotFoundError: no folder was named, or it holds no recording.
        """
        if self.root is not None:
            return CTUUHB(self.root)
        if not os.environ.get("FHR_DATA"):
            raise DatasetNotFoundError(
                "no data folder was named; give `--data.root DIR`, or set FHR_DATA to the folder that holds "
                "`ctu-uhb-ctgdb`"
            )
        return CTUUHB(Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb")
