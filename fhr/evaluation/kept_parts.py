"""Kept parts of a cross-validation: those that this source and these libraries made; others are fitted again."""

import logging
from collections.abc import Mapping

from fhr.tracking import made_by, made_otherwise

from .fits import Maker
from .maker_source import maker_source

__all__ = ["MADE_BY", "TRAINED_BY", "of_this_source", "trained_by"]

_log = logging.getLogger(__name__)

MADE_BY = "made_by"
"""Name of the fact of a part, and of a cross-validation, that says which source and libraries made it."""

TRAINED_BY = (
    *("recording", "formats", "preprocessing", "processes", "simulation", "datasets", "compute", "multiscale"),
    *("morphology", "features", "metrics", "calibration", "models", "losses", "synthesis", "tasks", "datamodules"),
    *("evaluation/baselines.py", "evaluation/controls.py", "evaluation/cross_fitting.py", "evaluation/finished.py"),
    *("evaluation/baseline_features.py", "evaluation/on_table.py", "evaluation/procedure.py", "evaluation/study.py"),
    *("evaluation/inner_aurocs.py", "evaluation/packed_lines.py", "evaluation/fused.py"),
    *("evaluation/group_lines.py", "evaluation/synthetic_rows.py", "evaluation/residual.py", "evaluation/embedded.py"),
    *("cli/crossval_maker.py", "cli/training_cli.py"),
)
"""Rooms and files whose source decides which scores a part holds, and how its networks are finished."""
_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "PyWavelets", "scikit-learn", "pytorch-lightning", "torchmetrics")


def trained_by(make: Maker | None = None) -> str:
    """Source and libraries that fit a model here, and the source of a user's own, see `maker_source`."""
    own = maker_source(make) if make is not None else ""
    return made_by(TRAINED_BY, _LIBRARIES) + (f"; model {own}" if own else "")


def of_this_source(
    parts: Mapping[tuple[int, int], str | None], about: Mapping[str, str], where: str
) -> set[tuple[int, int]]:
    """Parts that may be used again; of the others one line in the log says how many, and why.

    Parts of other source or libraries are never mixed with new ones: each is fitted again and replaced. Whoever wants
    them as they are restores what made them.

    Args:
        parts: what made each part, by (repeat, fold); None of a damaged one.
        about: of the cross-validation. Without `made_by`, whatever made a part is taken.
        where: the store, as messages name it.
    """
    wanted = about.get(MADE_BY)
    damaged = {place for place, made in parts.items() if made is None}
    other = {place: made for place, made in parts.items() if made is not None and wanted not in (None, made)}
    if damaged:
        _log.warning("%s: %d of %d kept outer folds are damaged and are fitted again", where, len(damaged), len(parts))
    if other:
        _log.warning(
            "%s: %d of %d kept outer folds were made by other source or libraries (%s) and are fitted again; to keep "
            "them, restore what made them",
            where,
            len(other),
            len(parts),
            "; ".join(sorted({made_otherwise(made, str(wanted)) for made in other.values()})),
        )
    return set(parts) - damaged - set(other)
