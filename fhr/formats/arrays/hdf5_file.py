"""Variables of an HDF5 file, MATLAB's of version 7.3 among them, through h5py behind checks of our own.

HDF5 follows links and storage into other files, and unpacks what its chunks hold whatever it was declared: neither is
left to it. Links out of the file, external and virtual storage and filters other than gzip are refused; sizes and
chunks are looked at before they are read. Of text of variable length the heaps are walked first, for HDF5 does not
return from one that has an object without length. Left out: object arrays, compound types, dimension scales.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np

from fhr.errors import FHRError, FormatError

from ..files.regular_file import reason, shown
from .nested_variables import WORDS_BESIDE, Variables

__all__ = ["hdf5_variables", "is_hdf5"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_STARTS = (0, 512, 1024, 2048)  # that the signature may stand at: MATLAB writes 512 bytes of its own before it
_MAX_DEPTH = 16
_MAX_BYTES = 1 << 27  # of an array
_MAX_TEXTS, _MAX_LETTERS = 100, 800  # in an array, and in a text
_GZIP, _SHUFFLE, _CHECKSUM = 1, 2, 3
_VARIABLE = 9  # class of types of variable length
_FILLS = ("_FillValue", "missing_value")
_SCALE = ("scale_factor", "add_offset", *_FILLS)  # of the CF Metadata Conventions, 2.5.1 and 8.1
_HEAP = b"GCOL\1\0\0\0"


def is_hdf5(raw: bytes) -> bool:
    """True for bytes that are an HDF5 file's."""
    return any(raw[start : start + len(_SIGNATURE)] == _SIGNATURE for start in _STARTS)


