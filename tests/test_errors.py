"""What lies behind an error."""

import sys

import pytest

from fhr.compute import Terminated
from fhr.errors import interruption_behind


def test_the_interruption_behind_an_exit_code_and_behind_a_failure_to_clean_up():
    def exits() -> None:
        try:
            raise Terminated
        except KeyboardInterrupt:
            sys.exit(1)  # as Lightning does

    def fails() -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise OSError("no place left for the checkpoint")

    with pytest.raises(SystemExit) as stop:
        exits()
    assert isinstance(interruption_behind(stop.value), Terminated)
    with pytest.raises(OSError, match="no place") as failure:
        fails()
    assert type(interruption_behind(failure.value)) is KeyboardInterrupt
    assert interruption_behind(SystemExit(1)) is None
