"""EDF, EDF+ and BDF files."""
