"""Status of runs after a failure, and runs over several pages."""

import os

import pytest

from fhr.tracking import (
    ensure_experiment,
    mark_stopped,
    mlflow_client,
    search_runs,
    status_kept,
    tracking_variable_kept,
)


@pytest.fixture
def experiment(tmp_path, monkeypatch) -> str:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.chdir(tmp_path)
    return ensure_experiment("births")


def test_the_end_of_a_run_and_work_that_fails_on_a_finished_one(experiment):
    client = mlflow_client()

    def fails(run_id: str) -> None:
        client.set_terminated(run_id, "FAILED")
        raise OSError("full")

    killed, failed, finished = (client.create_run(experiment).info.run_id for _ in range(3))
    mark_stopped(killed, KeyboardInterrupt())
    mark_stopped(failed, OSError("full"))
    client.set_terminated(finished)
    with pytest.raises(OSError, match="full"), status_kept(finished):
        fails(finished)
    with status_kept(None):
        pass
    assert [client.get_run(run).info.status for run in (killed, failed, finished)] == ["KILLED", "FAILED", "FINISHED"]
    found = search_runs(client, [experiment], "attributes.status != 'KILLED'", order_by=["attributes.start_time ASC"])
    assert {run.info.run_id for run in found} == {failed, finished}


def test_a_search_goes_over_all_pages():
    class Page(list):
        token = None

    class Client:
        def search_runs(self, experiments, found_by, order_by=None, page_token=None):
            page = Page([int(page_token or 0)])
            page.token = str(page[0] + 1) if page[0] < 2 else None
            return page

    assert list(search_runs(Client(), ["0"])) == [0, 1, 2]


@pytest.mark.parametrize("before", [None, "sqlite:///own.db"])
def test_the_variable_of_the_address_is_taken_back_where_it_was_not_set(monkeypatch, before):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if before is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", before)
    with tracking_variable_kept():
        os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///other.db"
    assert os.environ.get("MLFLOW_TRACKING_URI") == (None if before is None else "sqlite:///other.db")
