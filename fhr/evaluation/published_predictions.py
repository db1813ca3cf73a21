"""Kept out-of-fold predictions: one compressed CSV a model and label, from which every published number follows."""

import gzip
import hashlib
import io
import zlib
from pathlib import Path

import pandas as pd

from fhr.datasets import label_slug
from fhr.errors import FHRError, FormatError
from fhr.formats import whole_or_not_at_all
from fhr.formats.files.regular_file import cut, reason

__all__ = [
    "kept_text",
    "oof_file",
    "oof_text",
    "parsed_oof",
    "read_oof",
    "sha256_of_text",
    "write_oof",
]

_OOF = {"record": str, "repeat": int, "fold": int, "label": int, "score": float, "probability": float}


def oof_file(folder: str | Path, model: str, label: str) -> Path:
    """Path of the kept predictions of a model.

    Raises:
        FHRError: an empty model or label.

    Example:
        >>> oof_file("benchmarks", "MAD of the last 60 min alone", "ph<=7.15").as_posix()
        'benchmarks/oof/mad-of-the-last-60-min-alone__ph-le-7.15.csv.gz'
    """
    if not label_slug(model) or not label_slug(label):
        raise FHRError(f"model {model!r} and label {label!r} name no file; give both letters or digits")
    return Path(folder) / "oof" / f"{label_slug(model)}__{label_slug(label)}.csv.gz"


def read_oof(path: str | Path) -> pd.DataFrame:
    """Kept predictions: columns name, repeat, fold, label, score, probability.

    Raises:
        FormatError: no such file, or not one of these.
    """
    return parsed_oof(kept_text(Path(path)), Path(path))


def write_oof(path: Path, text: str) -> None:
    """Write the text of predictions; equal predictions give equal bytes, with no time and no name in them."""
    with whole_or_not_at_all(path) as part:
        part.write_bytes(gzip.compress(text.encode(), mtime=0))


def sha256_of_text(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def oof_text(predictions: pd.DataFrame) -> str:
    """Predictions as CSV text with 6 significant digits, rows in the order of repeat, fold and record."""
    table = predictions.assign(record=predictions["name"])[list(_OOF)].astype({"label": int})
    table = table.sort_values(["repeat", "fold", "record"])
    return str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def kept_text(path: Path) -> str:
    """Text of a kept file.

    Raises:
        FormatError: a file that is missing or damaged.
    """
    try:
        return gzip.decompress(path.read_bytes()).decode()
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise FormatError(
            f"{path}: no readable predictions ({reason(error)}); restore the file, or keep the run again"
        ) from None


def parsed_oof(text: str, path: Path) -> pd.DataFrame:
    """Predictions of a kept text: columns name, repeat, fold, label, score, probability.

    Raises:
        FormatError: other columns, or no table; the message names `path`.
    """
    # A record may be called NA; a score that is empty is not a number, which the metrics refuse.
    empty = {"score": [""], "probability": [""]}
    try:
        table = pd.read_csv(io.StringIO(text), dtype=_OOF, index_col=False, keep_default_na=False, na_values=empty)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{path}: no table of predictions ({reason(error)}); keep the run again") from None
    if list(table.columns) != list(_OOF):
        raise FormatError(f"{path}: columns {cut(', '.join(table.columns))}; predictions have {', '.join(_OOF)}")
    return table.rename(columns={"record": "name"})
