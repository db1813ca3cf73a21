"""JSON of strangers: text of bounded length and of a bounded number of values."""

import json
from typing import Any

__all__ = ["bounded_json"]

_MOST_BYTES, _MOST_VALUES = 2**24, 10**6  # what is learnt from 100,000 recordings takes 7 MB


def bounded_json(text: bytes, kind: str) -> Any:
    """Parse a `kind`, "card" say, that a small text cannot make large in memory.

    Raises:
        ValueError: too long, too many values, nested too deep, or no JSON.
    """
    if len(text) > _MOST_BYTES:
        raise ValueError(f"a {kind} of {len(text)} bytes")
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:  # each makes an object many times its size
        raise ValueError(f"a {kind} of too many values")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"a {kind} that is nested too deep") from None
