"""Footers of Parquet files: the rows of each row group and the codecs, read without Arrow's accessors.

Arrow reads a damaged footer safely, but its Python accessors of row groups and column chunks (`metadata.row_group(i)`)
let a C++ exception through, which ends the process. Only what bounds the memory of a table is taken.

Source: the Parquet format, `parquet.thrift`, in Thrift's compact protocol.
"""

from typing import Any, BinaryIO, NamedTuple

__all__ = ["Footer", "read_footer"]

_MAX_BYTES = 1 << 24  # of a footer: some 100 bytes a column and row group
_TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 6, 7, 8, 9, 10, 12


class Footer(NamedTuple):
    """Facts of a footer: number of rows of each row group, and the codecs as `parquet.thrift` numbers them."""

    rows: list[int]
    codecs: set[int]


def read_footer(file: BinaryIO) -> Footer:
    """Read the footer of an open file, which is then set back to its beginning.

    Raises:
        ValueError: no footer, or one that is damaged or enormous.
    """
    size = file.seek(0, 2)
    file.seek(max(size - 8, 0))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or not 0 < length <= min(size - 12, _MAX_BYTES):
        raise ValueError("no Parquet footer, or one of no plausible length")
    file.seek(size - 8 - length)
    data = file.read(length)
    file.seek(0)
    try:
        groups = _Compact(data).struct()[4]
        chunks = [chunk for group in groups for chunk in group[1]]
        return Footer([int(group[3]) for group in groups], {int(chunk[3][4]) for chunk in chunks})
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"a damaged Parquet footer: {error}") from None


class _Compact:
    """A reader of Thrift's compact protocol; a struct is a dict by number of the field."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.integer()
            kind = head & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind)
        return fields

    def value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):
            return self.byte()
        if _BYTE < kind <= _I64:
            return self.integer()
        if kind in (_DOUBLE, _BINARY):  # passed over
            n = 8 if kind == _DOUBLE else self.varint()
            self.at += n
            return None
        if kind in (_LIST, _SET):
            head = self.byte()
            n = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(n)]
        if kind == _STRUCT:
            return self.struct()
        raise ValueError(f"no type {kind}")

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("an endless number")

    def integer(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)
