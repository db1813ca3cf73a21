"""The section of a WFDB header that says what made a recording; a measured recording has none.

It stands first among the sections, so that lines that other programs append fall into none of it. Texts are in JSON:
a header holds ASCII.
"""

import json
import re
from collections.abc import Iterable

from fhr.errors import FHRError, FormatError
from fhr.recording import Provenance, shortened

from ..files.regular_file import reason, shown

__all__ = ["parse_provenance", "provenance_lines"]

_TITLE = "-- Provenance"
_FIELD = re.compile(r"(Kind|Made by|Fitted to)\s+(.+)")


def provenance_lines(provenance: Provenance) -> list[str]:
    """The section's lines and a blank one; none for a measured recording.

    A record that the maker was fitted to has a line of its own: programs of the WFDB library in C cut lines at 255
    characters.
    """
    if provenance.is_measured:
        return []
    fields = [("Kind", provenance.kind), ("Made by", json.dumps(provenance.made_by))]
    fields += [("Fitted to", json.dumps(record)) for record in shortened(provenance.fitted_to)]
    return [f"#{_TITLE}", *(f"#{label:<13}{text}" for label, text in fields), ""]


def parse_provenance(lines: Iterable[str], *, where: str) -> Provenance:
    """The provenance that the comment lines of a header state; measured where they have no such section.

    The section ends with the next title. Every line of it counts: one that is damaged would make another recording.

    Args:
        lines: header lines, those that start with `#` count.
        where: the header's path, for messages.

    Raises:
        FormatError: a line of the section that is no field, stands twice or holds no text, or fields that contradict
            each other.
    """
    lines = list(lines)
    if _TITLE not in "\n".join(lines):
        return Provenance()
    found: dict[str, list[str]] = {}
    inside, said = False, _TITLE
    try:
        for line in lines:
            content = line[1:].strip() if line.startswith("#") else ""
            if content == _TITLE:
                if found:
                    raise ValueError("it stands twice")
                inside, found["Kind"] = True, []
            elif content.startswith("--"):
                inside = False
            elif inside and content:
                said = content
                match = _FIELD.fullmatch(content)
                if match is None:
                    raise ValueError("its fields are Kind, Made by and Fitted to")
                label, text = match.groups()
                value = text if label == "Kind" else json.loads(text)
                if not isinstance(value, str):
                    raise ValueError("not a text in quotes")
                if label in found and found[label] and label != "Fitted to":
                    raise ValueError("the field stands twice")
                found.setdefault(label, []).append(value)
        if not found:
            return Provenance()
        said = _TITLE
        return Provenance("".join(found["Kind"]), "".join(found.get("Made by", [])), tuple(found.get("Fitted to", ())))
    except (ValueError, RecursionError, FHRError) as error:
        raise FormatError(
            f"{where}: section on the provenance, {shown(said)} ({reason(error)}); correct it, or write the record anew"
        ) from None
