"""Fetch a published database: verified file by file; the same command again goes on where it ended.

Exit codes: 0 all files are there and verified, 1 some could not be had (they are listed), 2 a mistake, no connection,
or a folder that cannot be written.
"""

import argparse
import logging
import sys
from dataclasses import replace

__all__ = ["add_arguments", "run"]

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    from fhr.datasets import PUBLISHED

    parser.add_argument("database", choices=sorted(PUBLISHED), help="which database")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write, or to go on with")
    parser.add_argument("--verify", action="store_true", help="only compare DIR with its SHA256SUMS.txt, offline")
    parser.add_argument("--url", help="https address of a copy of the folder that holds SHA256SUMS.txt")
    parser.add_argument("--workers", type=int, default=4, help="files fetched at once (default: 4)")
    parser.add_argument("--stall", type=float, default=30, help="seconds without a byte to wait for (default: 30)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of DIR that are not as published")


def run(options: argparse.Namespace) -> int:
    """Fetch, or verify, and say what DIR holds."""
    from fhr.compute import progress_bar
    from fhr.datasets import PUBLISHED, download, verify

    published = PUBLISHED[options.database]
    if options.verify:
        report = verify(options.out)
    else:
        database = published if options.url is None else replace(published, url=options.url, n_records=None)
        sys.stderr.write(f"{database.licence_text}{database.citation_text}")
        with progress_bar(0, description="download") as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = download(
                    database,
                    options.out,
                    workers=options.workers,
                    overwrite=options.overwrite,
                    stall=options.stall,
                    progress=show,
                )
            except KeyboardInterrupt:
                sys.stderr.write(f"\n{options.out}: what is there is kept; give the same command to go on\n")
                raise
    for name, reason in report.failed.items():
        _log.error("%s: %s", name, reason)
    whole, fetched = len(report.kept) + len(report.fetched), len(report.fetched)
    summary = f"{options.out}: {whole} of {whole + len(report.failed)} files verified, {fetched} fetched now"
    if report.n_records != published.n_records:
        summary += f"; {report.n_records} records, where the published database has {published.n_records}"
    if report.failed and not options.verify:
        summary += "; give the same command to go on"
    sys.stderr.write(f"{summary}\n")
    return 1 if report.failed else 0
