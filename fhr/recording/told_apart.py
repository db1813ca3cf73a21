"""Names under which recordings are told apart in what is said of them."""

from collections import Counter
from collections.abc import Sequence

__all__ = ["told_apart"]


def told_apart(names: Sequence[str], paths: Sequence[str | None]) -> list[str]:
    """The name of each recording, or where several are called alike its path; numbered where that is shared, too.

    Args:
        names: of recordings.
        paths: of their files; None where there is none.

    >>> told_apart(["a", "a", "b", "c", "c"], ["p/a.csv", "q/a.csv", "p/b.csv", None, None])
    ['p/a.csv', 'q/a.csv', 'b', 'c', 'c (2)']
    """
    alike = Counter(names)
    found = [path or name if alike[name] > 1 else name for name, path in zip(names, paths, strict=True)]
    met = Counter[str]()
    for i, name in enumerate(found):
        met[name] += 1
        if met[name] > 1:
            found[i] = f"{name} ({met[name]})"
    return found
