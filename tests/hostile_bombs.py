"""Small files made to cost much time or memory, or to run code, when they are read carelessly: by name of the file."""

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile_packed import PACKED_BOMBS

from fhr.formats.wfdb.ctu_uhb_header import IMPLAUSIBLE

_END, _CENTRAL = b"PK\5\6", b"PK\1\2"


def _zeros(megabytes: int, head: bytes = b"", *, window: int = zlib.MAX_WBITS) -> bytes:
    """`head` and zeros, compressed; never all in memory at once."""
    stream = zlib.compressobj(1, wbits=window)
    block = bytes(1 << 20)
    return stream.compress(head) + b"".join(stream.compress(block) for _ in range(megabytes)) + stream.flush()


def _npy(descr: str, shape: tuple[int, ...], data: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


def _archive(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def _zip(name: bytes, compressed: bytes, declared: int, entries: int = 1, crc: int = 0) -> bytes:
    """An archive of one deflated member, of a size that is declared at will, which the directory lists many times."""
    fields = struct.pack("<HHHHHIII", 20, 0, 8, 0, 33, crc, len(compressed), declared)
    local = b"PK\3\4" + fields + struct.pack("<HH", len(name), 0) + name + compressed
    central = _CENTRAL + struct.pack("<H", 20) + fields + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    directory = central * entries
    many = min(entries, 65535)
    return local + directory + _END + struct.pack("<HHHHIIH", 0, 0, many, many, len(directory), len(local), 0)


def _many_times(entries: int) -> bytes:
    data = _npy("<f4", (5 << 20,), bytes(20 << 20))
    stream = zlib.compressobj(wbits=-15)
    return _zip(b"fhr.npy", stream.compress(data) + stream.flush(), len(data), entries, zlib.crc32(data))


_FHR = _npy("<f4", (10,), np.full(10, 140, "<f4").tobytes())


def _hungry_lzma() -> bytes:
    """A dictionary of 4 GiB for forty bytes."""
    data = bytearray(_archive({"fhr": _FHR, "fs": _npy("<f8", (), struct.pack("<d", 4))}, zipfile.ZIP_LZMA))
    start = data.index(b"fhr.npy") + 7 + 4  # version of LZMA and length of its properties
    data[start + 1 : start + 5] = b"\xff\xff\xff\xff"
    return bytes(data)


class _Malice:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('executed', 'w')",)


def _deep(key: str) -> bytes:
    text = np.array("[" * 100_000)
    ours = np.array("fhr npz 1")
    arrays: Any = {"fhr": np.full(10, 140.0), "uc": np.full(10, 1.0), "fs": np.array("4.0"), "format": ours, key: text}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _ours(**texts: str) -> bytes:
    """A table in this package's own form with metadata of any kind."""
    lines = ["# fhr table 1", *(f"# {key}: {text}" for key, text in {"fs": "4.0", **texts}.items()), "time_s,fhr,uc"]
    return ("\n".join(lines) + "\n" + "".join(f"{i / 4},140,1\n" for i in range(9))).encode()


def _mat_header() -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def _element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def _matrix(name: bytes, shape: bytes, values: bytes, flags: int = 6) -> bytes:
    head = _element(6, struct.pack("<II", flags, 0)) + _element(5, shape) + _element(1, name)
    return _element(14, head + values)


def _row(n: int) -> bytes:
    return struct.pack("<ii", 1, n)


def _struct_of_many(n: int) -> bytes:
    names = _element(5, struct.pack("<i", 1)) + _element(1, b"a" * n)
    return _matrix(b"s", _row(1), names + bytes(8) * n, flags=2)


def _old(name: bytes, code: int, rows: int, columns: int, data: bytes = b"") -> bytes:
    return struct.pack("<iiiii", code, rows, columns, 0, len(name)) + name + data


BOMBS: dict[str, Callable[[], bytes]] = {
    # archives
    "unpacks to more than it says.npz": lambda: _zip(b"fhr.npy", _zeros(350, _FHR, window=-15), 1000),
    "unpacks to much.npz": lambda: _zip(b"fhr.npy", _zeros(50, _FHR, window=-15), 50 << 20),
    "one member many times.npz": lambda: _many_times(900),
    "a directory of a million.npz": lambda: _zip(b"x", b"", 0, 1_000_000),
    "a dictionary of 4 GiB.npz": _hungry_lzma,
    "values of no bytes.npz": lambda: _archive({"fhr": _npy("|S0", (3 * 10**9,)), "fs": _FHR}),
    "an enormous shape.npz": lambda: _archive({"fhr": _npy("<f8", (2**62, 2**62)), "fs": _npy("<f8", ())}),
    "letters that are none.npz": lambda: _archive({"fhr": _FHR, "format": _npy("<U1", (), b"\xff\xff\xff\xff")}),
    "a pickle.npz": lambda: _archive({"fhr": _npy("|O", (1,), pickle.dumps(_Malice())), "fs": _FHR}),
    "a pickle of metadata.npz": lambda: _archive({"fhr": _FHR, "format": _npy("|O", (), pickle.dumps(_Malice()))}),
    **{f"nested {key}.npz": (lambda key=key: _deep(key)) for key in ("history", "outcome", "name")},  # type: ignore[misc]
    # tables
    "cells from nothing.csv": lambda: b"fhr," + b"a," * 20_000 + b"\n" + b"140\n" * 40_000,
    "cells from nothing.tsv": lambda: (
        b"time\tfhr\t" + b"a\t" * 900 + b"\n" + b"".join(b"%d\t140\n" % i for i in range(90_000))
    ),
    "one endless line.csv": lambda: b"," * (30 << 20),
    "one endless line of words.tsv": lambda: b"a " * (15 << 20),
    "twenty long lines.csv": lambda: (b"1," * 500_000 + b"\n") * 20,
    "an endless cell.csv": lambda: b"time,fhr\n0," + b"1" * (20 << 20) + b"\n1,2\n",
    "an open quote.csv": lambda: b'time,fhr\n0,"140\n' + b"1,2\n" * (1 << 20),
    "comments without end.csv": lambda: b"#\n" * (5 << 20) + b"time,fhr\n0,1\n1,2\n",
    "blank lines without end.csv": lambda: b"\n" * (20 << 20) + b"time,fhr\n0,1\n1,2\n",
    "more rows than two weeks.csv": lambda: b"fhr\n" + b"1\n" * 9_000_000,
    "steps that say nothing.csv": lambda: b"time_s,fhr\n0,140\n0.1,140\n50.1,140\n",
    "times at the ends of the numbers.csv": lambda: b"time_s,fhr\n-1.7e308,140\n0,141\n1.7e308,140\n",
    "a grid of years.csv": lambda: b"time_s,fhr\n0,140\n0.25,140\n0.5,140\n1e12,140\n",
    "nested.csv": lambda: _ours(history="[" * 100_000),
    "a name that no file can hold.csv": lambda: _ours(name='"\\ud800"'),
    "an infinite outcome.csv": lambda: _ours(outcome='{"ph": Infinity}', stage2_start="Infinity"),
    "an infinite second stage.csv": lambda: _ours(stage2_start="-1e999"),
    "a second stage past all numbers.csv": lambda: _ours(stage2_start="1.7e308"),
    "a step that is none.csv": lambda: _ours(history=json.dumps([{"name": IMPLAUSIBLE, "parameters": {}}])),
    "a step of lists.csv": lambda: _ours(
        history=json.dumps([{"name": IMPLAUSIBLE, "parameters": {"field": "ph", "value": []}}])
    ),
    "the slowest rate.csv": lambda: b"# fhr table 1\n# fs: 5e-324\nfhr\n140\n141\n",
    "the fastest rate.csv": lambda: b"# fhr table 1\n# fs: 1e308\nfhr\n140\n141\n",
    "a huge whole number.csv": lambda: _ours(fs="9" * 4000),
    # MATLAB
    "unpacks to much.mat": lambda: _mat_header() + struct.pack("<II", 15, len(z := _zeros(140))) + z,
    "more dimensions than can be multiplied.mat": lambda: (
        _mat_header() + _matrix(b"fhr", b"\xff\xff\xff\x7f" * 1_000_000, _element(9, bytes(8)))
    ),
    "tags without end.mat": lambda: _mat_header() + bytes(4 << 20),
    "fields without end.mat": lambda: _mat_header() + _struct_of_many(2_000_000),
    "empty arrays without end.mat": lambda: _old(b"a\0", 0, 0, 0) * 1_000_000,
    "an array larger than the file.mat": lambda: _old(b"fhr\0", 0, 2**31 - 1, 2**31 - 1),
    "one name twice.mat": lambda: _old(b"fhr\0", 0, 1, 1, bytes(8)) * 2 + _old(b"fs\0", 0, 1, 1, struct.pack("<d", 4)),
    "the slowest rate.mat": lambda: (
        _old(b"fhr\0", 0, 1, 2, struct.pack("<dd", 140, 141)) + _old(b"fs\0", 0, 1, 1, struct.pack("<d", 5e-324))
    ),
    # headers of WFDB
    "r1.hea": lambda: b"r1 2 4 60\n" + b"r1.dat 16 100(0)/bpm 12 0 1 1 0 FHR\n" * 20_000,
    "r2.hea": lambda: b"r2 1 4 60\n" + b"r2.dat 16 " + b"1" * 900_000 + b" 12 0 1 1 0 FHR\n",
    "r3.hea": lambda: b"r3 1 4 " + b"9" * 4200 + b"\n",
    "r4.hea": lambda: b"r4 1 4 60\n" + b"r4.dat 16 100(0)/bpm 12 0 1 " + b"9" * 4200 + b" 0 FHR\n",
    "r5.hea": lambda: b"#\n" * 500_000 + b"r5\n",
    # FHRMA
    "longer than two weeks.fhr": lambda: bytes(4 + 6 * 5_000_000),
    **PACKED_BOMBS,
}
