"""Search for runs: all of them, over as many pages as the store gives them on."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["search_runs"]


def search_runs(
    client: "MlflowClient", experiments: Sequence[str], found_by: str = "", *, order_by: Sequence[str] | None = None
) -> Iterator["Run"]:
    """Runs of some experiments, page after page.

    Args:
        client: of the store.
        experiments: their ids.
        found_by: a filter in MLflow's own language; empty for all runs.
        order_by: columns in MLflow's own language.
    """
    token: str | None = None
    while token is None or token:
        page = client.search_runs(
            list(experiments), found_by, order_by=None if order_by is None else list(order_by), page_token=token
        )
        yield from page
        token = page.token or ""
