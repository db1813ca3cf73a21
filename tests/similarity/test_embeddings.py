from dataclasses import replace

import numpy as np
import pytest
from some_labours import labour, labours

from fhr.errors import FHRError
from fhr.similarity import EMBEDDINGS, UC_WEIGHT, Embedding, LabourWindows, embedding_from


@pytest.fixture(scope="module")
def windows():
    return LabourWindows.joined([LabourWindows.of(one, minutes=20) for one in labours(4)])


@pytest.mark.parametrize("name", sorted(EMBEDDINGS))
def test_a_window_has_one_vector_whatever_stands_beside_it(name, windows):
    embedding = embedding_from(name, 20)
    together = embedding(windows)
    assert len(together) == 4
    assert together.dtype == np.float32
    assert np.isfinite(together).mean() > 0.9
    np.testing.assert_allclose(embedding(windows[2])[0], together[2], rtol=1e-5, atol=1e-6)
    assert not np.allclose(together[0], together[1], equal_nan=True)
    assert embedding.identity["name"] == name


def test_raw_signals_are_means_in_bpm_with_their_gaps():
    recording = labour("a", 3, minutes=20, gap=False)
    fhr = recording.fhr.copy()
    fhr[:40] = np.nan  # of the first three stretches of 16 samples two, and half of the third
    window = LabourWindows.of(replace(recording, fhr=fhr), minutes=20, steps=())
    vector = embedding_from("raw", 20)(window)[0]
    assert np.isnan(vector[:2]).all()
    assert vector[2] == pytest.approx(fhr[40:48].mean(), rel=1e-5)
    np.testing.assert_allclose(vector[3:300], fhr[48:].reshape(-1, 16).mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(vector[300:], UC_WEIGHT * recording.uc.reshape(-1, 16).mean(axis=1), rtol=1e-4)


def test_raw_signals_take_any_channels_and_dimensions_of_time():
    signal = np.arange(2 * 3 * 64, dtype=np.float32).reshape(2, 3, 64)
    where = np.zeros(2)
    windows = LabourWindows(signal, ("fhr", "mhr", "uc"), 4.0, np.array(["a", "b"]), where, where + 16)
    assert embedding_from("raw", 16 / 60)(windows).shape == (2, 12)


def test_a_function_of_ones_own_gives_vectors_or_sequences(windows):
    def spread(given):
        return np.nanstd(given.signal.reshape(len(given), 2, 10, -1), axis=-1).transpose(0, 2, 1)

    embedding = embedding_from(spread, 20)
    assert embedding.name == "spread"
    assert embedding(windows).shape == (4, 20)
    assert embedding_from(embedding, 20) is embedding


def broken(value):
    def function(windows):
        vectors = np.zeros((len(windows), 3))
        vectors[1, 2] = value
        return vectors

    return function


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (broken(np.nan), "1 of 4 windows have NaN values, the first L001"),
        (broken(np.inf), "infinite"),
        (lambda windows: np.zeros((len(windows) + 1, 3)), "gave .5, 3. for 4 windows"),
        (lambda windows: np.zeros(len(windows)), "must give"),
        (lambda windows: np.zeros((len(windows), 0)), "must give"),
        (lambda windows: [[1.0], [1.0, 2.0]], "no array of numbers"),
        (lambda windows: None, "no array of numbers|must give"),
        (lambda windows: [["a"]] * 4, "no array of numbers"),
    ],
)
def test_a_function_that_gives_something_else_is_told(function, said, windows):
    with pytest.raises(FHRError, match=said):
        Embedding(function)(windows)


def test_nan_may_be_said_to_be_what_was_not_measured_but_not_infinity(windows):
    assert np.isnan(Embedding(broken(np.nan), missing=True)(windows)[1, 2])
    with pytest.raises(FHRError, match="infinite"):
        Embedding(broken(np.inf), missing=True)(windows)


def test_what_is_no_embedding_is_refused(windows):
    with pytest.raises(FHRError, match="choose from kernel, log_leaders"):
        embedding_from("kernal", 20)
    with pytest.raises(FHRError, match="give a function"):
        Embedding(3)  # type: ignore[arg-type]
    with pytest.raises(FHRError, match="takes 4 Hz"):
        embedding_from("raw", 20)(LabourWindows.of(labour("a", 1), minutes=20, fs=1.0))
    with pytest.raises(FHRError, match="no window"):
        embedding_from("raw", 20)(windows[:0])
    with pytest.raises(FHRError, match="blocks of 5"):
        Embedding(lambda given: np.zeros((len(given), 4)), blocks=(2, 3))(windows)
    with pytest.raises(FHRError, match="need 1 min"):
        embedding_from("log_leaders", 0.5)
    with pytest.raises(FHRError, match="computed of fhr and uc"):
        embedding_from("scattering", 20)(replace(windows, channels=("fhr", "mhr")))
