"""Header of a text table: where it is among the first lines, its names, and the units beneath them."""

import re
from collections.abc import Callable, Sequence
from itertools import takewhile

from ..times.clock_times import DATE, is_time_text
from .cells import MAX_LINE, SEPARATORS, cells_or_none, is_row, is_value

__all__ = ["MOST_LINES", "Channels", "Units", "beneath", "found_header", "joined", "with_row_above", "with_unnamed"]

MOST_LINES = 20  # that tell the layout
_MAX_HEADER = 6  # rows of one header
_IN_NAMES = dict.fromkeys((*SEPARATORS, " "), "") | {"\t": ","}  # beside a tab, that of the only column

Channels = Callable[[Sequence[str]], int]
Units = Callable[[Sequence[str]], bool]


def found_header(
    head: list[str],
    separator: str | None,
    usual: str,
    decimal: str | None,
    channels: Channels,
    is_unit: Units | None,
) -> tuple[str, int, int] | None:
    """Separator, rows above, and rows to the end of the names of a header that names what is looked for.

    Where positions are given and no row of as many names stands above the values, there is no header; rows right above
    the first whole one that hold values belong to the table then, with words for missing samples.
    """
    others = (one for one in (*SEPARATORS, " ") if one not in (usual, decimal))
    for one in [separator] if separator else [usual, *others]:
        at, above = None, 0  # the last row of such names, and rows of values that no header may pass over
        blank, near = 0, False  # rows of blank cells at the beginning, and whether a row may be one of values
        right_above: list[list[str]] = []  # rows that hold values, or words that are repeated
        left = MAX_LINE
        for i, line in enumerate(head):
            left -= len(line)
            if left < 0:
                break
            cells = cells_or_none(line, one)
            if len(cells) == 1 and any(other in line for other in SEPARATORS if other not in (one, *_IN_NAMES[one])):
                continue  # a whole line, and these separate its cells
            filled = [cell for cell in cells if cell.strip()]
            values = sum(is_value(cell) for cell in filled)
            if not _may_be_names(cells):
                if 2 * values > len(filled) and at is not None:
                    return one, at, at + 1
                alone = not above and not near and channels(["x" if is_value(cell) else "" for cell in cells]) > 0
                if 2 * values > len(filled) and alone and _is_even(head[i : i + MOST_LINES], one):
                    first = 0 if blank == i else i - _rows_of_samples(right_above, len(cells))
                    return one, first, first
                right_above = [*right_above, cells] if 2 * values >= len(filled) > 0 else []
                blank += not filled and blank == i
                inside = [cell if is_value(cell) else "" for cell in cells]
                above += values == len(filled) > 1
                near = near or is_time_text(cells[0]) or channels(inside) > 0
                if above > _MAX_HEADER:
                    break
            elif (names := joined(cells, line, head[i + 1 : i + MOST_LINES], one)) and (
                is_unit is None or not is_unit(names)
            ):
                if one == "," and is_unit is not None and any(is_unit([name]) for name in names[1:]):
                    continue  # the comma of `FHR, bpm` stands in a name, and in the numbers beneath
                again = i > 0 and cells == cells_or_none(head[i - 1], one) and channels(["x"] * len(cells)) > 0
                right_above = [*(right_above or [cells]), cells] if again else []
                if again:
                    at = None  # where any words may be the names, those that are repeated are of missing samples
                elif channels(names) or channels(with_row_above(names, head, i, one)):
                    at = i if not above else None
                elif at is not None and i - at > _MAX_HEADER:
                    at = None
    return None


def _rows_of_samples(above: Sequence[list[str]], width: int) -> int:
    """Number of rows right above one of samples that are samples themselves: most are values, or one word is repeated.

    Lines such as `Bed;3` and `Age;30` are none.
    """
    rows = list(takewhile(lambda cells: len(cells) == width, reversed(above)))
    words = [[cell for cell in cells if cell.strip() and not is_value(cell)] for cells in rows]
    mostly = any(
        2 * len(found) < sum(bool(cell.strip()) for cell in cells) for found, cells in zip(words, rows, strict=True)
    )
    repeated = len(rows) > 1 and len({word for found in words for word in found}) <= 1
    return len(rows) if mostly or repeated else 0


def with_row_above(names: list[str], head: list[str], at: int, separator: str) -> list[str]:
    """Names of two rows: "Fetal" above "heart rate"; those of the lower row where the upper one has others cells."""
    above = cells_or_none(head[at - 1], separator) if at else []
    if len(above) != len(names) or len(names) < 2 or not _may_be_names(above):
        return names
    return [f"{upper} {name}".strip() for upper, name in zip(above, names, strict=True)]


def _is_even(lines: Sequence[str], separator: str) -> bool:
    """True if a separator parts lines into as many cells each."""
    return len({len(cells_or_none(line, separator)) for line in lines}) == 1


def beneath(head: list[str], rest: int, names: list[str], separator: str, is_unit: Units) -> tuple[list[str], int]:
    """Units in the rows of text beneath the names, and the number of rows to the end of the header."""
    units: list[str] = []
    for i in range(rest, min(rest + _MAX_HEADER, len(head))):
        cells = [cell.strip() for cell in cells_or_none(head[i], separator)]
        if is_row(cells) or all(is_value(cell) for cell in cells):
            break
        if not is_unit(cells):
            # Rows of words are part of the header only where rows of values follow.
            if len(cells) < len(names) or not any(
                is_row(cells_or_none(line, separator)) for line in head[i + 1 : i + 3]
            ):
                break
        else:
            units = cells
        rest = i + 1
    return units, rest


def _may_be_names(cells: Sequence[str]) -> bool:
    return not all(is_value(cell) for cell in cells) and not is_row(cells)


def joined(cells: list[str], line: str, beneath: Sequence[str], separator: str) -> list[str]:
    """Names in a row between spaces, where a name may hold spaces itself: as many as the row beneath has cells."""
    if separator != " ":
        return cells
    width = next((len(row) for row in (cells_or_none(line, separator) for line in beneath) if is_row(row)), len(cells))
    if width == len(cells):
        return cells
    apart = re.split(r"\t|\s{2,}", line.strip())
    bracketed = re.findall(r"[^\s(\[]+(?: ?[(\[][^)\]]*[)\]])?", " ".join(cells))
    return next((names for names in (bracketed, apart) if len(names) == width), cells)


def with_unnamed(names: list[str], first: list[str], lines: Sequence[str], separator: str) -> list[str]:
    """Names with that of a column that has none: of row names in quotes, as R writes them, or of dates before times."""
    if not names or len(first) != len(names) + 1:
        return names
    if all(line.lstrip().startswith('"') and line.count('"') == 2 for line in lines):
        return ["", *names]
    at = (
        next((i for i, cell in enumerate(first) if DATE.fullmatch(cell)), len(names))
        if separator == " "
        else len(names)
    )
    if at < len(names) and is_time_text(first[at + 1]) and ":" in first[at + 1]:
        return [*names[:at], "date", *names[at:]]
    return names
