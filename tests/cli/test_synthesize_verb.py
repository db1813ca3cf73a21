"""`fhr synthesize`: a generator by its configuration, fitted to a folder or to a training fold of it."""

import pytest

from fhr.cli.configurations import shipped_configurations
from fhr.cli.generator_settings import generator_of
from fhr.datasets import CTUUHB
from fhr.errors import FHRError
from fhr.synthesis import CopulaSegments, Generator, load_generator


@pytest.mark.parametrize("name", shipped_configurations(generators=True))
def test_every_shipped_configuration_makes_its_generator(name):
    assert isinstance(generator_of(name), Generator)


def test_settings_of_the_command_line_go_over_the_configuration():
    assert generator_of("copula", ["--generator.part", "20"]) == CopulaSegments(part=20.0)


@pytest.mark.parametrize(
    ("configuration", "overrides", "said"),
    [
        ("copula", ["--generator.part", "wide"], "--generator.part wide: it takes a number$"),
        ("copula", ["--generator.parts", "3"], "--generator.parts: fhr.synthesis.CopulaSegments has no such "),
        ("copula", ["--generator.part", "7"], "parts of 7 min in a window of 60 min"),
        ("copula", ["--nn", "3"], "--nn: there is no such option"),
        ("copla", [], "did you mean 'copula'?"),
        ("cnn", [], "shipped are copula"),
        ("generator: {class_path: os.getcwd}", [], "os.getcwd"),
    ],
)
def test_mistakes_are_told_in_a_line(configuration, overrides, said):
    with pytest.raises(FHRError, match=said) as caught:
        generator_of(configuration, overrides)
    assert "\n" not in str(caught.value)


def test_a_folder_of_synthetic_recordings_says_what_it_is(run_fhr, tmp_path, births):
    made, kept = tmp_path / "made", tmp_path / "copula.npz"
    given = ["synthesize", "--config", "copula", "--data", births, "--n", 3, "--out", made, "--target", "ph<7.20"]
    answer = run_fhr(tmp_path, *given, "--label", 1, "--fold", 0, "--save", kept)
    assert (answer.code, answer.out) == (0, "")
    database = CTUUHB(made)
    assert database.kinds == {"synthetic": 3}
    assert all(recording.outcome.ph < 7.2 for recording in database)
    assert "3 synthetic recordings by fhr.synthesis" in answer.err
    fitted = load_generator(kept)
    assert set(fitted.fitted_to) == set(database.fitted_to)
    assert "outer fold 0" in fitted.made_by
    assert "synthetic" in run_fhr(tmp_path, "info", made).out
    again = run_fhr(tmp_path, *given)
    assert again.code == 2
    assert "holds recordings already" in again.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--n", 0], "n=0 recordings"),
        (["--n", 2, "--label", 1], "without --target"),
        (["--n", 2, "--target", "ph<7.20", "--fold", 7], "fold=7"),
        (["--n", 2, "--target", "ph<7.20", "--fold", 0, "--repeat", 40], "repeats were asked for"),
        (["--n", 2, "--target", "ph7"], "ph7"),
    ],
)
def test_wrong_wishes_leave_nothing_behind(run_fhr, tmp_path, births, options, said):
    out = tmp_path / "made"
    answer = run_fhr(tmp_path, "synthesize", "--config", "copula", "--data", births, "--out", out, *options)
    assert answer.code == 2
    assert said in answer.err
    assert not out.exists()
