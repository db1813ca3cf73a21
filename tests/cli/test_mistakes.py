"""A mistake in a configuration is one line: where it is, what is wrong, what was meant."""

from pathlib import Path

import pytest
import yaml
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from fhr.cli.trainer_settings import lightning_refusals

NETWORK = {"class_path": "fhr.models.InceptionNet", "init_args": {"n_filters": 8}}
PLAIN = {
    "model": {
        "class_path": "fhr.tasks.ClassificationTask",
        "init_args": {"model": NETWORK, "loss": {"class_path": "fhr.losses.PHRegression"}},
    },
    "data": {"class_path": "fhr.datamodules.SimulatedDataModule", "init_args": {"n": 40}},
    "trainer": {"callbacks": [{"class_path": "pytorch_lightning.callbacks.Timer", "init_args": {"verbose": True}}]},
}
TASK, LAST = ("model", "init_args"), ("model", "init_args", "model", "init_args")


def refused(answer, verb: str = "fit") -> str:
    """The one line that a verb answers a mistake with."""
    assert (answer.code, answer.out) == (2, ""), answer.err
    lines = [line for line in answer.err.splitlines() if "loading" not in line]  # a library that takes its time
    assert len(lines) == 1, answer.err
    return lines[0].removeprefix(f"fhr {verb}: ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--trainer.max_epoch 5", "--trainer.max_epoch: there is no such option; did you mean --trainer.max_epochs?"),
        ("--trainer.max_ep=5", "--trainer.max_ep: there is no such option; did you mean --trainer.max_epochs?"),
        ("--early_stopping.patienc 3", "did you mean --early_stopping.patience?"),
        ("--seed_everythin 3", "did you mean --seed_everything?"),
        ("--conf cnn", "did you mean --config?"),
        ("--resum x", "did you mean --resume?"),
        ("--target x", "did you mean --data.target?"),
        ("--max_epochs 3", "did you mean --trainer.max_epochs?"),
        ("--nonsense 3", "--nonsense: there is no such option"),
        ("extra", "'extra' belongs to no option; a setting is given as `--SETTING VALUE`"),
        ("--trainer.max_epochs", "--trainer.max_epochs: no value was given; give one after it"),
        ("--data.targt x", "--data.targt: fhr.datamodules.SimulatedDataModule has no such setting; did you mean "
         "--data.target?"),
        ("--model.model.init_args.n_filter 3", "--model.model.init_args.n_filter: fhr.models.InceptionNet has no such "
         "setting; did you mean --model.model.n_filters?"),
        ("--model.model.n_filters x", "--model.model.n_filters x: it takes a whole number"),
        ("--trainer.max_epochs 1.5", "--trainer.max_epochs 1.5: it takes a whole number, or null"),
        ("--data.class_weights x", "--data.class_weights x: it takes 'none', 'balanced'"),
        ("--data.channels 3", "--data.channels 3: it takes a list [...]"),
        ("--model fhr.losses.PHRegression", "is not of the right kind; there are fhr.tasks.ClassificationTask, "),
        ("--model.model Inception", "--model.model: Inception is no class; did you mean fhr.models.InceptionNet?"),
        ("--optimizer Adm", "--optimizer: Adm is no class; did you mean torch.optim.Adam?"),
        ("--trainer.callbacks+=EarlyStoping", "did you mean pytorch_lightning.callbacks.EarlyStopping?"),
        ("--trainer.callbacks+=EarlyStopping", "EarlyStopping needs monitor; give --trainer.callbacks.monitor"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_option(given, said, run_fhr, tmp_path):
    answer = refused(run_fhr(tmp_path, "fit", "--config", "simulated", *given.split()))
    assert said in answer
    assert answer.startswith("--") or given == "extra"
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_trainer_that_are_wrong_together(run_fhr, tmp_path):
    given = [
        "--data.n",
        60,
        "--data.target",
        "ph<7.20",
        "--trainer.accelerator",
        "gpuu",
    ]  # the trainer is made when the data are there
    answer = refused(run_fhr(tmp_path, "fit", "--config", "simulated", *given))
    assert answer.startswith("--trainer: You selected an invalid accelerator name: `accelerator='gpuu'`")


def test_words_of_lightning_are_not_those_of_an_option(run_fhr, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        with lightning_refusals("--trainer"):
            raise MisconfigurationException("no strategy=x with devices=3")

    monkeypatch.setattr("fhr.cli.training.train", refuse)
    answer = refused(run_fhr(tmp_path, "fit", "--config", "simulated", "--trainer.devices", "3"))
    assert answer == "--trainer: no strategy=x with devices=3"


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("trainr",), {"max_epochs": 3}, "trainr.max_epochs: there is no such setting; did you mean "
         "trainer.max_epochs?"),
        ((*LAST, "n_filter"), 3, "model.init_args.model.init_args.n_filter: fhr.models.InceptionNet has no such "
         "setting; did you mean n_filters?"),
        ((*LAST, "n_filters"), "some", "model.init_args.model.init_args.n_filters some: it takes a whole number"),
        ((*TASK, "model", "class_path"), "fhr.models.InceptionNett", "model.init_args.model: fhr.models.InceptionNett "
         "is no class; did you mean fhr.models.InceptionNet?"),
        (("trainer", "callbacks", 0, "init_args", "verbos"), True, "trainer.callbacks.0.init_args.verbos: "
         "pytorch_lightning.callbacks.Timer has no such setting; did you mean verbose?"),
        ((*TASK, "loss"), None, "model: fhr.tasks.ClassificationTask needs loss; give --model.loss"),
        (("data",), None, "lacks data; give --data"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_names_the_file_and_the_key(keys, value, said, run_fhr, tmp_path):
    content = yaml.safe_load(yaml.safe_dump(PLAIN))
    place = content
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    answer = refused(run_fhr(tmp_path, "fit", "--config", "mine.yaml"))
    assert answer in (f"mine.yaml: {said}", f"mine.yaml {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"trainer:\n  max_epochs: 3\n   a: 4\n", "mine.yaml, line 3, column 5: no YAML: mapping values are not "),
        (b"trainer:\n\tmax_epochs: 3\n", "mine.yaml, line 2, column 1: no YAML: found character '\\t'"),
        (b"- 1\n- 2\n", "mine.yaml holds [1, 2], not settings; write them in the form"),
        (b"", "mine.yaml holds nothing, not settings"),
        ("trainer: # Ä".encode("latin1"), "mine.yaml is no text in UTF-8 (unexpected end of data at byte 11)"),
        (b"\0\1", "mine.yaml: no YAML: special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_configuration(content, said, run_fhr, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(content)
    assert refused(run_fhr(tmp_path, "fit", "--config", "mine.yaml")).startswith(said)


def test_text_that_is_no_configuration(run_fhr, tmp_path):
    long = "x" * 400  # than the name of a file
    answer = refused(run_fhr(tmp_path, "fit", "--config", f"{{model: {{a: b: {long}"))
    assert answer.startswith("--config, line 1, column 14: no YAML: expected ")


def test_an_option_goes_before_a_file_that_holds_the_same(run_fhr, tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(PLAIN))
    assert refused(run_fhr(tmp_path, "fit", "--config", "mine.yaml", "--data.n=x")).startswith("--data.n x: ")


def test_the_words_of_the_parser_are_there_for_who_wants_more(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "fit", "--config", "simulated", "--data.targt", "x", "-v")
    assert "Option 'targt' is not accepted" in answer.err
    assert answer.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("fit", "nothing to do; give `--config NAME`, such as `fhr fit --config simulated`, or `--resume RUN`"),
        ("test", "nothing to do; give `--run RUN`"),
        ("crossval", "nothing to do; give `--config NAME`, or `--resume RUN`"),
        ("crossval --conf cnn", "--conf: there is no such option; did you mean --config?"),
        ("crossval --config simulated --repeat 3", "--repeat: there is no such option; did you mean --repeats?"),
        ("crossval --config simulated --trainer.max_epoch 3", "did you mean --trainer.max_epochs?"),
        ("synthesize --config iaaft --data . --n 3 --out y --sed 3", "--sed: there is no such option; did you mean "),
        ("synthesize --config iaaft --data . --n 3 --out y --generator.exat x", "--generator.exat: fhr.synthesis.IAAFT "
         "has no such setting; did you mean --generator.exact?"),
        ("synthesize --config iaaft --data . --n 3 --out y --generator.exact x", "--generator.exact x: it takes "
         "'amplitudes', 'spectrum'"),
    ],
)  # fmt: skip
def test_the_other_verbs_that_take_settings(arguments, said, run_fhr, tmp_path):
    verb, *rest = arguments.split()
    assert said in refused(run_fhr(tmp_path, verb, *rest), verb)


def test_an_unknown_option_of_a_verb_without_settings_comes_with_one_like_it(run_fhr, tmp_path: Path):
    answer = run_fhr(tmp_path, "predict", "--runn", "x", ".")
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == ("fhr predict: error: --runn: there is no such option; did you mean --run?")
