"""Stores of finished folds: memory, a folder, or whatever has `done`, `scores` and `keep`."""

import gzip
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from fhr.errors import SplitError
from fhr.formats import whole_or_not_at_all
from fhr.tracking import checkpoint_files

from .cross_fitting import RAW_COLUMNS
from .finished import FinishedFold
from .fits import FAMILY
from .kept_parts import MADE_BY, of_this_source
from .ranking_fact import ranked

__all__ = ["FolderStore", "MemoryStore", "Store", "read_scores", "written_scores"]

_SCORES, _ABOUT, _MADE_BY = "scores.csv.gz", "study.json", "made_by.json"


class Store(Protocol):
    """Store of the finished folds of one cross-validation; MLflow is one, see `fhr crossval`."""

    def done(self, about: Mapping[str, str]) -> Collection[tuple[int, int]]:
        """The folds that are kept, (repeat, fold).

        Args:
            about: what the cross-validation is of: label, checksums of data and splits, inner folds, members, ...;
                `made_by` tells source and libraries: folds that others made are not given.

        Raises:
            SplitError: it keeps folds of another cross-validation.
        """

    def scores(self, repeat: int, fold: int) -> pd.DataFrame:
        """The raw scores of a fold that is kept."""

    def keep(self, fold: FinishedFold) -> None:
        """Keep a fold, whole or not at all."""

    # A store of networks may also have
    #     def tell_ranking(self, ranking: Callable[[], Mapping[str, Any] | None]) -> None
    # which writes the AUROC of the whole cross-validation into them when it ends; to do so again changes nothing.


class MemoryStore:
    """Folds that are kept as long as the process lives.

    Attributes:
        folds: by (repeat, fold).
    """

    def __init__(self) -> None:
        self.folds: dict[tuple[int, int], FinishedFold] = {}
        self._about: dict[str, str] = {}

    def done(self, about: Mapping[str, str]) -> Collection[tuple[int, int]]:
        """See `Store`."""
        check_about(self._about or about, about, "the store")
        self._about = dict(about)
        return of_this_source({place: fold.made_by for place, fold in self.folds.items()}, about, "the store")

    def scores(self, repeat: int, fold: int) -> pd.DataFrame:
        """See `Store`."""
        return self.folds[repeat, fold].raw

    def keep(self, fold: FinishedFold) -> None:
        """See `Store`."""
        self.folds[fold.repeat, fold.fold] = fold

    def tell_ranking(self, ranking: Callable[[], Mapping[str, Any] | None]) -> None:
        """Write the AUROC of the whole cross-validation into all networks, see `out_of_fold_ranking`."""
        kept = {place: fold for place, fold in self.folds.items() if fold.networks}
        if kept and (found := ranking()) is not None:
            self.folds |= {place: replace(fold, networks=ranked(fold.networks, found)) for place, fold in kept.items()}


