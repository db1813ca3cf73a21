"""Resolved configuration as text that gives the same again, also where nothing was chosen over a default."""

from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning.cli import LightningArgumentParser

__all__ = ["stored_configuration"]


def stored_configuration(parser: LightningArgumentParser, configuration: Namespace) -> str:
    """The configuration as YAML, without what links set.

    A setting of null is left out where null is the default, as in all runs before: a class that gets new settings then
    reads its older configurations alike. Over another default it stays.
    """
    plain = yaml.safe_load(parser.dump(configuration.clone(), skip_link_targets=True, skip_none=False))
    defaults = parser.get_defaults(skip_validation=True).as_dict()
    return yaml.safe_dump(_without_default_nulls(plain, defaults), sort_keys=False, allow_unicode=True)


def _without_default_nulls(plain: Any, defaults: Any) -> Any:
    if isinstance(plain, list):
        return [_without_default_nulls(value, None) for value in plain]
    if not isinstance(plain, dict):
        return plain
    known = defaults if isinstance(defaults, dict) else {}
    return {
        key: _without_default_nulls(value, known.get(key))
        for key, value in plain.items()
        if value is not None or known.get(key) is not None
    }
