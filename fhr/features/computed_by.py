"""Source and libraries that the numbers of a feature table rest on: what was kept of others is computed again."""

from fhr.tracking import made_by

__all__ = ["COMPUTED_BY", "computed_by"]

COMPUTED_BY = ("recording", "formats", "preprocessing", "compute", "multiscale", "morphology", "features")
"""Rooms whose source decides what a feature is, from the file of a recording on."""
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "PyWavelets")


def computed_by() -> str:
    """Source and libraries that compute features here, see `fhr.tracking.made_by`; an edit of any file changes it."""
    return made_by(COMPUTED_BY, _LIBRARIES)
