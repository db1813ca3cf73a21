"""`fhr quickstart` runs anywhere: its configuration comes with the package."""

import pytest

from fhr.cli import quickstart


def test_it_needs_no_clone(tmp_path, run_fhr, monkeypatch):
    monkeypatch.setenv("FHR_DATA", str(tmp_path / "nowhere"))  # so that it ends once the configuration was read
    answer = run_fhr(tmp_path, "quickstart")
    assert (answer.code, answer.out) == (2, "")
    assert str(tmp_path / "nowhere" / "ctu-uhb-ctgdb") in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("real", "epochs"), [("somewhere", 10), (None, 6)])
def test_real_recordings_are_learnt_at_the_rate_of_the_configuration(run_fhr, tmp_path, monkeypatch, real, epochs):
    """Simulated ones are easier: fewer epochs at a higher rate, which leaves real ones below the floor."""
    given = []
    monkeypatch.setattr(quickstart, "cross_validate", lambda arguments, options: given.append(arguments) or 0)
    monkeypatch.setattr(quickstart, "_simulated", lambda n, workers: tmp_path)
    if real is None:
        monkeypatch.delenv("FHR_DATA", raising=False)
    else:
        monkeypatch.setenv("FHR_DATA", real)
    assert run_fhr(tmp_path, "quickstart").code == 0
    assert run_fhr(tmp_path, "quickstart", "--epochs", 3).code == 0
    rates = [[argument for argument in arguments if "learning_rate" in argument] for arguments in given]
    assert rates == [[] if real else ["--model.init_args.learning_rate=0.008"]] * 2
    assert f"--trainer.max_epochs={epochs}" in given[0]
    assert "--trainer.max_epochs=3" in given[1]
