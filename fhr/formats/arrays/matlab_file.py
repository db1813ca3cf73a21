"""Variables of a MATLAB file of version 4 to 7, every size checked against the bytes that are there.

`scipy.io.loadmat` reads these files too, but a few changed bytes in one stop the whole Python process (bus error in
scipy 1.17.1), and no recording is worth that; the tests compare with it. Source: MathWorks,
"MAT-File Format", https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Left out: objects (tables,
time series), functions, sparse, logical and complex arrays.
"""

import zlib
from math import prod
from typing import NamedTuple

import numpy as np

from .nested_variables import Variables

__all__ = ["variables"]

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _TEXT, _NUMERIC, _OPAQUE = 1, 2, 4, range(6, 16), 17  # classes of arrays
_OTHERS = {3: "object", 5: "sparse", 16: "function"}
_ENCODINGS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}  # by type of element
_MAX_DEPTH, _MAX_ROWS = 16, 100  # structs and cells inside each other; rows of text
_COMPLEX, _LOGICAL = 0x800, 0x200  # flags of arrays
_V4_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_MAX_ELEMENTS = 10_000  # fields of a struct: this package's choice, so that no file takes minutes
_MAX_DIMENSIONS = 32


class _Element(NamedTuple):
    kind: int
    data: bytes
    end: int  # where the next element starts


def variables(raw: bytes, *, limit: int) -> Variables:
    """Read the variables of a file.

    Args:
        raw: the file's bytes.
        limit: the most bytes that its compressed variables may unpack to together.

    Raises:
        ValueError: bytes that contradict the format, a name that stands twice, or more variables than any recording
            has. zlib.error: a damaged compressed variable.
    """
    found = Variables()
    # Version 4 starts with a small number, later ones with a text.
    if 0 in raw[:4]:
        _version_4(raw, found)
    else:
        _version_5(raw, limit, found)
    return found


def _version_5(raw: bytes, limit: int, found: Variables) -> None:
    """Elements one after the other, the variables among them compressed or not."""
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None:
        raise ValueError("no MATLAB header")
    position = 128
    while position < len(raw):
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
            _matrix(element.data, order, "", found)
        else:
            found.count()


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


def _matrix(data: bytes, order: str, name: str, found: Variables, depth: int = 0) -> None:
    """Add what a matrix element holds: an array, a text, or what is inside a struct or cell."""
    found.count()
    if not data:  # MATLAB's form of an empty field
        return
    if depth > _MAX_DEPTH:
        raise ValueError(f"more than {_MAX_DEPTH} structs and cells inside each other")
    flags = _element(data, 0, order)
    flag = _integers(flags, order)[0]
    kind = flag & 0xFF
    if kind == _OPAQUE:
        found.others[name or _element(data, flags.end, order).data.decode("latin-1")] = "object"
        return
    shape = _element(data, flags.end, order)
    own = _element(data, shape.end, order)
    dimensions = _integers(shape, order)
    if len(dimensions) < 2 or min(dimensions) < 0:
        raise ValueError(f"an array of dimensions {dimensions}")
    name, position, size = name or own.data.decode("latin-1"), own.end, prod(dimensions)
    if kind in _NUMERIC and not flag & (_COMPLEX | _LOGICAL):
        values = _numbers(_element(data, position, order), order)
        if len(values) != size:
            raise ValueError(f"{name} holds {len(values)} numbers and is declared as {dimensions}")
        found.add(name, values.reshape(dimensions, order="F"))
    elif kind == _TEXT:
        letters = _letters(_element(data, position, order), order) if size else ""
        if len(letters) == size and len(dimensions) == 2:
            rows = [letters[i :: dimensions[0]] for i in range(min(dimensions[0], _MAX_ROWS))]
            found.add_texts(name, rows)
    elif kind == _CELL:
        for i in range(size):
            element = _element(data, position, order)
            position = element.end
            _matrix(element.data, order, f"{name}{{{i + 1}}}", found, depth + 1)
    elif kind == _STRUCT:
        fields, position = _field_names(data, position, order)
        for i in range(size if fields else 0):
            for field in fields:
                element = _element(data, position, order)
                position = element.end
                if element.kind == _MATRIX:
                    one = name if size == 1 else f"{name}({i + 1})"
                    _matrix(element.data, order, f"{one}.{field}", found, depth + 1)
    else:
        found.others[name] = (
            "logical" if flag & _LOGICAL else "complex" if flag & _COMPLEX else _OTHERS.get(kind, "object")
        )


def _field_names(data: bytes, position: int, order: str) -> tuple[list[str], int]:
    length = _element(data, position, order)
    names = _element(data, length.end, order)
    width = _integers(length, order)[0]
    if width < 1:
        raise ValueError(f"field names of {width} letters")
    if len(names.data) > width * _MAX_ELEMENTS:
        raise ValueError(f"a struct of more than {_MAX_ELEMENTS} fields")
    starts = range(0, len(names.data), width)
    return [names.data[start : start + width].split(b"\0")[0].decode("latin-1") for start in starts], names.end


def _letters(element: _Element, order: str) -> str:
    if element.kind in _ENCODINGS:
        encoding = _ENCODINGS[element.kind]
        ends = {"<": "-le", ">": "-be"}[order] if encoding != "utf-8" else ""
        return element.data.decode(encoding + ends, "replace")
    return "".join(
        chr(code) if code < 0x110000 else "?" for code in _numbers(element, order).astype(np.int64) & 0x1FFFFF
    )


def _version_4(raw: bytes, found: Variables) -> None:
    """Arrays one after the other: type, rows, columns, imaginary part or not, length of the name; name; numbers."""
    order = "<" if int.from_bytes(raw[:4], "little") < 10_000 else ">"
    position = 0
    while position < len(raw):
        found.count()
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
        name = raw[start - length : start].split(b"\0")[0].decode("latin-1")
        values = np.frombuffer(raw[start:end], dtype).reshape((rows, columns), order="F")
        if form == 1 and rows == 1 and ((values >= 0) & (values < 0x110000)).all():
            found.add_texts(name, ["".join(map(chr, values[0].astype(int)))])
        elif form == 0 and not imaginary:
            found.add(name, values)
        else:
            found.others[name] = ("complex", "text", "sparse")[form]
