"""Checkpoint files as bytes: one is looked through before anything of it is unpickled."""

import io
import os
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import torch

from fhr.errors import CheckpointError
from fhr.formats.files.regular_file import open_regular, reason, shown

from .checkpoint_pickle import check_pickle

__all__ = ["load_checkpoint"]

_MOST_BYTES = 2**32  # a network of this package has some hundred thousand weights
_MOST_PICKLE = 2**24  # what is learnt from 100,000 recordings takes 7 MB
_ARCHIVE = b"PK\x03\x04"


def load_checkpoint(path: str | Path, content: bytes | None = None) -> dict[str, Any]:
    """Load the tensors (on the CPU) and plain types of a checkpoint file.

    The file is a zip archive, as `torch.save` makes it: no entry is compressed, every checksum holds, and its pickle
    builds tensors, dictionaries, lists, text and numbers only. The memory that is taken is a small multiple of the
    file's size. A link is followed, since the caller named it.

    Args:
        path: of the file.
        content: of a checkpoint that is no file of its own, which `path` then only names.

    Raises:
        CheckpointError: no such file, no regular file, a damaged one, or one that holds anything else.
    """
    if content is not None:
        return _load(io.BytesIO(content), str(path))
    try:
        with open_regular(Path(os.path.realpath(path))) as file:
            return _load(file, str(path))
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint {path} does not exist; give a .ckpt file or an MLflow run id") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"checkpoint {shown(str(path))} cannot be read ({reason(error)}); give a .ckpt file or an MLflow run id"
        ) from None


def _load(file: BinaryIO, path: str) -> dict[str, Any]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > _MOST_BYTES or file.read(len(_ARCHIVE)) != _ARCHIVE:
        what = "the file is empty" if not size else f"{size} bytes that are no archive of `torch.save`"
        raise CheckpointError(f"{path}: not a checkpoint ({what}); fetch or train it again")
    try:
        with ZipFile(file) as archive:
            check_pickle(_pickle_of(archive, size), path)
        file.seek(0)
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except Exception as error:  # zipfile, pickletools and torch raise almost anything on a damaged file
        raise CheckpointError(
            f"{path}: damaged ({type(error).__name__}: {reason(error)}); fetch or train it again"
        ) from None
    return content


def _pickle_of(archive: ZipFile, size: int) -> bytes:
    entries = archive.infolist()
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise ValueError("two entries have one name")
    if any(entry.compress_type or entry.flag_bits & 1 for entry in entries):
        raise ValueError("an entry is compressed or encrypted")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("its entries are larger than the file")
    pickles = [entry for entry in entries if entry.filename.lower().endswith("data.pkl")]
    if len(pickles) != 1:
        raise ValueError(f"{len(pickles)} entries called data.pkl")
    if pickles[0].file_size > _MOST_PICKLE:
        raise ValueError(f"{pickles[0].file_size} bytes of what are no weights")
    if (broken := archive.testzip()) is not None:
        raise ValueError(f"wrong checksum of {shown(broken)}")
    return archive.read(pickles[0])