class FolderStore:
    """Folds in a folder: one subfolder each, with raw scores, calibrator and networks (for `fhr.load`).

    A kill leaves no half: a subfolder is written under another name and moved into place. Where several processes keep
    folds of one study, each fits all that was missing when it began, and the first to keep a fold has it.

    Args:
        folder: is made where it is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def done(self, about: Mapping[str, str]) -> Collection[tuple[int, int]]:
        """See `Store`.

        Raises:
            SplitError: folds of another cross-validation, or a place where no folder can be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SplitError(f"{self.folder}: no folder can be made there ({error.strerror}); name another") from None
        path = self.folder / _ABOUT
        if path.is_file():
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                kept = None
            if not isinstance(kept, dict):
                raise SplitError(f"{path}: no readable JSON; restore it, or name another folder")
            check_about(kept, about, str(self.folder))
        else:
            with whole_or_not_at_all(path) as part:
                of_all = {key: value for key, value in about.items() if key != MADE_BY}  # which each fold has
                part.write_text(json.dumps(of_all, indent=1) + "\n", encoding="utf-8")
        found = (
            re.fullmatch(r"repeat(\d+)-fold(\d+)", child.parent.name) for child in self.folder.glob(f"*/{_SCORES}")
        )
        places = [(int(match[1]), int(match[2])) for match in found if match]
        return of_this_source({place: self._made_by(*place) for place in places}, about, str(self.folder))

    def scores(self, repeat: int, fold: int) -> pd.DataFrame:
        """See `Store`.

        Raises:
            SplitError: a file that is damaged.
        """
        return read_scores(self._at(repeat, fold) / _SCORES)

    def networks(self) -> list[Path]:
        """Checkpoints of all kept folds; `fhr.load` takes one of them."""
        folders = sorted(path for path in self.folder.glob("repeat*-fold*") if path.is_dir())
        return [path for folder in folders for path in checkpoint_files(folder)]

    def keep(self, fold: FinishedFold) -> None:
        """See `Store`."""
        draft = Path(tempfile.mkdtemp(prefix=".part-", dir=self.folder))
        try:
            (draft / _SCORES).write_bytes(written_scores(fold.raw))
            (draft / _MADE_BY).write_text(json.dumps(fold.made_by) + "\n", encoding="utf-8")
            (draft / "calibrator.json").write_text(json.dumps(dict(fold.calibrator), indent=1), encoding="utf-8")
            for name, content in fold.networks.items():
                (draft / name).write_bytes(content)
            draft.chmod(0o755)
            place = self._at(fold.repeat, fold.fold)
            made = self._made_by(fold.repeat, fold.fold)
            if made is not None and fold.made_by in ("", made):  # another process was quicker
                return
            if place.is_dir():  # damaged, or of other source or libraries
                os.replace(place, draft.with_name(f"{draft.name}-before"))
            try:
                os.replace(draft, place)
            except OSError:
                if not (place / _SCORES).is_file():
                    raise
        finally:
            for left in (draft, draft.with_name(f"{draft.name}-before")):
                shutil.rmtree(left, ignore_errors=True)

    def _made_by(self, repeat: int, fold: int) -> str | None:
        """Source and libraries of a kept fold; None where it is not there, or damaged."""
        try:
            self.scores(repeat, fold)
        except SplitError:
            return None
        try:
            made = json.loads((self._at(repeat, fold) / _MADE_BY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""  # kept before it was noted
        return made if isinstance(made, str) else ""

    def tell_ranking(self, ranking: Callable[[], Mapping[str, Any] | None]) -> None:
        """Write the AUROC of the whole cross-validation into all networks, see `out_of_fold_ranking`.

        Each file is replaced whole; a kill leaves some without it until the same cross-validation is asked for again.
        """
        if (paths := self.networks()) and (found := ranking()) is not None:
            from fhr.models import with_ranking  # slow to import

            for path in paths:
                with_ranking(path, found)

    def _at(self, repeat: int, fold: int) -> Path:
        return self.folder / f"repeat{repeat}-fold{fold}"


def check_about(kept: Mapping[str, str], about: Mapping[str, str], where: str) -> None:
    """Refuse a store of another cross-validation.

    Raises:
        SplitError: the two differ.
    """
    for key in sorted({*kept, *about} - {MADE_BY}):  # of each fold by itself
        if kept.get(key) != about.get(key):
            raise SplitError(
                f"{where} holds folds of another cross-validation: {key.replace('_', ' ')} {kept.get(key)} there, "
                f"{about.get(key)} here; restore what it was started with, or name another store"
            )


def written_scores(raw: pd.DataFrame) -> bytes:
    """Raw scores as a compressed CSV, every digit kept."""
    return gzip.compress(raw.to_csv(index=False, lineterminator="\n").encode(), mtime=0)


def read_scores(path: Path) -> pd.DataFrame:
    """Raw scores that `written_scores` wrote.

    Raises:
        SplitError: a file that is missing, damaged, or of other columns.
    """
    try:
        table = pd.read_csv(path, dtype={"name": str}, keep_default_na=False)
        columns = [*RAW_COLUMNS, *([FAMILY] if FAMILY in table else [])]
        return table[columns].astype({"score": float})
    except (OSError, EOFError, ValueError, KeyError, zlib.error) as error:
        raise SplitError(
            f"{path}: no readable scores ({type(error).__name__}); remove its folder, and the fold is fitted again"
        ) from None
