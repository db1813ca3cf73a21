"""What can be done to valid files and plain values, and the verdict over what a reader makes of them: the one engine.

`hostile_kinds.py` is the table of what is spoilt; the tests try a few cases of each kind, `benchmarks/hostile_*.py`
thousands. Every mutation is a function of a value and a generator, so that a number names a case: the same number
spoils the same file in the same way.
"""

import copy
import gzip
import io
import os
import re
import signal
import socket
import struct
import sys
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir, contextmanager
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError

Generator = np.random.Generator
Mutation = Callable[[bytes, Generator], bytes]


class Escape(BaseException):
    """What no file may bring about; no `except Exception` in a reader can hide it."""


class Sample(NamedTuple):
    """The files that are spoilt, the one (or "", the folder) to read, and files beside them that stay as they are."""

    files: dict[str, bytes]
    target: str
    whole: dict[str, bytes] = {}  # noqa: RUF012

    def write(self, folder: Path) -> Path:
        """Put the files into a folder; the path to read."""
        for name, data in (self.whole | self.files).items():
            (folder / name).write_bytes(data)
        return folder / self.target


class Kind(NamedTuple):
    """One kind of what may come from a stranger.

    Args:
        seeds: valid ones, files or plain values.
        spoil: makes another of a seed.
        use: reads one, with a folder to write to, and fails where what comes out is not what it may be.
    """

    seeds: Callable[[], Sequence[Any]]
    spoil: Callable[[Any, Generator], Any]
    use: Callable[[Any, Path], object]


def of_files(seeds: Callable[[], Sequence[Sample]], read: Callable[[Path], Any], check: Callable[[Any], None]) -> Kind:
    """Kind of files of the formats that this package reads as text, numbers or archives."""
    return Kind(seeds, spoil_sample, lambda sample, folder: check(read(sample.write(folder))))


