"""Archives of arrays composed as programs leave them: NumPy, MATLAB of both kinds, HDF5."""

import io
import re
import struct
from typing import Any

import numpy as np
from composed_columns import Column, compose, said
from compositions import Choices, Composition

_RATES = ("fs", "Fs", "FS", "sampling_rate", "sampling_frequency", "sample_rate")


def _arrays(
    choices: Choices, *, row: bool, datetimes: bool, own_rate: bool = True
) -> tuple[list[Column], dict[str, Any], Any, float | None]:
    """Columns whose names are identifiers and differ, the options, the truth, and the rate that the file holds."""
    composed = compose(choices, text=False, row=row, datetimes=datetimes, identifiers=True)
    columns: list[Column] = []
    for column in composed.columns:
        name = re.sub(r"\W+", "_", column.name).strip("_")
        taken = [c.name for c in columns]
        columns.append(column._replace(name=name.lower() if name in taken and name.lower() not in taken else name))
    options, rate = dict(composed.options), None
    if (
        own_rate
        and "fs" in options
        and choices.take("fs stands", {"in the file": 3, "as an option": 1}) == "in the file"
    ):
        rate = options.pop("fs")
    return columns, options, composed.truth, rate


def _typed(choices: Choices, column: Column, *, signed: bool = True) -> np.ndarray:
    """Values of one of the types that hold them exactly."""
    values = column.values
    if values.dtype.kind != "f":
        return values
    kinds = ["float64", "float64", ">f8"]
    if column.role != "time":
        whole = not np.isnan(values).any() and np.array_equal(values, np.round(values))
        kinds += ["int16", "int32", "uint16" if signed and values.min() >= 0 else "int16", "int16"] if whole else []
        quarters = np.nan_to_num(values)
        kinds += ["float32"] if np.array_equal(quarters.astype(np.float32), quarters) else []
    kind = str(choices.any_of(kinds))
    choices.axes[f"type of {column.role}"] = kind
    return values.astype(kind)


def npz(choices: Choices) -> Composition:
    """A `.npz` of other make: types, shapes, a rate of its own, other arrays beside."""
    columns, options, truth, rate = _arrays(choices, row=False, datetimes=True)
    shape = choices.take("shape", {"(n,)": 6, "(n, 1)": 1, "(1, n)": 1, "a matrix": 0.3})
    arrays: dict[str, Any] = {}
    for column in columns:
        values = _typed(choices, column)
        arrays[column.name] = values.reshape({"(n, 1)": (-1, 1), "(1, n)": (1, -1)}.get(shape, (-1,)))
    if shape == "a matrix":
        arrays = {"ctg": np.stack([np.nan_to_num(c.values.astype(float)) for c in columns])}
        choices.doubt("a matrix of rows without names", None)
    if rate is not None:
        stored = choices.any_of(
            (np.float64(rate), np.array([rate]), np.int64(rate), np.array([[rate]]), np.float32(rate))
        )
        arrays[choices.any_of(_RATES)] = stored
    if choices.chance(0.3):
        arrays |= {"patient": np.array("4711"), "artifact_map": np.zeros((3, 4))}
    out = io.BytesIO()
    (np.savez if choices.chance(0.5) else np.savez_compressed)(out, **arrays)
    return _composition(choices, {"a.npz": out.getvalue()}, options, truth, columns)


def mat(choices: Choices) -> Composition:
    """A MATLAB file of version 4 to 7: shapes, classes, structs and structs in structs."""
    from scipy.io import savemat

    columns, options, truth, rate = _arrays(choices, row=False, datetimes=False)
    version = choices.take("version", {"5": 2, "7": 2, "4": 0.7})
    shape = choices.take("shape", {"n x 1": 3, "1 x n": 3})
    place = choices.take(
        "place",
        {
            "variables": 4,
            **({} if version == "4" else {"a struct": 2, "a struct in a struct": 1, "signals in a struct": 1}),
        },
    )
    values: dict[str, Any] = {}
    for column in columns:
        typed = _typed(choices, column)
        values[column.name] = typed.reshape((-1, 1) if shape == "n x 1" else (1, -1)).astype(
            typed.dtype.newbyteorder("=")
        )
    if version == "4":
        values = {name: v.astype(float) for name, v in values.items()}
    rates = {choices.any_of(_RATES): float(rate)} if rate is not None else {}
    within = {"a struct": "ctg.", "a struct in a struct": "data.ctg.", "signals in a struct": "sig."}.get(place, "")
    content: dict[str, Any] = {
        "variables": {**values, **rates}, "a struct": {"ctg": {**values, **rates}},
        "a struct in a struct": {"data": {"ctg": {**values, **rates}, "n": 1.0}},
        "signals in a struct": {"sig": values, **rates},
    }[place]  # fmt: skip
    if choices.chance(0.3) and version != "4":
        content |= {"patient": "4711", "notes": np.array(["a", "bc"], object), "pH": 7.2}
    out = io.BytesIO()
    savemat(
        out,
        content,
        format="4" if version == "4" else "5",
        do_compression=version == "7",
        long_field_names=version != "4",
    )
    return _composition(
        choices, {"a.mat": out.getvalue()}, options, truth, [c._replace(name=within + c.name) for c in columns]
    )


