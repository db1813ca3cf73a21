"""Colours of all figures: from the Okabe-Ito set, told apart with any colour vision."""

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE"]

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#808080"
