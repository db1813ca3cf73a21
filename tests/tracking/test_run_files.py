"""Files of runs that are copied from a server."""

from pathlib import Path
from types import SimpleNamespace

from fhr.tracking import RunFiles, run_files


class Server:
    """Copies a file, as MLflow does."""

    def download_artifacts(self, path: str, to: str) -> str:
        Path(to, path).write_text("content")
        return f"{to}/{path}"


def test_what_is_copied_from_a_server_goes_when_the_process_ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_files.RunFiles, "_repository", lambda *_: Server())
    runs = [SimpleNamespace(info=SimpleNamespace(run_id=k, artifact_uri=f"mlflow-artifacts:/{k}")) for k in ("a", "b")]
    files = RunFiles()
    paths = [files.fetch(run, "best.ckpt") for run in (*runs, runs[0])]
    folder = Path(run_files._downloads().name)
    assert paths == [folder / k / "best.ckpt" for k in ("a", "b", "a")]
    assert paths[0].read_text() == "content"
    assert run_files._downloads()._finalizer.atexit
    run_files._downloads().cleanup()
    run_files._downloads.cache_clear()
    assert not folder.exists()
