"""The runs in a browser: start MLflow's server of the store and print the address of its list of runs.

The address opens the experiment of the newest run, with the main results as columns. The server belongs to this
command and ends with it (Ctrl-C); it listens to this machine alone unless `--host` says otherwise, sends nothing
anywhere, and asks nobody who they are. Where MLFLOW_TRACKING_URI names a server only the address is printed.
"""

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from fhr.compute import tell
from fhr.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["add_arguments", "run"]

_ALL = "/#/experiments?workflowType=machine_learning"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--port", type=int, default=5000, metavar="N", help="port to listen on (default: 5000)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1); 0.0.0.0 lets everybody in the network read and change runs",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until this is interrupted."""
    from fhr.tracking import check_store, ensure_store, mlflow_client, tracking_uri
    from fhr.tracking.address import without_password

    from .mlflow_server import address, check_port, serving

    uri = tracking_uri()
    is_server = uri.startswith(("http://", "https://"))
    if not is_server:
        check_store()
        check_port(options.host, options.port)
        try:
            ensure_store()  # the pages look for files where the database says, and a store may have been moved
        except TrackingError as error:  # one that can only be read is shown all the same
            tell("%s", error)
    page = _page(mlflow_client(), own=not is_server)
    if is_server:
        sys.stdout.write(f"{without_password(uri).rstrip('/')}{page}\n")
        return 0
    tell("starting MLflow's server of %s", without_password(uri))
    with serving(uri, host=options.host, port=options.port) as server:
        sys.stdout.write(f"{address(options.host, options.port)}{page}\n")
        sys.stdout.flush()
        tell("Ctrl-C ends it")
        code = server.wait()
    raise TrackingError(f"MLflow's server has ended by itself ({code}); start it again")


def _page(client: "MlflowClient", *, own: bool) -> str:
    """Page of the experiment that the newest run belongs to."""
    from fhr.tracking import HEADLINE, give_columns, runs_page, store_errors

    with store_errors():
        experiments = [one.experiment_id for one in client.search_experiments()]
        newest = client.search_runs(experiments, order_by=["attributes.start_time DESC"], max_results=1)
        if not newest:
            return _ALL
        where = newest[0].info.experiment_id
    if own and {*HEADLINE} & {*newest[0].data.metrics}:  # runs of earlier versions have left no view
        with suppress(TrackingError), store_errors():  # a store that can only be read is shown all the same
            give_columns(client, where, HEADLINE)
    return runs_page(client.get_experiment(where))
