"""No two purposes draw the same random numbers, and no place of the package draws any in another way."""

import ast
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import fhr
from fhr.compute import Purpose, seed_of, stream
from fhr.errors import FHRError

PURPOSES = get_args(Purpose)
PACKAGE = Path(fhr.__file__).parent
# Keys that none of `stream` has: numbers that were published with them stay what they are.
LEFT = {
    "metrics/resampling.py": "records of the intervals: default_rng(seed)",
    "evaluation/window_audit.py": "the same records in an audit",
    "plots/resampled_records.py": "the same records in the bands of figures",
    "metrics/pooled_samples.py": "recordings of the intervals: default_rng(seed)",
    "metrics/calibration_error.py": "labels of the reference of ECE",
    "metrics/calibration_power.py": "labels of its power: default_rng([seed, 1])",
    "simulation/simulated_labours.py": "spawned: keys of six numbers",
    "datasets/splits.py": "inner folds of format 1",
    "processes/fractional_gaussian_noise.py": "a generator or seed of the caller's",
    "processes/log_normal_cascade.py": "a generator or seed of the caller's",
    "processes/multifractal_random_walk.py": "a generator or seed of the caller's",
    "compute/streams.py": "the streams themselves",
    "compute/generators.py": "global generators, which draw otherwise than those of NumPy",
    "tasks/members.py": "torch, by `seed_of`",
    "testing/": "networks under test draw for no result",
}


def test_no_two_streams_coincide():
    numbers = [(), (0,), (0, 0), (0, 0, 0), (1,), (0, 1), (1, 0), (12,), (1, 2), (2**40,)]
    keys = [("stream", seed, *rest) for seed, rest in product((0, 1, 2, 10), product(PURPOSES, numbers))]
    draws = [stream(seed, purpose, *rest).integers(2**63) for _, seed, purpose, rest in keys]
    plain = [*range(20), *([seed, 1] for seed in range(20))]
    draws += [np.random.default_rng(key).integers(2**63) for key in plain]
    for seed, index in product(range(3), range(10)):
        spawned = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(7)
        draws += [np.random.default_rng(one).integers(2**63) for one in spawned]
    assert len(set(draws)) == len(draws) > 700


def test_a_stream_is_the_same_again_and_whatever_type_a_number_has():
    one = stream(np.int64(3), "order of records", np.int32(2)).random(5)
    np.testing.assert_array_equal(one, stream(3, "order of records", 2).random(5))
    assert seed_of(3, "members", 1) == seed_of(3, "members", 1) < 2**32
    seeds = {seed_of(seed, "members", *place) for seed in range(4) for place in np.ndindex(3, 5, 4, 5)}
    assert len(seeds) == 4 * 3 * 5 * 4 * 5


def test_a_purpose_is_named_in_the_package():
    with pytest.raises(FHRError, match=r"random numbers for 'luck'; add the purpose to fhr\.compute\.streams"):
        stream(0, "luck")


@cache
def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def test_each_purpose_is_drawn_for_in_one_place():
    used = Counter()
    for path in PACKAGE.rglob("*.py"):
        for call in calls(path):
            if called(call) in ("stream", "seed_of"):
                purpose = call.args[1]
                assert isinstance(purpose, ast.Constant), f"{path}: a purpose that is not written out"
                used[purpose.value] += 1
    assert used == dict.fromkeys(PURPOSES, 1)


def test_nothing_draws_in_another_way():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        where = path.relative_to(PACKAGE).as_posix()
        for call in calls(path):
            if called(call) in ("default_rng", "SeedSequence", "RandomState", "manual_seed"):
                found.add(where)
    unknown = {where for where in found if where not in LEFT and not where.startswith("testing/")}
    assert unknown == set()
    assert {where for where in LEFT if where not in found} == {"testing/"}