def hdf5_variables(raw: bytes, where: str) -> Variables:
    """Find the variables of a file; arrays are read when they are asked for.

    Groups are structs. Attributes of an array stand beside it, `fhr.unit` say. MATLAB's arrays are turned as MATLAB
    shows them, its cells and arrays of structs are named as it names them. Integers with `scale_factor`, `add_offset`
    and `_FillValue`, as netCDF has them, are what these make of them.

    Raises:
        FormatError: a file that is damaged, refers to other files, or holds more variables than any recording.
        FHRError: h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise FHRError(
            f"{where}: HDF5 (MATLAB 7.3) needs h5py, which is not installed; pip install 'intrapartum-fhr[matlab]', or "
            "save it with save(FILE, '-v7')"
        ) from None
    try:
        _check_heaps(raw)
        file = h5py.File(io.BytesIO(raw), "r")
        found = Variables()
        _Walk(h5py, file, raw, found, where).group(file, "", 0)
    except FHRError:
        raise
    except Exception as error:  # h5py raises what HDF5 tells it, and OverflowError, TypeError, ...
        raise FormatError(f"{where}: no intact HDF5 file ({reason(error)}); write it again") from None
    return found


def _check_heaps(raw: bytes) -> None:
    """Refuse heaps whose objects do not come to an end."""
    at = raw.find(_HEAP)
    while at >= 0:
        size = int.from_bytes(raw[at + 8 : at + 16], "little")
        position, end = at + 16, at + size
        if not 16 <= size <= len(raw) - at:
            raise ValueError("a heap of text that is longer than the file")
        while position + 16 <= end:
            number, _, length = struct.unpack_from("<HH4xQ", raw, position)
            step = length if number == 0 else 16 + length + -length % 8
            if step < 16 or position + step > end:
                raise ValueError("a heap of text that is damaged")
            position += step
        at = raw.find(_HEAP, at + len(_HEAP))


def _is_short(raw: bytes, name: bytes) -> bool:
    """True if the attributes of a name that are text of variable length are short, as their messages in the file say.

    HDF5 takes the memory that a text is said to have. A message is version, sizes of name, type and shape, these three,
    and the value, here its length first (HDF5 File Format Specification, IV.A.2.m).
    """
    found, at = False, raw.find(name + b"\0")
    while at >= 0:
        start, step = (at - 9, 1) if raw[at - 9] == 3 and raw[at - 8] != 1 else (at - 8, 8 if raw[at - 8] == 1 else 1)
        name_size, type_size, shape_size = struct.unpack_from("<3H", raw, max(start, 0) + 2)
        kind = at + name_size + -name_size % step
        value = kind + type_size + -type_size % step + shape_size + -shape_size % step
        if name_size == len(name) + 1 and value + 4 <= len(raw) and raw[kind] & 15 == _VARIABLE:
            found = True
            if int.from_bytes(raw[value : value + 4], "little") > _MAX_LETTERS:
                return False
        at = raw.find(name + b"\0", at + 1)
    return found


class _Array:
    """An array that is read when it is asked for."""

    def __init__(self, dataset: Any, turned: bool, where: str) -> None:
        self._dataset, self._turned, self._where = dataset, turned, where
        self.shape: tuple[int, ...] = dataset.shape[::-1] if turned else dataset.shape
        self.scale = {word: _number(dataset, word) for word in _SCALE if word in dataset.attrs}

    def __getitem__(self, _: tuple[()]) -> np.ndarray:
        try:
            _check_chunks(self._dataset)
            values = _scaled(np.asarray(self._dataset[()]), self.scale)
        except Exception as error:
            raise FormatError(
                f"{self._where}: {shown(self._dataset.name)} cannot be read ({reason(error)}); write the file again"
            ) from None
        return values.T if self._turned else values


def _number(dataset: Any, attribute: str) -> float:
    said = dataset.attrs.get_id(attribute)
    if said.dtype.kind not in "iuf" or said.shape not in ((), (1,)):
        raise ValueError(f"the attribute {attribute} of {dataset.name} is no number")
    return float(np.ravel(dataset.attrs[attribute])[0])


def _scaled(values: np.ndarray, scale: dict[str, float]) -> np.ndarray:
    """Values as the attributes of CF say, NaN where there is none; as they are without such attributes."""
    if not scale:
        return values
    plain = values.astype(np.float64)
    missing = np.isin(plain, [scale[word] for word in _FILLS if word in scale])
    return np.where(missing, np.nan, plain * scale.get("scale_factor", 1.0) + scale.get("add_offset", 0.0))


class _Walk:
    """A walk through the groups of a file."""

    def __init__(self, h5py: Any, file: Any, raw: bytes, found: Variables, where: str) -> None:
        self._h5py, self._file, self._raw, self._found, self._where = h5py, file, raw, found, where
        self._short: dict[str, bool] = {}  # by the name of an attribute

    def group(self, group: Any, name: str, depth: int) -> None:
        """Add what lies in a group."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} groups inside each other")
        for key in group:
            if name == "" and key.startswith("#"):  # MATLAB's own, which cells refer to
                continue
            link = group.get(key, getlink=True)
            full = f"{name}.{key}" if name else key
            if not isinstance(link, self._h5py.HardLink):
                self._found.others[full] = "link"
                continue
            self.add(group[key], full, depth + 1)
        self._attributes(group, name)

    def add(self, item: Any, name: str, depth: int) -> None:
        """Add a group or an array."""
        self._found.count()
        if isinstance(item, self._h5py.Group):
            self.group(item, name, depth)
        elif isinstance(item, self._h5py.Dataset):
            self._dataset(item, name, depth)

    def _dataset(self, dataset: Any, name: str, depth: int) -> None:
        kind = self._matlab_class(dataset)
        if dataset.shape is None or "MATLAB_empty" in dataset.attrs:
            return
        if dataset.external or dataset.is_virtual:
            self._found.others[name] = "in another file"
            return
        size = dataset.size * dataset.dtype.itemsize
        if size > _MAX_BYTES:
            self._found.others[name] = f"{size} bytes"
        elif kind == "char" and dataset.dtype.kind in "ui":
            codes = _Array(dataset, True, self._where)[()]
            rows = codes.reshape(codes.shape[0], -1)[:_MAX_TEXTS] if codes.ndim == 2 else codes.reshape(1, -1)
            self._found.add_texts(name, ["".join(chr(int(code)) for code in row if code < 0x110000) for row in rows])
        elif kind in ("logical", "function_handle"):
            self._found.others[name] = kind
        elif dataset.dtype.kind in "iuf":
            self._found.add(name, _Array(dataset, bool(kind), self._where))
            self._attributes(dataset, name)
        elif self._h5py.check_ref_dtype(dataset.dtype) is self._h5py.Reference:
            self._references(dataset, name, kind, depth)
        elif self._h5py.check_string_dtype(dataset.dtype) is not None and self._are_short(dataset):
            self._found.add_texts(name, [_text(text) for text in np.ravel(dataset[()])])
        else:
            self._found.others[name] = str(dataset.dtype)

    def _are_short(self, dataset: Any) -> bool:
        """True for a few short texts in one piece: HDF5 takes the memory that a text is said to have."""
        at = dataset.id.get_offset()
        if dataset.size > _MAX_TEXTS or at is None:
            return False
        if self._h5py.check_string_dtype(dataset.dtype).length is not None:
            return bool(dataset.dtype.itemsize <= _MAX_LETTERS)
        lengths = np.frombuffer(self._raw, "<u4", 4 * dataset.size, at)[
            ::4
        ]  # of 16 bytes each, the rest tells the heap
        return bool((lengths <= _MAX_LETTERS).all())

    def _references(self, dataset: Any, name: str, kind: str, depth: int) -> None:
        """Cells, or a field of an array of structs: `s(2).data`."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} cells inside each other")
        _check_chunks(dataset)
        around, _, last = name.rpartition(".")
        for i, reference in enumerate(np.ravel(dataset[()])):
            inner = f"{name}{{{i + 1}}}" if kind == "cell" or not around else f"{around}({i + 1}).{last}"
            if reference:
                self.add(self._file[reference], inner, depth + 1)

    def _attributes(self, item: Any, name: str) -> None:
        for key in item.attrs:
            self._found.count()
            said = item.attrs.get_id(key)
            if (
                key.startswith("MATLAB_")
                or key in _SCALE
                or said.shape not in ((), (1,))
                or said.dtype.itemsize > _MAX_LETTERS
            ):
                continue
            full = f"{name}.{key}" if name else key
            if (text := self._h5py.check_string_dtype(said.dtype)) is not None:
                if text.length is None and not (key.lower() in WORDS_BESIDE and self._is_short(key)):
                    self._found.others[full] = "text"
                    continue
                self._found.texts.setdefault(full, _text(np.ravel(item.attrs[key])[0]))
            elif said.dtype.kind in "iuf" and full not in self._found.arrays:
                self._found.add(full, np.atleast_1d(item.attrs[key]))

    def _is_short(self, key: str) -> bool:
        if key not in self._short:
            self._short[key] = _is_short(self._raw, key.encode())
        return self._short[key]

    def _matlab_class(self, item: Any) -> str:
        if "MATLAB_class" not in item.attrs:
            return ""
        said = item.attrs.get_id("MATLAB_class")
        if said.shape != () or said.dtype.kind != "S":
            return ""
        return _text(item.attrs["MATLAB_class"])


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _check_chunks(dataset: Any) -> None:
    """Refuse what unpacks to more than it was declared, is stored by other filters, or lies in other files."""
    if dataset.chunks is None:
        return
    chunk = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
    if chunk > _MAX_BYTES:
        raise ValueError(f"chunks of {chunk} bytes")
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    numbers = [one[0] for one in filters]
    if set(numbers) - {_GZIP, _SHUFFLE, _CHECKSUM} or numbers.count(_GZIP) > 1:
        raise ValueError(f"packed by {_text(filters[0][3])}; pack it by gzip")
    if _GZIP not in numbers:
        return
    for i in range(dataset.id.get_num_chunks()):
        info = dataset.id.get_chunk_info(i)
        mask, packed = dataset.id.read_direct_chunk(info.chunk_offset)
        if mask == 0 and len(zlib.decompressobj().decompress(packed, chunk + 1)) > chunk:
            raise ValueError("a chunk unpacks to more than it holds")
