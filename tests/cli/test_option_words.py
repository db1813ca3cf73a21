"""Rooms speak of parameters, the command line of options."""

import argparse

import pytest

from fhr.cli.option_words import in_option_words
from fhr.cli.reading_options import READING, add_reading, reading_of


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    made.add_argument("--most-loss", type=float)
    made.add_argument("--seed", type=int)
    made.add_argument("--overwrite", action="store_true")
    return made


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("most_loss=2.0; give a share", "--most-loss=2.0; give a share"),
        ("give overwrite=True, or another folder", "give --overwrite, or another folder"),
        ("channels=['fhr', 'uc']; add `mask`", "--data.init_args.channels=['fhr', 'uc']; add `mask`"),
        ("seed=-1 is negative", "--data.seed=-1 is negative"),  # the one that was typed goes before the verb's own
        ("fs=4.0 Hz and --seed=3, a.seed=3, `seed=3`", "fs=4.0 Hz and --seed=3, a.seed=3, `seed=3`"),
        ("Trainer(seed=3) of Lightning", "Trainer(seed=3) of Lightning"),
        ("no parameter at all", "no parameter at all"),
        ("/data/seed=3/a.hea, c:\\seed=3: none", "/data/seed=3/a.hea, c:\\seed=3: none"),
        ("postgresql://x?seed=/tmp&seed=3", "postgresql://x?seed=/tmp&seed=3"),
        ("seed=3 of Early(mode='min', seed=3)", "--data.seed=3 of Early(mode='min', seed=3)"),
        ("seed=4.hea, my seed=4/s1.hea: none", "seed=4.hea, my seed=4/s1.hea: none"),  # as they were given
    ],
)
def test_parameters_become_the_options_that_give_them(message, said, parser):
    given = ["fit", "--data.init_args.channels", "[fhr,uc]", "--data.seed=-1", "seed=4.hea", "--out=my seed=4"]
    assert in_option_words(message, parser, given) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("say columns={'fhr': NAME}; x", "say --columns fhr=NAME; x"),
        ("without (columns={'uc': None}) it", "without (--columns uc=) it"),
        ("(header_row= takes another)", "(--header-row takes another)"),
        ("give columns={'time': None} or units={'fhr': '0.25 bpm'}", "give --columns time= or --units 'fhr=0.25 bpm'"),
        ("missing={'uc': 0} or missing={'uc': None}", "--missing uc=0 or --missing uc="),
        ("give fs in Hz, or columns={'fs': NAME}", "give --fs in Hz, or --columns fs=NAME"),
        ("leave fs out, or give tolerance, in s", "leave --fs out, or give --tolerance, in s"),
        ("give decimal= or separator=", "give --decimal or --separator"),
        ("leave one out with columns=, or with columns=.", "leave one out with --columns, or with --columns."),
        ("of 4 Hz; fs=4 was given", "of 4 Hz; fs=4 was given"),
    ],
)
def test_remedies_of_readers_become_options_that_the_parser_takes(message, said):
    reader = argparse.ArgumentParser()
    add_reading(reader)
    assert in_option_words(message, reader, []) == said


def test_every_parameter_of_the_readers_is_an_option():
    reader = argparse.ArgumentParser()
    add_reading(reader)
    for name, option in READING.items():
        assert in_option_words(f"give {name}=, or", reader, []) == f"give {option}, or"
    given = reader.parse_args(["--columns", "time=", "--columns", "fs=rate", "--units", "fhr=0.25 bpm"])
    assert reading_of(given) == {"columns": {"time": None, "fs": "rate"}, "units": {"fhr": "0.25 bpm"}}


def test_settings_of_a_configuration_are_known_where_there_is_one_of_the_name(parser):
    given = ["fit", "--config", "simulated"]
    assert in_option_words("batch_size=1; more", parser, given) == "--data.batch_size=1; more"
    assert (
        in_option_words("depth=0; kernel_sizes=[4]", parser, given)
        == "--model.model.depth=0; --model.model.kernel_sizes=[4]"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("plot {} --out p.png --minutes -1", "--minutes=-1.0; give a positive length, or leave it out"),
        ("info {} --out nowhere/x.csv", "nowhere"),
        ("simulate --n 0 --out made", "--n=0 recordings were asked for"),
        ("simulate --n 2 --out made --workers 0", "--workers=0; give 1 or more processes"),
        ("fit --config simulated --data.batch_size 1", "--data.batch_size=1; batch normalisation needs 2 or more"),
    ],
)
def test_verbs_answer_in_words_of_their_options(arguments, said, run_fhr, tmp_path, simulated_folder):
    verb, *rest = arguments.format(simulated_folder / "s0001.hea").split()
    answer = run_fhr(tmp_path, verb, *rest)
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith(f"fhr {verb}: ")
    assert said in answer.err


def test_too_few_records_are_refused_before_there_is_a_run(run_fhr, tmp_path):
    given = [
        "fit",
        "--config",
        "simulated",
        "--data.n",
        "20",
        "--data.window_minutes",
        "20",
        "--data.target",
        "ph<7.20",
    ]
    answer = run_fhr(tmp_path, *given)
    assert answer.code == 2
    assert "are too few to calibrate on; give at least 20 with 5 of each class" in answer.err
    assert run_fhr(tmp_path, "runs").out.count("\n") == 1  # the header
