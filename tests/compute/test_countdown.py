"""Steps are told with the time that is left, at the pace of what is done."""

import logging
import threading

import pytest

from fhr.compute import Countdown, concerning, spread, steps, subject, tell, worked_ahead


@pytest.fixture
def told(caplog, monkeypatch):
    """`told(at, **update)`: the lines so far, once the clock stood at `at` seconds for an update."""
    clock = [0.0]
    monkeypatch.setattr(steps.time, "monotonic", lambda: clock[0])
    caplog.set_level(logging.INFO, "fhr.steps")

    def update(countdown: Countdown, at: float, **given: float) -> list[str]:
        clock[0] = at
        countdown.update(**given)
        return caplog.messages

    return update


def test_the_pace_is_that_of_the_items_since_the_first(told):
    with Countdown(12, what="recording") as countdown:
        assert told(countdown, 100) == []  # the start of the workers tells nothing of the pace
        assert told(countdown, 103) == ["recording 2 of 12, about 30 s left"]
        assert len(told(countdown, 104)) == 1  # too soon after the last line
        assert told(countdown, 106)[1:] == ["recording 4 of 12, about 16 s left"]


def test_the_pace_of_workers_is_how_long_they_worked(told):
    with Countdown(20, what="model", workers=2) as countdown:
        assert told(countdown, 30, seconds=10.0) == ["model 1 of 20, about 2 min left"]
        assert told(countdown, 40, seconds=10.0, n=17)[1:] == ["model 18 of 20, about 1 s left"]
        assert told(countdown, 50, seconds=10.0, n=2)[2:] == ["model 20 of 20"]


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "about 0 s"), (89, "about 89 s"), (600, "about 10 min")])
def test_words_for_durations(seconds, text):
    assert steps._duration(seconds) == text
    assert steps._duration(2.5 * 3600) == "about 2.5 h"


def test_outside_the_command_line_nothing_is_told(caplog, capsys):
    tell("a step")
    with Countdown(2, what="item", every=0) as countdown:
        countdown.update(2)
    assert (caplog.messages, capsys.readouterr()) == ([], ("", ""))


def test_what_messages_are_about():
    with concerning("a network"):
        with concerning("a baseline"):
            assert subject() == "a baseline"
        assert subject() == "a network"
    assert subject() == ""


def test_work_ahead_ends_early_where_nobody_waits_for_it():
    seen = []

    def slow(items):
        for item in items:
            seen.append(item)
            going.wait(0.01)

    going = threading.Event()
    with pytest.raises(KeyboardInterrupt), worked_ahead(slow, range(1_000_000)):
        raise KeyboardInterrupt
    assert len(seen) < 1_000_000


def _warn(item: int) -> int:
    logging.getLogger("fhr.tests").warning("item %d of %s", item, {"kind": "plain"})
    return item


@pytest.mark.process
def test_workers_hand_their_warnings_to_this_process(caplog, capfd):
    assert sorted(spread(_warn, [1, 2], workers=2)) == [1, 2]
    assert sorted(caplog.messages) == ["item 1 of {'kind': 'plain'}", "item 2 of {'kind': 'plain'}"]
    assert capfd.readouterr().err == ""
