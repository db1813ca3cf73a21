"""NumPy's `.npz` archives as bytes: arrays without pickles, and no more of them than a reader allows."""

import io
import zipfile
from collections.abc import Container, Mapping
from math import prod

import numpy as np

from ..files.regular_file import reason

__all__ = ["array_names", "pack_arrays", "unpack_arrays"]

_MAX_MEMBERS = 1000
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # NumPy's own; others reserve what memory the file asks for
_ENTRY = b"PK\1\2"  # of the archive's directory


def pack_arrays(arrays: Mapping[str, np.ndarray], *, compressed: bool) -> bytes:
    """Pack arrays in their order; the same ones give the same bytes.

    Raises:
        ValueError: an array of objects.
    """
    archive = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(archive, allow_pickle=False, **arrays)
    return archive.getvalue()


def array_names(raw: bytes) -> list[str]:
    """Names of the arrays of an archive; other members are passed over.

    Raises:
        ValueError: no archive, or more than a thousand members.
    """
    try:
        with _opened(raw) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except Exception as error:
        raise ValueError(reason(error)) from None


def unpack_arrays(raw: bytes, *, most_bytes: int, names: Container[str] | None = None) -> dict[str, np.ndarray]:
    """Unpack arrays by name. Sizes are checked before anything is unpacked, and pickled objects are never loaded.

    Args:
        raw: the archive.
        most_bytes: that all of them unpack to, headers included.
        names: of the arrays to unpack; others are passed over. None for all, where the archive may hold nothing else.

    Raises:
        ValueError: no archive, a damaged one, more than a thousand members or more bytes than allowed, a name that
            stands twice, an array of objects, or another member than an array where all are asked for.
    """
    arrays: dict[str, np.ndarray] = {}
    try:
        with _opened(raw) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if names is not None and (name == member.filename or name not in names):
                    continue
                if name == member.filename:
                    raise ValueError(f"{name} is no array")
                if name in arrays:
                    raise ValueError(f"{member.filename} stands twice")
                if member.compress_type not in _KINDS:
                    raise ValueError(f"{member.filename} is compressed as NumPy never does")
                most_bytes -= member.file_size
                if most_bytes < 0:
                    raise ValueError(f"{member.filename} unpacks to {member.file_size} bytes; too large")
                with archive.open(member) as file:  # its `read()` unpacks all that is there, whatever was declared
                    arrays[name] = _array(file.read(member.file_size + 1), name)
    except Exception as error:  # zipfile, zlib and numpy's header parser raise a dozen kinds on damaged bytes
        raise ValueError(reason(error)) from None
    return arrays


def _opened(raw: bytes) -> zipfile.ZipFile:
    if raw.count(_ENTRY) > _MAX_MEMBERS:  # before zipfile makes an object of each
        raise ValueError(f"more than {_MAX_MEMBERS} members")
    return zipfile.ZipFile(io.BytesIO(raw))


def _array(npy: bytes, name: str) -> np.ndarray:
    """An array from the bytes of an `.npy`, once its header agrees with their number."""
    file = io.BytesIO(npy)
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, in_columns, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError(f"{name} is a pickled object, which is never loaded")
    if not dtype.itemsize or prod(shape) * dtype.itemsize != len(npy) - file.tell():
        raise ValueError(f"{len(npy) - file.tell()} bytes for an array of {shape} {dtype}")
    return np.frombuffer(npy, dtype, offset=file.tell()).reshape(shape, order="F" if in_columns else "C")
