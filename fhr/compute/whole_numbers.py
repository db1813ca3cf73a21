"""Check of seeds, counts and places in a batch."""

from operator import index

from fhr.errors import FHRError

__all__ = ["whole_number"]


def whole_number(value: object, name: str, least: int) -> int:
    """Check a whole number, NumPy's and torch's among them.

    Raises:
        FHRError: none, or one below `least`.
    """
    try:
        number = None if isinstance(value, bool) else index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least:
        raise FHRError(f"{name}={value!r}; give a whole number of at least {least}")
    return number
