"""Colours of all figures: from the Okabe-Ito set, told apart with any colour vision."""

__all__ = ["AMBER", "BLUE", "GREEN", "GREY", "ORANGE", "PURPLE"]

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#808080"
AMBER, PURPLE = "#E69F00", "#B05A92"  # PURPLE darker than in the set: a thin line of it must be seen on white
