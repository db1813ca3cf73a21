"""Recording of assembled signals: its file, and what was done to read it, told in the log and in its history."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from fhr.recording import Recording, Source, Step

from .stored_channels import Signals

__all__ = ["recorded"]

_log = logging.getLogger(__name__)


def recorded(
    signals: Signals,
    *,
    fs: float,
    source: Source,
    name: str,
    stated: Mapping[str, Any] | None = None,
    done: Mapping[str, Any] | None,
) -> Recording:
    """Make a recording of the signals that `assembled` gives.

    Args:
        signals: of the recording.
        fs: sampling rate, Hz.
        source: the file.
        name: of the recording, where the file states none.
        stated: other fields of `Recording` that the file states, among them the history that it had.
        done: parameters of the step "read", by which the history goes on; None where the file came back as it was
            written.
    """
    fields = {"name": name, **(stated or {}), "fs": fs}
    if done is not None:
        step = {"format": source.format, **done}
        _log.info("%s: read as %s", source.path, json.dumps(step))
        fields["history"] = (*fields.get("history", ()), Step("read", step))
    return Recording(**fields, fhr=signals.fhr, uc=signals.uc, mhr=signals.mhr, source=source)
