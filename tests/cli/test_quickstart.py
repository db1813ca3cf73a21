"""`fhr quickstart` runs anywhere: its configuration comes with the package."""


def test_it_needs_no_clone(tmp_path, run_fhr, monkeypatch):
    monkeypatch.setenv("FHR_DATA", str(tmp_path / "nowhere"))  # so that it ends once the configuration was read
    answer = run_fhr(tmp_path, "quickstart")
    assert (answer.code, answer.out) == (2, "")
    assert str(tmp_path / "nowhere" / "ctu-uhb-ctgdb") in answer.err
    assert list(tmp_path.iterdir()) == []
