"""Signal files composed as monitors and their programs write them: WFDB of every kind, EDF, FHRMA."""

import io
import re
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from composed_columns import Column, gaps, in_units, said, signals
from compositions import Choices, Composition, Truth

_START = datetime(2024, 3, 15, 10, 0, 0)


def _channels(
    choices: Choices, fs: float, minutes: float, *, named: bool = True
) -> tuple[list[Column], dict[str, np.ndarray], dict[str, Any]]:
    """Channels in units of the file's, without gaps of their own but those of the layout."""
    found, made, options = signals(choices, int(60 * minutes * fs))
    columns, truth = in_units(choices, found, made, options, row=True, named=named)
    return columns, truth, options


def _composition(
    choices: Choices, files: dict[str, bytes], target: str, options: dict[str, Any], truth: Truth, columns: list[Column]
) -> Composition:
    return Composition(
        choices.axes,
        files,
        target,
        said(options, columns) or {},
        truth,
        tuple(choices.doubts),
        said(choices.remedy, columns),
    )


_FORMATS = {"16": 6, "212": 2, "80": 0.7, "24": 1, "32": 1, "61": 0.5, "160": 0.5, "516": 0.8, "524": 0.5, "508": 0.3}
_BITS = {"16": 16, "212": 12, "80": 8, "24": 24, "32": 32, "61": 16, "160": 16, "516": 16, "524": 24, "508": 8}


