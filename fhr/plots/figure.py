"""`Figure`: one that a notebook shows as it is, with no magic and whatever backend pyplot has."""

import matplotlib.figure

from .html_page import png

__all__ = ["Figure"]


class Figure(matplotlib.figure.Figure):
    """A figure that a notebook shows where a cell ends in it, or by `display`.

    IPython draws figures of matplotlib only once pyplot or `%matplotlib inline` has told it how to. That picture is
    taken then, with the settings of `%config InlineBackend`.

    Example:
        >>> figure = Figure(figsize=(4, 3), layout="constrained")
        >>> lines = figure.subplots().plot([120, 160, 140])
        >>> figure._repr_png_()[1:4]
        b'PNG'
    """

    def _repr_png_(self) -> bytes:
        """The content of a PNG, at the figure's own dpi."""
        return png(self, dpi=self.dpi)
