"""Write a simulated database in the style of CTU-UHB: WFDB records, RECORDS, the same header fields."""

import argparse

from fhr.compute import Countdown

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--n", type=int, default=500, help="number of recordings (default: 500)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--seed", type=int, default=1, help="which simulated hospital (default: 1)")
    parser.add_argument(
        "--explained",
        type=float,
        metavar="R",
        help="how much of the pH the trace can tell, a correlation from 0 to 1 (default: about as much as in CTU-UHB; "
        "0.9 is easy)",
    )
    parser.add_argument(
        "--truth", action="store_true", help="also write DIR/truth: events, signals without loss and artefact"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes; the files stay the same (default: 1)")
    parser.add_argument("--overwrite", action="store_true", help="replace the recordings that DIR holds")


def run(options: argparse.Namespace) -> int:
    """Simulate and write."""
    from fhr.simulation import EXPLAINED, write_database

    with Countdown(options.n, what="recording") as countdown:
        write_database(
            options.out,
            options.n,
            seed=options.seed,
            explained=EXPLAINED if options.explained is None else options.explained,
            truth=options.truth,
            overwrite=options.overwrite,
            workers=options.workers,
            progress=lambda done, total: countdown.update(),
        )
    return 0
