"""Columns of a table of matches, with their meaning."""

from fhr.recording import PATH, RECORD, TableColumn

__all__ = ["COLUMNS", "MATCH_COLUMNS"]

_UNKNOWN = "it is not known"
_NOT_ASKED = "it was not asked for"
_OF_MATCHES = (
    TableColumn("query", "recording that was asked about"),
    TableColumn("query_start_s", "start of its window, from the start of the recording", "s", "number", 2),
    TableColumn("query_end_s", "end of its window", "s", "number", 2),
    TableColumn(
        "rank",
        "1 is the most similar: the nearest, or, aligned elastically, the one of the least rms_bpm",
        type="integer",
    ),
    RECORD._replace(meaning="recording of the database"),
    TableColumn("start_s", "start of its best window, from the start of the recording", "s", "number", 2),
    TableColumn("end_s", "end of that window", "s", "number", 2),
    TableColumn("to_end_s", "from there to the end of the recording", "s", "number", 2),
    TableColumn("distance", "between the two windows", "see unit", "number", 6),
    TableColumn("unit", "of the distance", values="bpm; SD, of the database's windows", empty="of a kernel"),
    TableColumn(
        "p_special", "chance that the nearest of unrelated labours is as close", "1", "number", 6, empty=_NOT_ASKED
    ),
    TableColumn(
        "p_by",
        "where that is from",
        values="rank among the database's own labours; tail beyond their ranks",
        empty=_NOT_ASKED,
    ),
    TableColumn(
        "q",
        "share of unrelated ones expected among all queries' matches nearest by distance that are as special",
        "1",
        "number",
        6,
        empty=_NOT_ASKED,
    ),
    TableColumn(
        "p_surrogate",
        "chance that a surrogate of the query, of its spectrum and amplitudes, is as near to a labour",
        "1",
        "number",
        6,
        empty=_NOT_ASKED,
    ),
    TableColumn(
        "rms_bpm",
        "root mean square difference after one shift or, if asked for, elastic alignment",
        "bpm",
        "number",
        2,
        empty="the recordings are not at hand",
    ),
    TableColumn(
        "lag_s",
        "by how much the match lags behind the query when aligned",
        "s",
        "number",
        2,
        empty="the recordings are not at hand",
    ),
    TableColumn("loss", "fraction of the match's heart rate that is missing", "1", "number", 4, "0 to 1"),
    TableColumn("kind", "origin of its signals", values="measured; simulated; synthetic; imputed", empty=_UNKNOWN),
)
COLUMNS = {column.name: column.meaning for column in _OF_MATCHES}
"""Meaning of the columns of `Matches.table`; the outcome of the match and the paths stand behind them."""

MATCH_COLUMNS = (
    *_OF_MATCHES,
    TableColumn("ph", "pH of the umbilical artery of the match", "", "number", 3, empty=_UNKNOWN),
    TableColumn("bdecf", "its base deficit in extracellular fluid", "mmol/l", "number", 3, empty=_UNKNOWN),
    TableColumn("be", "its base excess", "mmol/l", "number", 3, empty=_UNKNOWN),
    TableColumn("pco2", "its partial pressure of carbon dioxide", "kPa", "number", 3, empty=_UNKNOWN),
    TableColumn("apgar1", "its Apgar score at 1 minute", "", "number", 1, "0 to 10", _UNKNOWN),
    TableColumn("apgar5", "its Apgar score at 5 minutes", "", "number", 1, "0 to 10", _UNKNOWN),
    PATH._replace(meaning="where the recording of the database was read from; the key with `record`", empty=_UNKNOWN),
    PATH._replace(name="query_path", meaning="where the recording that was asked about was read from"),
)
"""Columns of `Matches.table`; `record` and `path` are the key of a match, `query` and `query_path` that of a query."""