def mat73(choices: Choices) -> Composition:
    """A MATLAB file of version 7.3, as MATLAB lays it out in HDF5."""
    import h5py

    columns, options, truth, rate = _arrays(choices, row=False, datetimes=False)
    shape = choices.take("shape", {"n x 1": 3, "1 x n": 3})
    place = choices.take("place", {"variables": 4, "a struct": 2, "a struct in a struct": 1})
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512) as file:
        group, within = file, ""
        for name in {"a struct": ("ctg",), "a struct in a struct": ("data", "ctg")}.get(place, ()):
            group, within = group.create_group(name), f"{within}{name}."
            group.attrs["MATLAB_class"] = np.bytes_("struct")
        for column in columns:
            typed = _typed(choices, column)
            typed = typed.astype(typed.dtype.newbyteorder("="))
            # MATLAB's order of dimensions is the other way round.
            set_ = group.create_dataset(column.name, data=typed.reshape((1, -1) if shape == "n x 1" else (-1, 1)))
            set_.attrs["MATLAB_class"] = np.bytes_(
                {"float64": "double", "float32": "single"}.get(typed.dtype.name, typed.dtype.name)
            )
        if rate is not None:
            group.create_dataset(choices.any_of(_RATES), data=np.array([[float(rate)]])).attrs["MATLAB_class"] = (
                np.bytes_("double")
            )
        if choices.chance(0.4):
            text = file.create_dataset("patient", data=np.array([[ord(c)] for c in "4711"], np.uint16))
            text.attrs["MATLAB_class"], text.attrs["MATLAB_int_decode"] = np.bytes_("char"), 2
            refs = file.create_group("#refs#")
            refs.create_dataset("b", data=np.zeros((2, 1), np.uint64))
            cell = file.create_dataset("notes", data=np.array([[refs["b"].ref]], h5py.ref_dtype))
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
    data = bytearray(out.getvalue())
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Fri Mar 15 10:00:00 2024 HDF5 schema 1.00 ."
    data[:128] = head.ljust(116) + bytes(8) + struct.pack("<H", 0x0200) + b"IM"
    return _composition(
        choices, {"a.mat": bytes(data)}, options, truth, [c._replace(name=within + c.name) for c in columns]
    )


def h5(choices: Choices) -> Composition:
    """An HDF5 file of a program: groups, units and rate as attributes, packed."""
    import h5py

    columns, options, truth, rate = _arrays(choices, row=True, datetimes=False)
    place = choices.take("place", {"root": 4, "a group": 2, "a group in a group": 1})
    out = io.BytesIO()
    attribute = choices.any_of(("units", "unit"))
    with h5py.File(out, "w") as file:
        path = {"a group": "ctg", "a group in a group": "data/ctg"}.get(place, "")
        group = file.create_group(path) if path else file
        for column in columns:
            packing: Any = {"compression": "gzip", "chunks": True} if choices.chance(0.3) else {}
            set_ = group.create_dataset(column.name, data=_typed(choices, column), **packing)
            if column.unit:
                set_.attrs[attribute] = column.unit
            if (
                rate is not None
                and choices.axes.setdefault("rate stands", choices.any_of(("set", "group", "file", "number"))) == "set"
            ):
                set_.attrs[choices.any_of(_RATES)] = rate
        stands = choices.axes.get("rate stands")
        if stands in ("group", "file"):
            (group if stands == "group" else file).attrs[choices.any_of(_RATES)] = rate
        elif stands == "number":
            group[choices.any_of(_RATES)] = rate
    target = f"a.{choices.any_of(('h5', 'hdf5'))}"
    within = path.replace("/", ".") + "." if path else ""
    return _composition(
        choices, {target: out.getvalue()}, options, truth, [c._replace(name=within + c.name) for c in columns]
    )


def _composition(
    choices: Choices, files: dict[str, bytes], options: dict[str, Any], truth: Any, columns: list[Column]
) -> Composition:
    return Composition(
        choices.axes,
        files,
        next(iter(files)),
        said(options, columns) or {},
        truth,
        tuple(choices.doubts),
        said(choices.remedy, columns),
    )
