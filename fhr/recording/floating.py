"""Signals of any real type as floats: integers, lists, masked and nullable arrays count as the numbers they hold."""

from typing import Any

import numpy as np

from fhr.errors import SignalError

__all__ = ["floating"]


def floating(values: Any, what: str = "a signal") -> np.ndarray:
    """Convert a signal to float64, or keep it in float32 or float64; what is masked or None becomes NaN.

    An array of such a type comes back as it is, not as a copy.

    Args:
        values: array, list or series of real numbers, of any shape and byte order.
        what: they are, for the message.

    Raises:
        SignalError: values that are no real numbers.

    Example:
        >>> floating(np.ma.masked_equal([140, 0, 141], 0)).tolist()
        [140.0, nan, 141.0]
    """
    mask = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":  # None among numbers, or pandas' own missing value
            if array.dtype.kind not in "OU":
                raise TypeError(f"values of {array.dtype}")
            flat = [np.nan if _is_missing(value) else value for value in array.reshape(-1)]
            array = np.array(flat, np.float64).reshape(array.shape)
    except (TypeError, ValueError) as error:
        raise SignalError(f"{what} is no array of real numbers ({error}); give numbers, NaN where missing") from None
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        array = array.astype(np.float64)
    return array if mask is None or not mask.any() else np.where(mask, np.nan, array).astype(array.dtype)


def _is_missing(value: object) -> bool:
    return value is None or type(value).__name__ == "NAType"
