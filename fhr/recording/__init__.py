"""Recording of one labour: signals, outcome, whether it was measured, and everything that was done to it."""

from .clinical import Clinical, Outcome
from .composition import Composition
from .floating import floating
from .heritage import Heritage
from .html_facts import facts_html
from .known_records import DEVELOPED_ON, developed_on, fitted_to_of, other_digest, shortened
from .named_once import named_once
from .plain import plain_names, plain_number, plain_numbers, plain_table
from .provenance import KINDS, Provenance
from .recording import Recording, Source, Step
from .small_strip import Bar, small_strip
from .table_column import PATH, RECORD, TableColumn, column_names
from .told_apart import told_apart

__all__ = [
    "DEVELOPED_ON",
    "KINDS",
    "PATH",
    "RECORD",
    "Bar",
    "Clinical",
    "Composition",
    "Heritage",
    "Outcome",
    "Provenance",
    "Recording",
    "Source",
    "Step",
    "TableColumn",
    "column_names",
    "developed_on",
    "facts_html",
    "fitted_to_of",
    "floating",
    "named_once",
    "other_digest",
    "plain_names",
    "plain_number",
    "plain_numbers",
    "plain_table",
    "shortened",
    "small_strip",
    "told_apart",
]
