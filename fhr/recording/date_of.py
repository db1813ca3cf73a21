"""Date of a recording, as readers keep it in the history: a date of ISO 8601, or Unix time."""

from datetime import UTC, datetime

__all__ = ["date_of"]


def date_of(said: object) -> str:
    """Day as `YYYY-MM-DD`; empty for what is no time, for 0, which stands for unknown, and for what no monitor wrote.

    >>> date_of("2012-03-04T23:59:00+02:00"), date_of(1330869600), date_of(0), date_of("tomorrow")
    ('2012-03-04', '2012-03-04', '', '')
    """
    try:
        if isinstance(said, str):
            at = datetime.fromisoformat(said)
        elif isinstance(said, int) and said > 0:
            at = datetime.fromtimestamp(said, UTC)
        else:
            return ""
    except (ValueError, OverflowError, OSError):
        return ""
    return at.date().isoformat()
