"""Names of the measures of a newborn's state in tables of outcomes and comments of headers, this package's choice."""

__all__ = ["MEASURE_NAMES"]

MEASURE_NAMES = {
    "ph": (
        *("ph", "umbilicalph", "arterialph", "umbilicalarterialph", "umbilicalarteryph", "arterialcordph", "cordph"),
        *("phart", "pharterial", "phartery", "phumbilicalartery", "phua", "uaph", "artph", "cordarteryph"),
    ),
    "bdecf": ("bdecf", "basedeficitecf", "bdefecf", "basedeficitextracellularfluid"),
    "be": ("be", "baseexcess"),
    "pco2": ("pco2", "pco2art", "arterialpco2"),
    "apgar1": ("apgar1", "apgar1min", "apgar1minute", "apgarat1min", "apgarat1minute", "apgarscore1", "1minapgar"),
    "apgar5": ("apgar5", "apgar5min", "apgar5minutes", "apgarat5min", "apgarat5minutes", "apgarscore5", "5minapgar"),
}
"""Names of each measure, in small letters without spaces and punctuation."""