def verdict(use: Callable[[], object]) -> str:
    """ "read" or "refused"; anything else is an escape.

    Raises:
        Escape: another exception than `FHRError`, or a message that is empty, endless or cannot be written.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # numbers that overflow
            use()
    except FHRError as error:
        said = str(error)
        if not 10 < len(said) < 4000 or said != said.encode(errors="replace").decode():
            raise Escape(f"a message of {len(said)} characters: {said[:200]!r}") from error
        return "refused"
    except (Exception, MemoryError) as error:
        raise Escape(f"{type(error).__name__}: {error}"[:300]) from error
    return "read"


def try_case(kind: Kind, number: int, folder: Path, *, seconds: float = 60) -> str:
    """Verdict over case `number` of a kind."""
    seeds = kind.seeds()
    spoilt = kind.spoil(seeds[number % len(seeds)], np.random.default_rng(number))
    with watchdog(seconds):
        return verdict(lambda: kind.use(spoilt, folder))


def tally(name: str, kind: Kind, numbers: Iterable[int], folder: Path, *, seconds: float = 60) -> Counter[str]:
    """How many cases are read, refused and escape, the first of these on stderr, and the `slowest`, in microseconds."""
    found = Counter({"read": 0, "refused": 0, "escaped": 0, "slowest": 0})
    for number in numbers:
        start = time.perf_counter()
        try:
            found[try_case(kind, number, folder, seconds=seconds)] += 1
        except Escape as escape:
            found["escaped"] += 1
            if found["escaped"] <= 10:
                sys.stderr.write(f"{name} {number}: {escape}\n")
        found["slowest"] = max(found["slowest"], round(1e6 * (time.perf_counter() - start)))
    return found


# What stands in place of a number, a name or a line.
VALUES = [
    *("", " ", "nan", "inf", "-inf", "1e400", "-1e400", "1e300", "1e-300", "5e-324", "-1", "0", "-0", "1.5", "1_0"),
    *("9" * 30, "9" * 400, "9" * 5000, "0x10", "١٢", "null", "true", "{", "}", "[" * 3000, "]", '"', "'", "#", "\\"),
    *("../x", "/etc/passwd", "/dev/zero", "..", ".", "CON", "NUL.dat", "C:\\x", "a" * 300, "a" * 100_000),
    *("\0", "\r", "\n", "\n\n", "\t", "\x1b[2J\x1b]0;x\x07", "\u202e", "\ufeff", "é", "\U0001f600", "%s%n", "{0}"),
    *("4838400", "4838401", "2147483647", "2147483648", "4294967296", "18446744073709551616", "-9223372036854775808"),
    *("2020-13-45", "0001-01-01", "9999-12-31T23:59:60", "fhr", "FHR", "uc", "time", "mhr", "fs", "16", "212", "pH 7"),
    *("\\ud800", "NaN", "Infinity", "-Infinity", '{"a":' * 500, '{"name": 1}', "1(0)/bpm", "100(99999999999)"),
    *("ms", "Hz"),
]
_FIELD = re.compile(r"[^\s,;:/()\"=]+")


def _span(data: bytes, generator: Generator, most: int = 64) -> tuple[int, int]:
    start = int(generator.integers(len(data) + 1))
    return start, min(len(data), start + int(generator.integers(1, most)))


def flip_bits(data: bytes, generator: Generator) -> bytes:
    spoilt = bytearray(data)
    # Most of what a format means stands at its beginning.
    reach = len(data) if generator.random() < 0.5 else min(len(data), 300)
    for _ in range(int(generator.integers(1, 9)) if reach else 0):
        spoilt[int(generator.integers(reach))] ^= 1 << int(generator.integers(8))
    return bytes(spoilt)


def truncate(data: bytes, generator: Generator) -> bytes:
    return data[: int(generator.integers(len(data) + 1))]


def drop(data: bytes, generator: Generator) -> bytes:
    start, end = _span(data, generator)
    return data[:start] + data[end:]


def repeat(data: bytes, generator: Generator) -> bytes:
    start, end = _span(data, generator)
    return data[:start] + data[start:end] * int(generator.integers(2, 50)) + data[end:]


def insert_noise(data: bytes, generator: Generator) -> bytes:
    start, end = _span(data, generator)
    return data[:start] + generator.bytes(end - start + 1) + data[end:]


def huge_number(data: bytes, generator: Generator) -> bytes:
    """A number of 1 to 8 bytes, in either order, that says an enormous, negative or no size."""
    size = int(generator.choice([1, 2, 4, 8]))
    value = int(generator.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1])) & (256**size - 1)
    reach = len(data) if generator.random() < 0.3 else min(len(data), 400)
    start = int(generator.integers(reach + 1))
    order = "little" if generator.random() < 0.7 else "big"
    return data[:start] + value.to_bytes(size, order) + data[start + size :]


def insert_value(data: bytes, generator: Generator) -> bytes:
    start, _ = _span(data, generator)
    return data[:start] + str(generator.choice(VALUES)).encode() + data[start:]


def _text(change: Callable[[str, Generator], str]) -> Mutation:
    def mutation(data: bytes, generator: Generator) -> bytes:
        return change(data.decode("latin-1"), generator).encode("utf-8", "surrogatepass")

    return mutation


def _fields(text: str, generator: Generator, n: int) -> list[re.Match[str]]:
    """Up to n fields, in order, most often of the first lines."""
    found = list(_FIELD.finditer(text if generator.random() < 0.3 else text[:1500]))
    taken: Iterable[int] = generator.choice(len(found), size=min(n, len(found)), replace=False) if found else []
    return [found[i] for i in sorted(taken)]


def hostile_field(text: str, generator: Generator) -> str:
    for match in reversed(_fields(text, generator, int(generator.integers(1, 4)))):
        text = text[: match.start()] + str(generator.choice(VALUES)) + text[match.end() :]
    return text


def swap_fields(text: str, generator: Generator) -> str:
    pair = _fields(text, generator, 2)
    if len(pair) < 2:
        return text
    first, second = pair
    middle = text[first.end() : second.start()]
    return text[: first.start()] + second[0] + middle + first[0] + text[second.end() :]


def repeat_field(text: str, generator: Generator) -> str:
    for match in _fields(text, generator, 1):
        text = text[: match.end()] + (" " + match[0]) * int(generator.integers(1, 30)) + text[match.end() :]
    return text


def drop_field(text: str, generator: Generator) -> str:
    for match in reversed(_fields(text, generator, 2)):
        text = text[: match.start()] + text[match.end() :]
    return text


def move_lines(text: str, generator: Generator) -> str:
    """Lines that are swapped, repeated, dropped, or made of a hostile value."""
    lines = text.split("\n")
    reach = len(lines) if generator.random() < 0.3 else min(len(lines), 20)
    i, j = (int(k) for k in generator.integers(reach, size=2))
    match int(generator.integers(4)):
        case 0:
            lines[i], lines[j] = lines[j], lines[i]
        case 1:
            lines[i:i] = [lines[j]] * int(generator.integers(1, 20))
        case 2:
            del lines[i]
        case _:
            lines.insert(i, str(generator.choice(VALUES)))
    return "\n".join(lines)


def line_ends(text: str, generator: Generator) -> str:
    return text.replace("\n", str(generator.choice(["\r", "\r\n", "\n\r", "\u2028", "\x85", "\0", "\n\n", ""])))


def encoding(data: bytes, generator: Generator) -> bytes:
    name = str(generator.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "utf-8-sig", "cp037"]))
    spoilt = data.decode("latin-1").encode(name, "replace")
    return b"\xff\xfe" + spoilt if generator.random() < 0.2 else spoilt


BINARY: dict[str, Mutation] = {
    m.__name__: m for m in (flip_bits, truncate, drop, repeat, insert_noise, huge_number, insert_value)
}
TEXT: dict[str, Mutation] = {
    m.__name__: _text(m) for m in (hostile_field, swap_fields, repeat_field, drop_field, move_lines, line_ends)
} | {"encoding": encoding}


def spoil(data: bytes, generator: Generator, *, text: bool) -> bytes:
    """One to three mutations, of text more often than of bytes where the file is a text."""
    for _ in range(int(generator.integers(1, 4))):
        pool = TEXT if text and generator.random() < 0.75 else BINARY
        data = pool[str(generator.choice(list(pool)))](data, generator)
    return data


def spoil_sample(sample: Sample, generator: Generator) -> Sample:
    """One file is another. Spoilt samples and archives often get sums that fit, to reach what lies behind."""
    files = dict(sample.files)
    name = str(generator.choice(list(files)))
    if name.endswith(".npz") and generator.random() < 0.7:
        files[name] = _spoilt_archive(files[name], generator)
    elif name.endswith((".xlsx", ".gz")) and generator.random() < 0.7:
        files[name] = (_spoilt_workbook if name.endswith(".xlsx") else _spoilt_within)(files[name], generator)
    else:
        text = name.endswith((".hea", ".csv", ".tsv", ".json", "RECORDS", ".edf"))
        files[name] = spoil(files[name], generator, text=text)
    header = f"{name.removesuffix('.dat')}.hea"
    if name.endswith(".dat") and b".dat 16 " in files.get(header, b"") and generator.random() < 0.5:
        files[header] = _sums_that_fit(files[header], files[name])
    return sample._replace(files=files)


def _spoilt_archive(data: bytes, generator: Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    i = int(generator.integers(len(members)))
    name, content = members[i]
    match int(generator.integers(6)):
        case 0:
            members.append((str(generator.choice([name, "../x.npy", "/x.npy", "fhr.npy", "fs.npy"])), content))
        case 1:
            members[i] = (name, np.lib.format.MAGIC_PREFIX + bytes([1, 0]) + _npy_header(generator))
        case 2:
            text = np.array(str(generator.choice(VALUES)))
            members[i] = (name, _npy(text if generator.random() < 0.5 else np.array(f'"{text}"')))
        case _:
            members[i] = (name, spoil(content, generator, text=generator.random() < 0.3))
    spoilt = io.BytesIO()
    how = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with (
        warnings.catch_warnings(action="ignore"),  # duplicate names are meant
        zipfile.ZipFile(spoilt, "w", how[int(generator.choice(4, p=[0.4, 0.4, 0.1, 0.1]))]) as archive,
    ):
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return spoilt.getvalue()


def _spoilt_workbook(data: bytes, generator: Generator) -> bytes:
    """A part of a workbook is another; the parts are packed again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = str(generator.choice(list(members)))
    members[name] = spoil(members[name], generator, text=True)
    spoilt = io.BytesIO()
    with zipfile.ZipFile(spoilt, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return spoilt.getvalue()


def _spoilt_within(data: bytes, generator: Generator) -> bytes:
    return gzip.compress(spoil(gzip.decompress(data), generator, text=True), mtime=0)


def _npy_header(generator: Generator) -> bytes:
    kind = str(generator.choice(["<f4", "|S0", "<U0", "|O", "<f8", "<M8[s]", "|V0", "<c16", "|b1", "<U9"]))
    shape = str(
        generator.choice(["()", "(0,)", "(10,)", "(-1,)", "(99999999999,)", "(2, 2)", "(4294967296, 4294967296)"])
    )
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return struct.pack("<H", len(text)) + text + generator.bytes(int(generator.choice([0, 4, 40, 80])))


def _npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _sums_that_fit(header: bytes, samples: bytes) -> bytes:
    lines = header.decode().split("\n")
    n_signals = int(lines[0].split()[1])
    n = len(samples) // (2 * n_signals)
    digital = np.frombuffer(samples[: 2 * n_signals * n], "<i2").reshape(n, n_signals)
    lines[0] = " ".join([*lines[0].split()[:3], str(n)])
    for i in range(n_signals):
        fields = lines[i + 1].split(" ")
        fields[6] = str(int(digital[:, i].sum(dtype=np.int64)))
        lines[i + 1] = " ".join(fields)
    return "\n".join(lines).encode()


def _deep(depth: int) -> list:
    nested: list = []
    for _ in range(depth):
        nested = [nested]
    return nested


def _laughs() -> list:
    """2^40 values in 40 lists."""
    nested: list = [1.0]
    for _ in range(40):
        nested = [nested, nested]
    return nested


def _own() -> list:
    own: list = [1.0]
    own.append(own)
    return own


PLAIN: tuple[Callable[[], Any], ...] = tuple(
    (lambda value=value: copy.deepcopy(value))
    for value in (
        *(
            None,
            True,
            False,
            -1,
            0,
            1,
            2,
            7,
            2**31,
            2**63,
            10**30,
            -(10**400),
            0.5,
            -0.0,
            nan,
            inf,
            -inf,
            1e308,
            1e-308,
        ),
        *("", "x", "1.0", "\x00", "\x1b[2J", "\ud800", "a" * 10_000, "fhr.models.InceptionNet", "os.system", "../x"),
        *([], [[]], [1.0, "x"], [nan], [1.0] * 1000, {}, {"kind": []}, {"a": {"b": 1}}, _deep(60)),
    )
)
BEYOND_PLAIN: tuple[Callable[[], Any], ...] = (_laughs, _own, lambda: {1: 2})


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where something stands in nested tables and lists, as deep as a card goes."""
    if len(path) == 8:
        return
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


def spoil_plain(plain: dict, rng: Generator, values: tuple[Callable[[], Any], ...] = PLAIN) -> None:
    """Change one place: another value, none, one more, that of another place, a number that is moved."""
    everywhere = list(places(plain))
    # A long list is one of the places, not a thousand of them.
    depth = rng.integers(1, 1 + max(map(len, everywhere)))
    path = (chosen := [p for p in everywhere if len(p) == depth])[rng.integers(len(chosen))]
    holder = _at(plain, path[:-1])
    how = rng.integers(9)
    if how == 0:
        del holder[path[-1]]
    elif how == 1:
        holder[path[-1]] = copy.deepcopy(_at(plain, everywhere[rng.integers(len(everywhere))]))
    elif how == 2 and isinstance(holder, dict):
        holder[str(path[-1]) + "_"] = holder.pop(path[-1])
    elif how > 4 and isinstance(value := holder[path[-1]], int | float) and abs(value) < 1e300:
        moved = value * float(rng.choice([-1, 1e-6, 0.999, 3, 1e6, 1e300])) + int(rng.integers(-2, 3))
        holder[path[-1]] = round(moved) if isinstance(value, int) and np.isfinite(moved) else moved
    else:
        holder[path[-1]] = values[rng.integers(len(values))]()


def _at(plain: Any, path: tuple) -> Any:
    for key in path:
        plain = plain[key]
    return plain


def _link(target: str | Path) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, chdir(path.parent):  # a whole path may be longer than its 107 bytes
        one.bind(path.name)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def _secret(path: Path) -> Path:
    """A file beside the folder of `path`; a valid one where `valid-NAME` shows how it looks."""
    secret, valid = path.parent.with_name(f"secret-{path.name}"), path.with_name(f"valid-{path.name}")
    secret.write_bytes(valid.read_bytes() if valid.exists() else b"secret")
    return secret


# What may stand in the place of a file; none of it may be read.
IMPOSTORS: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "folder": os.mkdir,
    "socket": _socket,
    "nothing": lambda path: None,
    "empty": Path.touch,
    "a file of 1 TiB": _sparse,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link out of its folder": lambda path: path.symlink_to(_secret(path)),
    "link through its parent": lambda path: path.symlink_to(Path("..", _secret(path).name)),
    "link to nothing": _link("nothing"),
    "link to its folder": _link("."),
    "link to zeros without end": _link("/dev/zero"),
    "link to noise without end": _link("/dev/random"),
    "link to a terminal": _link("/dev/tty"),
    "link to the standard input": _link("/dev/stdin"),
    "link to a file of the system": _link("/proc/kmsg"),
}


@contextmanager
def watchdog(seconds: float) -> Iterator[None]:
    """Raise `Escape` in what takes longer, also where it waits for a file to open."""

    def bark(*_: object) -> None:
        raise Escape(f"still at it after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, bark)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
