"""Resolved configuration as text that gives the same again."""

import warnings
from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser

from fhr.errors import FHRError

__all__ = ["stored_configuration"]

_UNWRITTEN = "Unable to serialize instance "  # in front of an object, in the words of the parser


def stored_configuration(parser: LightningArgumentParser, configuration: Namespace) -> str:
    """The configuration as YAML, without what links set.

    A setting of null is left out where null is the default, so that a class that gets new settings reads its older
    configurations alike. Over another default it stays.

    Raises:
        FHRError: an object that has no words in a configuration.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=rf"\s*{_UNWRITTEN}")
        plain = yaml.safe_load(parser.dump(configuration, skip_link_targets=True, skip_none=False))
    defaults = parser.get_defaults(skip_validation=True).as_dict()
    return str(yaml.safe_dump(_written(plain, defaults), sort_keys=False, allow_unicode=True))


def _written(plain: Any, defaults: Any) -> Any:
    """Values as they are written, without a null that is the default."""
    if isinstance(plain, list):
        return [_written(value, None) for value in plain]
    if isinstance(plain, dict):
        known = defaults if isinstance(defaults, dict) else {}
        kept = {key: value for key, value in plain.items() if value is not None or known.get(key) is not None}
        return {key: _written(value, known.get(key)) for key, value in kept.items()}
    if isinstance(plain, str) and plain.startswith(_UNWRITTEN):
        words = plain.removeprefix(_UNWRITTEN)  # of a device, or of the name of a function
        if words.startswith("<"):
            raise FHRError(
                f"{words} cannot be written into the configuration of the run, which then could not be repeated; "
                "give a class path and plain values"
            )
        return words
    return plain
