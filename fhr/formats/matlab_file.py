"""Numeric variables of a MATLAB file of version 4 to 7, every size checked against the bytes that are there.

`scipy.io.loadmat` reads these files too, but a few changed bytes in one stop the whole Python process (bus error in
scipy 1.17.1), and no recording is worth that; the tests compare with it. Source: MathWorks,
"MAT-File Format", https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Left out: text, cells, objects,
functions, sparse, logical and complex arrays, structs of other sizes than 1 x 1 and what is in structs inside structs.
"""

import zlib
from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

__all__ = ["numeric_variables"]

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _NUMERIC = 2, range(6, 16)  # classes of arrays
_COMPLEX, _LOGICAL = 0x800, 0x200  # flags of arrays
_V4_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_MAX_ELEMENTS = 10_000  # of a file, and fields of a struct: this package's choice, so that no file takes minutes
_MAX_DIMENSIONS = 32


class _Element(NamedTuple):
    kind: int
    data: bytes
    end: int  # where the next element starts


def numeric_variables(raw: bytes, *, limit: int) -> dict[str, np.ndarray]:
    """Read the numeric arrays of a file, and the numeric fields of its structs as `STRUCT.FIELD`.

    Args:
        raw: the file's bytes.
        limit: the most bytes that its compressed variables may unpack to together.

    Raises:
        ValueError: bytes that contradict the format, a name that stands twice, or more variables than any recording
            has. zlib.error: a damaged compressed variable.
    """
    # Version 4 starts with a small number, later ones with a text.
    found = _version_4(raw) if 0 in raw[:4] else _version_5(raw, limit)
    arrays: dict[str, np.ndarray] = {}
    for name, values in found:
        if name in arrays:
            raise ValueError(f"the variable {name} stands twice")
        arrays[name] = values
    return arrays


def _version_5(raw: bytes, limit: int) -> Iterator[tuple[str, np.ndarray]]:
    """Elements one after the other, the variables among them compressed or not."""
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None:
        raise ValueError("no MATLAB header")
    position, n_elements = 128, 0
    while position < len(raw):
        n_elements = _counted(n_elements)
        element = _element(raw, position, order)
        position = element.end
        if element.kind == _COMPRESSED:
            stream = zlib.decompressobj()
            unpacked = stream.decompress(element.data, limit + 1)
            limit -= len(unpacked)
            if limit < 0:
                raise ValueError("it unpacks to too many bytes")
            if not stream.eof:
                raise ValueError("a compressed variable is cut short")
            element = _element(unpacked, 0, order)
        if element.kind == _MATRIX:
            yield from _matrix(element.data, order)


def _counted(n_elements: int) -> int:
    if n_elements >= _MAX_ELEMENTS:
        raise ValueError(f"more than {_MAX_ELEMENTS} variables")
    return n_elements + 1


def _element(data: bytes, position: int, order: str) -> _Element:
    """The element at `position`: a tag of type and number of bytes, or both in half a tag and up to 4 bytes of data."""
    if position + 8 > len(data):
        raise ValueError("it ends inside a tag")
    kind, size = (int(number) for number in np.frombuffer(data, f"{order}u4", 2, position))
    start, end = position + 8, position + 8 + size
    if kind >> 16:
        kind, size = kind & 0xFFFF, kind >> 16
        start, end = position + 4, position + 8
        if size > 4:
            raise ValueError(f"a small element of {size} bytes")
    if start + size > len(data):
        raise ValueError(f"an element of {size} bytes where {len(data) - start} are left")
    if kind != _COMPRESSED:
        end += -(end - position) % 8
    return _Element(kind, data[start : start + size], end)


def _numbers(element: _Element, order: str) -> np.ndarray:
    if element.kind not in _TYPES:
        raise ValueError(f"an element of type {element.kind} where numbers belong")
    return np.frombuffer(element.data, order + _TYPES[element.kind])  # ValueError for part of a number


def _integers(element: _Element, order: str) -> list[int]:
    values = _numbers(element, order)
    if values.dtype.kind == "f" or not 1 <= len(values) <= _MAX_DIMENSIONS:
        raise ValueError(f"an element of type {element.kind} and {len(values)} numbers where whole numbers belong")
    return [int(value) for value in values]


def _matrix(data: bytes, order: str, *, inside: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The numeric array that a matrix element holds, or the numeric fields of a struct of 1 x 1."""
    if not data:  # MATLAB's form of an empty field
        return
    flags = _element(data, 0, order)
    shape = _element(data, flags.end, order)
    name = _element(data, shape.end, order)
    flag = _integers(flags, order)[0]
    dimensions = _integers(shape, order)
    if len(dimensions) < 2 or min(dimensions) < 0:
        raise ValueError(f"an array of dimensions {dimensions}")
    full_name = inside or name.data.decode("latin-1")
    kind = flag & 0xFF
    if kind in _NUMERIC and not flag & (_COMPLEX | _LOGICAL):
        values = _numbers(_element(data, name.end, order), order)
        if len(values) != prod(dimensions):
            raise ValueError(f"{full_name} holds {len(values)} numbers and is declared as {dimensions}")
        yield full_name, values.reshape(dimensions, order="F")
    elif kind == _STRUCT and not inside and prod(dimensions) == 1:
        length = _element(data, name.end, order)
        names = _element(data, length.end, order)
        width = _integers(length, order)[0]
        if width < 1:
            raise ValueError(f"field names of {width} letters")
        position = names.end
        if len(names.data) > width * _MAX_ELEMENTS:
            raise ValueError(f"a struct of more than {_MAX_ELEMENTS} fields")
        for start in range(0, len(names.data), width):
            field = names.data[start : start + width].split(b"\0")[0].decode("latin-1")
            element = _element(data, position, order)
            position = element.end
            if element.kind == _MATRIX:
                yield from _matrix(element.data, order, inside=f"{full_name}.{field}")


def _version_4(raw: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Arrays one after the other: type, rows, columns, imaginary part or not, length of the name; name; numbers."""
    order = "<" if int.from_bytes(raw[:4], "little") < 10_000 else ">"
    position, n_elements = 0, 0
    while position < len(raw):
        n_elements = _counted(n_elements)
        if position + 20 > len(raw):
            raise ValueError("it ends inside a header")
        code, rows, columns, imaginary, length = (int(n) for n in np.frombuffer(raw, f"{order}i4", 5, position))
        machine, number, form = code // 1000, code // 10 % 100, code % 10
        if machine != (order == ">") or number >= len(_V4_TYPES) or form > 2 or min(rows, columns, length) < 0:
            raise ValueError(f"an array of type {code}, {rows} x {columns}")
        start = position + 20 + length
        dtype = np.dtype(order + _V4_TYPES[number])
        end = start + rows * columns * dtype.itemsize
        position = end + (end - start if imaginary else 0)
        if position > len(raw):
            raise ValueError(f"an array of {rows} x {columns} where {max(len(raw) - start, 0)} bytes are left")
        if form == 0 and not imaginary:
            name = raw[start - length : start].split(b"\0")[0].decode("latin-1")
            yield name, np.frombuffer(raw[start:end], dtype).reshape((rows, columns), order="F")
