"""`fhr runs --relocate`: where the runs of a store that was moved or copied are now."""

from fhr.compute import tell
from fhr.errors import FHRError
from fhr.tracking import ensure_store, shown_uri, store_moves

__all__ = ["relocate"]


def relocate(how: str) -> None:
    """Note down where the store is now, or say what that would change.

    Args:
        how: `now`, or `dry` to change nothing.

    Raises:
        FHRError: the store is no sqlite database, or cannot be written.
    """
    if not shown_uri().startswith("sqlite:///"):
        raise FHRError(f"--relocate: {shown_uri()} keeps the places of its files itself; it is for a sqlite store")
    moves = store_moves()
    if not moves:
        tell("nothing was moved: the store names the folder that it lies in")
    elif how == "now":
        ensure_store()  # which says it
    else:
        for move in moves:
            tell("%s", move)
