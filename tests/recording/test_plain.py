"""What comes out of a file in plain types is a number, a list or a table, or is refused by name."""

from math import inf, nan

import pytest

from fhr.errors import FHRError
from fhr.recording import plain_names, plain_number, plain_numbers, plain_table


@pytest.mark.parametrize("value", ["1", None, nan, inf, -inf, [], {}, 10**400, b"1", 1j])
def test_what_is_no_number(value):
    with pytest.raises(FHRError, match=r"scale is .*; it must be a finite number"):
        plain_number(value, "scale")
    with pytest.raises(FHRError, match="scale is"):
        plain_numbers([1.0, value], "scale")


def test_limits():
    assert plain_number(2, "n", low=2, high=2) == 2.0
    assert isinstance(plain_number(2, "n"), float)
    assert plain_number(inf, "limit", low=0, infinite=True) == inf
    for value, limits in ((1, {"low": 2}), (3, {"high": 2}), (2.5, {"whole": True})):
        with pytest.raises(FHRError, match="n is "):
            plain_number(value, "n", **limits)
    with pytest.raises(FHRError, match=r"n is 3; it must be a whole number from 0 to 2"):
        plain_number(3, "n", low=0, high=2, whole=True)
    with pytest.raises(FHRError, match="limit is nan"):
        plain_number(nan, "limit", infinite=True)


@pytest.mark.parametrize("values", ["12", 1, None, {"a": 1}])
def test_what_is_no_list(values):
    with pytest.raises(FHRError, match=r"mean is .*; it must be a list of 2 numbers"):
        plain_numbers(values, "mean", n=2)
    with pytest.raises(FHRError, match=r"channels is .*; it must be a list of printable text"):
        plain_names(values, "channels")


def test_lists():
    assert plain_numbers([1, 2.5], "mean", n=2) == (1.0, 2.5)
    assert plain_names(["fhr", "uc"], "channels") == ("fhr", "uc")
    with pytest.raises(FHRError, match="a list of 1; it must be a list of 2"):
        plain_numbers([1], "mean", n=2)
    for text in ("\ud800", "\x1b[2J", 1):
        with pytest.raises(FHRError, match="channels") as error:
            plain_names([text], "channels")
        str(error.value).encode()


def test_tables():
    table = {"a": 1, "b": 2}
    assert plain_table(table, "scaling", "a", "b") == plain_table(table, "scaling") == table
    with pytest.raises(FHRError, match=r"scaling has the keys \['a', 'b'\], not \['a'\]"):
        plain_table(table, "scaling", "a")
    for value in (None, [], 1, {1: 2}):
        with pytest.raises(FHRError, match=r"scaling is .*; it must be a table"):
            plain_table(value, "scaling")