def wfdb(choices: Choices) -> Composition:
    """A WFDB record: format, gain, unit, names, rates, segments, skew, and the header as people write it."""
    fs = float(choices.take("rate", {"4": 5, "2": 1, "1": 1}))
    columns, truth, options = _channels(choices, fs, 1.5)
    form = choices.take("format", _FORMATS)
    n, bits = len(columns[0].values), _BITS[form]
    missing = gaps(choices, n)
    gap = choices.take("gap", {"0": 3, "the format's mark": 2})
    digital, facts = [], []
    for column in columns:
        most = np.nanmax(np.abs(column.values))
        steps = [
            g
            for g in (0.1, 0.2, 0.5, 1, 2, 4, 10, 50, 100, 200, 1000, 10_000, 50_000)
            if g * most < 2 ** (bits - 1) * 0.9
        ]
        fit = [g for g in steps if np.nanmax(np.abs(np.round(g * column.values) / g - column.values)) < 1e-9]
        gain = choices.any_of(fit[:2]) if fit else steps[-1]
        baseline = 0 if gap == "0" or bits == 8 or choices.chance(0.7) else int(choices.any_of((100, -50)))
        offset = baseline if bits > 12 else 0
        counts = np.round(gain * column.values)
        here = missing | np.isnan(column.values)
        # A value of no count would be missing.
        counts[~here & (counts == 0)] = 1
        values = np.where(here, np.nan, counts / gain)
        stored = np.where(here, 0 if gap == "0" else -(2 ** (bits - 1)), np.nan_to_num(counts) + offset)
        digital.append(np.clip(stored, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int64))
        facts.append((column, gain, offset, values))
    truth = _stored_truth(choices, facts, truth)
    ph, lines = _comments(choices)
    name = choices.any_of(("1001", "rec_7", "A-1"))
    dated = choices.take("start", {"none": 3, "date and time": 2})
    hand = form == "16" and choices.take("samples", {"as the library writes them": 5, **dict.fromkeys(_BY_HAND, 1)})
    if hand in _BY_HAND:
        date_, files, truth, slow = _by_hand(choices, hand, name, digital, facts, fs, truth)
        files[f"{name}.hea"] += "".join(f"{line}\n" for line in lines).encode("latin-1")
        whole = Truth(truth["fhr"], truth.get("uc"), truth.get("mhr"), fs, date_, ph, slow=slow)
        return _composition(choices, files, f"{name}.hea", options, whole, columns)
    kind = choices.take(
        "kind",
        {
            "one segment": 6,
            "two segments": 1 if form in ("16", "212", "24", "32") else 0,
            "segments with a pause": 0.7 if form == "16" else 0,
        },
    )
    date_ = ""
    files: dict[str, bytes] = {}
    parts = {
        "one segment": [(0, n)],
        "two segments": [(0, n // 2), (n // 2, n)],
        "segments with a pause": [(0, n // 2), (n // 2, n)],
    }[kind]
    pause = 33 if kind == "segments with a pause" else 0
    start = _START if dated != "none" else None
    for i, (a, b) in enumerate(parts):
        part = name if kind == "one segment" else f"{name}_{i + 1}"
        files |= _record(part, [d[a:b] for d in digital], facts, fs, form, start if kind == "one segment" else None)
    head = f"{name}.hea"
    if kind != "one segment":
        text = f"{name}/{len(parts) + bool(pause)} {len(columns)} {fs:g} {n + pause}"
        text += _START.strftime(" %H:%M:%S %d/%m/%Y") if start else ""
        body = [f"{name}_{i + 1} {b - a}" for i, (a, b) in enumerate(parts)]
        if pause:
            body.insert(1, f"~ {pause}")
            truth = {r: np.insert(v, n // 2, np.full(pause, np.nan)) for r, v in truth.items()}
        files[head] = ("\n".join([text, *body]) + "\n").encode()
    if start:
        date_ = "2024-03-15"
    header = files[head].decode()
    odd = {
        "frequency with a counter": 0.7,
        "no length": 0.4,
        "CRLF": 1,
        "blank lines": 0.7,
        "comments above": 0.7,
        "tabs": 0.4,
    }
    change = choices.take("header", {"as the library writes it": 6} | odd)
    if kind != "one segment" and change == "no length":
        change = choices.axes["header"] = "as the library writes it"
    header = _header(header, change)
    if change == "no length" and start:
        date_ = choices.axes["start"] = ""
        header = header.replace(_START.strftime(" %H:%M:%S %d/%m/%Y"), "")
    header = header.rstrip("\r\n") + "\n" + "".join(f"{line}\n" for line in lines)
    header = header.replace("\r\n", "\n").replace("\n", "\r\n") if change == "CRLF" else header
    files[head] = header.encode("latin-1")
    damage = (
        choices.take("damage", {"none": 12, "a checksum": 0.5, "truncated": 0.5}) if kind == "one segment" else "none"
    )
    dat = next((x for x in files if x.endswith((".dat", ".flac"))), "")
    if damage == "a checksum":
        data = bytearray(files[dat])
        data[len(data) // 2] ^= 4
        files[dat] = bytes(data)
        choices.doubt("a damaged signal file", None)
    elif damage == "truncated":
        files[dat] = files[dat][: len(files[dat]) // 2]
        choices.doubt("a truncated signal file", None)
    upper = choices.chance(0.07) and kind == "one segment" and change == "as the library writes it"
    if upper:
        choices.axes["file names"] = "upper case"
        files = {x.upper(): d for x, d in files.items()}
        head = head.upper()
        if choices.chance(0.5):
            files[head] = re.sub(rb"(?m)^(\S+)\.dat", lambda m: m[0].upper(), files[head]).replace(
                name.encode(), name.upper().encode()
            )
        elif name != name.upper():
            choices.doubt("a header of another record's name", None)
    target = choices.any_of((head, head, head[:-4])) if not upper else head
    whole = Truth(truth["fhr"], truth.get("uc"), truth.get("mhr"), fs, date_, ph)
    return _composition(choices, files, target, options, whole, columns)


_BY_HAND = ("a prolog", "skew", "several samples a frame", "layout of segments")


def _by_hand(
    choices: Choices,
    how: str,
    name: str,
    digital: list[np.ndarray],
    facts: list[Any],
    fs: float,
    truth: dict[str, np.ndarray],
) -> tuple[str, dict[str, bytes], dict[str, np.ndarray], tuple[str, int]]:
    """Records that the wfdb package reads and does not write: date, files, truth and the slow channel."""
    n, roles = len(digital[0]), [c.role for c, *_ in facts]
    form, slow, prolog = ["16"] * len(facts), ("", 1), b""
    stored = [d.copy() for d in digital]
    if how == "a prolog":
        prolog, form = b"monitor 7".ljust(64, b"\0"), ["16+64"] * len(facts)
    elif how == "skew":  # so many samples of the file precede the first
        k, at = 3, choices.any_of(range(len(facts)))
        form[at] = f"16:{k}"
        stored[at] = np.concatenate([np.full(k, stored[at][0]), stored[at][: n - k]])
        if (role := roles[at]) in truth:
            if roles.count(role) > 1:
                form[at], stored[at] = "16", digital[at]
            else:
                truth[role][n - k :] = np.nan
    elif how == "several samples a frame" and fs == 4 and "uc" in roles:
        slow, at = ("uc", 4), roles.index("uc")
        form = ["16x4"] * len(facts)
        form[at] = "16"
        truth["uc"] = np.repeat(truth["uc"][::4], 4)
    times = 4 if slow[0] else 1
    frames = [
        d.reshape(-1, times) if not slow[0] or f != "16" else d[::4].reshape(-1, 1)
        for d, f in zip(stored, form, strict=True)
    ]
    lines = [
        f"{name}.dat {f} {g:g}({o}){'/' + _unit(c) if c.unit else ''} 16 0 {d[0]} {int(fr.sum()) % 65536} 0 {c.name}"
        for f, (c, g, o, _), d, fr in zip(form, facts, stored, frames, strict=True)
    ]
    head = f"{name} {len(facts)} {fs / times:g} {n // times} 10:00:00 15/03/2024"
    data = prolog + np.concatenate(frames, axis=1).astype("<i2").tobytes()
    files = {f"{name}.dat": data, f"{name}.hea": "\n".join([head, *lines, ""]).encode()}
    if how == "layout of segments":  # the second part lacks all but the rates
        keep = [i for i, role in enumerate(roles) if role == "fhr"]
        half = n // 2
        rest = np.stack([digital[i][half:] for i in keep], axis=1).astype("<i2")
        first = np.stack([d[:half] for d in digital], axis=1).astype("<i2")
        files = {
            f"{name}.hea": f"{name}/3 {len(facts)} {fs:g} {n} 10:00:00 15/03/2024\n{name}_l 0\n".encode()
            + f"{name}_1 {half}\n{name}_2 {n - half}\n".encode()
        }
        files[f"{name}_1.dat"], files[f"{name}_2.dat"] = first.tobytes(), rest.tobytes()
        layout = [re.sub(r"^\S+", "~", line) for line in lines]
        files[f"{name}_l.hea"] = "\n".join([f"{name}_l {len(facts)} {fs:g} 0", *layout, ""]).encode()
        for part, at, block in (("1", range(len(facts)), first), ("2", keep, rest)):
            body = []
            for column, i in enumerate(at):
                fields = lines[i].split(" ", 8)
                fields[0], fields[5], fields[6] = (
                    f"{name}_{part}.dat",
                    str(block[0, column]),
                    str(int(block[:, column].sum()) % 65536),
                )
                body.append(" ".join(fields))
            files[f"{name}_{part}.hea"] = "\n".join(
                [f"{name}_{part} {len(body)} {fs:g} {len(block)}", *body, ""]
            ).encode()
        for role, values in truth.items():
            if role != "fhr":
                values[half:] = np.nan
    return "2024-03-15", files, truth, slow


def _stored_truth(choices: Choices, facts: list[Any], truth: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Signals in bpm and mmHg, of what the numbers that are stored say."""
    from composed_columns import _ACTIVITY_UNITS, _RATE_UNITS

    unit = choices.axes["unit of rates"]
    back = _RATE_UNITS[unit][1] if unit != "mV" else (lambda x: x / 100)
    scale = _ACTIVITY_UNITS[choices.axes.get("unit of uc", "")][0]
    told: dict[str, list[np.ndarray]] = {}
    for column, _, _, values in facts:
        told.setdefault(column.role, []).append(values * scale if column.role == "uc" else back(values))
    if choices.axes["layout"] == "two transducers":
        first = next(c for c, *_ in facts if c.role == "fhr")
        scalp, other = told["fhr"] if first.name.startswith("DECG") else told["fhr"][::-1]
        told["fhr"] = [np.where(np.isnan(scalp), other, scalp)]
    return {role: values[0] for role, values in told.items() if role in truth}


def _comments(choices: Choices) -> tuple[float | None, list[str]]:
    """Comment lines of a header, and the pH that they say."""
    way = choices.take(
        "comments",
        {"none": 4, "CTU-UHB": 2, "colon": 1, "equals": 1, "upper case": 0.7, "decimal comma": 0.5, "Latin-1": 0.7},
    )
    lines = {
        "none": [],
        "CTU-UHB": ["#----- Additional parameters for record 1001", "", "#-- Outcome measures", "#pH           7.14"],
        "colon": ["#pH: 7.14", "#Gest. weeks: 40+3", "#Sex: F"], "equals": ["#pH=7.14", "#Weight(g)=3,250"],
        "upper case": ["#PH 7.14"],
        "decimal comma": ["#pH 7,14"], "Latin-1": ["#pH 7.14", "#Klinik: Universit\u00e4t"],
    }[way]  # fmt: skip
    return (None if way == "none" else 7.14), lines


def _record(
    name: str, digital: list[np.ndarray], facts: list[Any], fs: float, form: str, start: datetime | None
) -> dict[str, bytes]:
    """Files of one segment, written by the wfdb package; formats that it does not write come of its format 16."""
    import wfdb as library

    written = "16" if form in ("61", "160") else form
    with tempfile.TemporaryDirectory() as folder:
        library.wrsamp(
            name, fs=int(fs), units=[_unit(c) for c, *_ in facts], sig_name=[f"s{i}" for i in range(len(facts))],
            d_signal=np.stack(digital, axis=1), fmt=[written] * len(facts), adc_gain=[float(g) for _, g, _, _ in facts],
            baseline=[o for _, _, o, _ in facts], write_dir=folder,
            **({"base_date": start.date(), "base_time": start.time()} if start else {}),
        )  # fmt: skip
        files = {p.name: p.read_bytes() for p in Path(folder).iterdir()}
    if form in ("61", "160"):
        raw = np.frombuffer(files[f"{name}.dat"], "<i2")
        files[f"{name}.dat"] = (
            raw.astype(">i2").tobytes() if form == "61" else (raw.astype(np.int32) + 32768).astype("<u2").tobytes()
        )
        header = files[f"{name}.hea"].decode()
        files[f"{name}.hea"] = header.replace(".dat 16 ", f".dat {form} ").encode()
    # The package takes no name twice, and says mV for no unit at all.
    lines = [re.sub(r"/@ ", " ", line) for line in files[f"{name}.hea"].decode().splitlines()]
    lines[1:] = [line.rpartition(" ")[0] + f" {c.name}" for line, (c, *_) in zip(lines[1:], facts, strict=True)]
    files[f"{name}.hea"] = ("\n".join(lines) + "\n").encode()
    return files


def _unit(column: Column) -> str:
    return re.sub(r"\s", "", column.unit) or "@"


def _header(text: str, change: str) -> str:
    lines = text.splitlines()
    head = lines[0].split()
    match change:
        case "frequency with a counter":
            head[2] = f"{head[2]}/{head[2]}(0)"
        case "no length":
            head = head[:3]
        case "blank lines":
            return "\n\n".join(lines) + "\n"
        case "comments above":
            return "\n".join(["# exported by a monitor", *lines]) + "\n"
        case "tabs":
            return "\n".join([lines[0], *[re.sub(" ", "\t", line, count=7) for line in lines[1:]]]) + "\n"
    return "\n".join([" ".join(head), *lines[1:]]) + "\n"


def edf(choices: Choices) -> Composition:
    """An EDF or EDF+ file: labels, dimensions, rates, other signals, annotations."""
    import edfio

    fs = float(choices.take("rate", {"4": 5, "2": 1, "1": 1}))
    columns, truth, options = _channels(choices, fs, 1.5, named=False)  # a label has 16 letters
    columns = [
        c._replace(name=c.name if len(c.name) <= 16 else "MHR", unit=c.unit if len(c.unit) <= 8 else "bpm")
        for c in columns
    ]
    n = len(columns[0].values)
    missing = gaps(choices, n)
    kept, facts = [], []
    slow = "uc" in truth and fs == 4 and choices.take("rates", {"one": 4, "uc at 1 Hz": 1}) == "uc at 1 Hz"
    for column in columns:
        most = float(np.nanmax(column.values))
        top = 10.0 ** np.ceil(np.log10(most * 1.01))
        low = choices.any_of((0.0, -top))
        here = missing | np.isnan(column.values)
        data = np.where(here, 0.0, np.nan_to_num(column.values))
        step = 4 if slow and column.role == "uc" else 1
        digital = (0, 32000) if low == 0 else (-32000, 32000)
        signal = edfio.EdfSignal(
            data[::step],
            fs / step,
            label=column.name,
            physical_dimension=column.unit,
            physical_range=(low, top),
            digital_range=digital,
        )
        kept.append(signal)
        stored = np.repeat(np.asarray(signal.data, float), step)
        lost = stored == 0
        facts.append((column, 1, 0, np.where(lost, np.nan, stored)))
    truth = _stored_truth(choices, facts, truth)
    if choices.take("other signals", {"none": 4, "an ECG": 1, "a battery": 0.5}) == "an ECG":
        ecg = edfio.EdfSignal(choices.rng.normal(size=int(n / fs * 100)), 100, label="ECG", physical_dimension="mV")
        kept.insert(choices.any_of((0, len(kept))), ecg)
    notes = ()
    plus = choices.take("annotations", {"none": 4, "some": 2})
    if plus == "some":
        notes = tuple(edfio.EdfAnnotation(float(t), d, x) for t, d, x in ((3, None, "move"), (20.5, 4, "contraction")))
    duration = choices.take("record", {"as the library chooses": 3, "1 s": 1, "10 s": 1, "whole": 0.7})
    if plus == "none" and not slow and len(kept) == len(facts) and choices.take("plus", {"C": 8, "D": 1}) == "D":
        return _discontinuous(choices, kept, facts, truth, fs, options, columns)
    dated = choices.take("start", {"date and time": 3, "none": 1})
    extra: dict[str, Any] = (
        {"recording": edfio.Recording(startdate=date(2024, 3, 15)), "starttime": time(10, 0)} if dated != "none" else {}
    )
    lasts = {"1 s": 1.0, "10 s": 10.0, "whole": n / fs}.get(duration)
    file = edfio.Edf(kept, annotations=notes, data_record_duration=lasts, **extra)
    out = io.BytesIO()
    file.write(out)
    whole = Truth(
        truth["fhr"],
        truth.get("uc"),
        truth.get("mhr"),
        fs,
        "2024-03-15" if extra else "",
        slow=("uc", 4) if slow else ("", 1),
    )
    return _composition(choices, {"a.edf": out.getvalue()}, "a.edf", options, whole, columns)


def _discontinuous(
    choices: Choices,
    kept: list[Any],
    facts: list[Any],
    truth: dict[str, np.ndarray],
    fs: float,
    options: dict[str, Any],
    columns: list[Column],
) -> Composition:
    """An EDF+D file: records of a second, and a pause between two of them."""
    n, pause, per = len(facts[0][3]), 17, int(fs)
    records = n // per
    half = records // 2
    onsets = [i + (pause if i >= half else 0) for i in range(records)]
    fields = [
        (s.label, "", s.physical_dimension, s.physical_min, s.physical_max, s.digital_min, s.digital_max, "", per)
        for s in kept
    ]
    fields.append(("EDF Annotations", "", "", -1, 1, -32768, 32767, "", 8))
    widths = (16, 80, 8, 8, 8, 8, 8, 80, 8)
    head = b"0".ljust(8) + b"X X X X".ljust(80) + b"Startdate 15-MAR-2024 X X X".ljust(80) + b"15.03.2410.00.00"
    head += (
        str(256 * (1 + len(fields))).encode().ljust(8)
        + b"EDF+D".ljust(44)
        + str(records).encode().ljust(8)
        + b"1".ljust(8)
    )
    head += str(len(fields)).encode().ljust(4)
    for i, width in enumerate(widths):
        head += b"".join((f"{f[i]:g}" if isinstance(f[i], float) else str(f[i])).encode().ljust(width) for f in fields)
    head += b"".ljust(32 * len(fields))
    body = b""
    for i, onset in enumerate(onsets):
        body += b"".join(np.asarray(s.digital[i * per : (i + 1) * per], "<i2").tobytes() for s in kept)
        body += f"+{onset}\x14\x14\0".encode().ljust(16, b"\0")
    at = half * per
    truth = {role: np.insert(v, at, np.full(pause * per, np.nan)) for role, v in truth.items()}
    whole = Truth(truth["fhr"], truth.get("uc"), truth.get("mhr"), fs, "2024-03-15")
    return _composition(choices, {"a.edf": head + body}, "a.edf", options, whole, columns)


def fhrma(choices: Choices, suffix: str) -> Composition:
    """An FHRMA or OpenCTG file: sensors, header, date; there are few ways to write one."""
    n = 4 * 90
    rng = choices.rng
    rate = np.round(4 * (140 + np.cumsum(rng.normal(0, 0.4, n)))).astype(int)
    toco = rng.integers(1, 200, n)
    mhr = np.round(4 * (85 + rng.normal(0, 1, n))).astype(int)
    missing = gaps(choices, n)
    one, two = rate.copy(), rate + rng.integers(-4, 5, n)
    sensors = choices.take(
        "layout",
        {
            "first": 3,
            "second": 3,
            "one after the other": 3,
            "both": 3,
            "twins": 1,
            "mother only": 0.5 if suffix.endswith("m") else 0,
        },
    )
    if sensors == "twins":
        two = rate + 80
        choices.doubt("two hearts", {"channel": 1})
    elif sensors == "first":
        two[:] = 0
    elif sensors == "second":
        one[:] = 0
    elif sensors == "one after the other":
        one[n // 2 + 40 :], two[: n // 2] = 0, 0
    elif sensors == "mother only":
        one[:], two[:] = 0, 0
    elif choices.chance(0.5):
        two[rng.random(n) < 0.3] = 0
    for values in (one, two, toco):
        values[missing] = 0
    mhr[np.roll(missing, 5)] = 0
    sizes = {"m": {"8": 1}, "a": {"12": 1, "10": 1}}.get(suffix[-1], {"6": 4, "8": 2})
    size = choices.take("bytes a sample", sizes)
    mother = size in ("8", "12")
    fields = [one, two, *([mhr] if mother else [])]
    analysed = [("clean", "<u2"), ("baseline", "<u2")] if size in ("10", "12") else []
    dtype = np.dtype([*[(f"r{i}", "<u2") for i in range(len(fields))], ("t", "u1"), ("q", "u1"), *analysed])
    data = np.zeros(n, dtype)
    for i, values in enumerate(fields):
        data[f"r{i}"] = values
    data["t"] = toco
    quality = choices.take("quality", {"0": 5, "random": 1})
    if quality == "random":
        data["q"] = rng.integers(0, 256, n)
    stamp = int(choices.take("date", {"0": 2, "1710496800": 3}))
    header = choices.take("header", {"date": 4, "long date": 2, "recorder": 1, "recorder, finished": 0.7})
    words = {
        "date": [stamp],
        "long date": [stamp, 0],
        "recorder": [1_234_555, stamp],
        "recorder, finished": [1_234_555, stamp, 1_234_568],
    }
    if analysed:
        data["clean"], data["baseline"] = np.where(two == 0, one, two), 4 * 140
    raw = b"".join(word.to_bytes(4, "little") for word in words[header]) + data.tobytes()
    cut = choices.take("damage", {"none": 8, "truncated": 1})
    if cut == "truncated":
        raw = raw[: -int(rng.choice([k for k in (1, 2, 3, 5, 6, 7) if k < int(size)]))]
        choices.doubt("a truncated file", None)
    first = np.where(two == 0, one, two) if sensors != "twins" else one
    told = np.where(first == 0, np.nan, first / 4)
    mhr_ = np.where(mhr == 0, np.nan, mhr / 4) if mother else None
    truth = Truth(told, np.where(toco == 0, np.nan, toco / 2), mhr_, 4.0,
                  "2024-03-15" if stamp else "")  # fmt: skip
    return Composition(
        choices.axes, {f"a.{suffix}": raw}, f"a.{suffix}", {}, truth, tuple(choices.doubts), choices.remedy
    )
