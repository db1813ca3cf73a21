"""Ctrl-C and SIGTERM within a block; processes that are really stopped are in tests/cli/test_interruption.py."""

import signal
import threading

import pytest

from fhr.compute import Terminated, interruptible

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_changes_no_handler():
    before, found = [signal.getsignal(number) for number in SIGNALS], []

    def work() -> None:
        with interruptible():
            found.extend(signal.getsignal(number) for number in SIGNALS)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == before


def test_a_termination_is_taken_for_an_interruption_by_all_who_clean_up_on_one():
    with interruptible(), pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert isinstance(caught.value, Terminated)
