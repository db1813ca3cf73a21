"""A figure is a picture in a notebook, though nobody told IPython how to draw one."""

import inspect
import pickle
import struct

import matplotlib.figure
from IPython.core.formatters import DisplayFormatter

import fhr.plots
from fhr.plots import Figure


def test_a_formatter_that_knows_nothing_of_matplotlib_shows_it_at_its_own_size():
    figure = Figure(figsize=(3, 2), dpi=50)
    shown, _ = DisplayFormatter().format(figure)
    width, height = struct.unpack(">II", shown["image/png"][16:24])
    assert (width, height) == (150, 100)
    assert "image/png" not in DisplayFormatter().format(matplotlib.figure.Figure())[0]  # why there is a class of ours


def test_a_formatter_that_was_told_how_has_the_last_word():
    formatter = DisplayFormatter()
    formatter.formatters["image/png"].for_type(matplotlib.figure.Figure, lambda figure: b"as configured")
    assert formatter.format(Figure())[0]["image/png"] == b"as configured"


def test_a_figure_goes_to_another_process_and_back():
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 2])
    again = pickle.loads(pickle.dumps(figure))
    assert again._repr_png_() == figure._repr_png_()


def test_every_function_draws_one_that_shows_itself():
    drawing = {
        name: inspect.signature(function).return_annotation
        for name in fhr.plots.__all__
        if inspect.isfunction(function := getattr(fhr.plots, name))
    }
    figures = {name: kind for name, kind in drawing.items() if inspect.isclass(kind) and kind.__name__ == "Figure"}
    assert len(figures) >= 15
    assert {name for name, kind in figures.items() if not issubclass(kind, Figure)} == set()
