"""Files of a folder that are checkpoints by their names."""

from pathlib import Path

__all__ = ["CHECKPOINT_SUFFIXES", "checkpoint_files"]

CHECKPOINT_SUFFIXES = (".ckpt", ".npz")
"""Of a network, and of a model that is arrays of numbers; a recording may be called so too."""


def checkpoint_files(folder: str | Path) -> list[Path]:
    """The files with such a name, in the order of their names."""
    return sorted(path for path in Path(folder).iterdir() if path.suffix in CHECKPOINT_SUFFIXES)
