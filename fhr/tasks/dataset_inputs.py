"""Data of a run as MLflow's dataset inputs: name, checksum, source, channels, and what the slice holds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fhr.recording import Composition

from .data_facts import DataFacts

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

__all__ = ["data_name", "dataset_input", "fold_name"]

_DIGITS = 32  # of the checksum: MLflow takes no more than 36


def data_name(origin: str) -> str:
    """Short name of the data: the folder, or the first words of what they were made by.

    >>> data_name("/data/ctu-uhb-ctgdb"), data_name("simulation of 500 labours with seed 1, explained 0.9")
    ('ctu-uhb-ctgdb', 'simulation of 500 labours with seed 1')
    """
    return (Path(origin).name if Path(origin).is_absolute() else origin.partition(",")[0])[:60]


def fold_name(repeat: int, fold: int, inner: int) -> str:
    """Name of a fold; the repeat and the inner fold stand in it where they are not the first.

    >>> fold_name(0, 2, 0), fold_name(1, 2, 3)
    ('fold 2', 'repeat 1 fold 2 inner 3')
    """
    return f"repeat {repeat} " * (repeat > 0) + f"fold {fold}" + f" inner {inner}" * (inner > 0)


def dataset_input(facts: DataFacts, names: Sequence[str], context: str) -> "DatasetInput":
    """Describe a slice of the data of a run.

    Args:
        facts: of the data.
        names: of the records in the slice.
        context: what it served for, such as `training`.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    labels = facts.labels.reindex(list(names)).dropna()
    whole = len(names) == len(facts.recordings)
    title = data_name(facts.origin) + ("" if whole else f", {fold_name(*facts.fold)}, {context}")
    # One database has one digest, and MLflow takes name and digest for the identity of a dataset: slices have names.
    found = Dataset(
        name=title,
        digest=facts.data_checksum[:_DIGITS],
        **_source(facts.origin),
        schema=json.dumps({"mlflow_colspec": _channels(facts)}),
        profile=json.dumps(
            {
                "records": len(names),
                **({"positives": int(labels.sum())} if set(labels.unique()) <= {0, 1} else {}),
                "left_out": len(facts.quarantined),
                **Composition.of(facts.recordings[name] for name in names if name in facts.recordings).plain()["kinds"],
            }
        ),
    )
    return DatasetInput(found, [InputTag("mlflow.data.context", context)])


def _source(origin: str) -> dict[str, str]:
    """A folder, or the words of what made the data."""
    if Path(origin).is_absolute():
        return {"source_type": "local", "source": json.dumps({"uri": origin})}
    return {"source_type": "code", "source": json.dumps({"tags": {"made_by": origin}})}


def _channels(facts: DataFacts) -> list[dict[str, Any]]:
    plain = facts.pipeline.to_dict()
    length = f" ({plain['minutes']:g} min at {plain['fs']:g} Hz)" if "minutes" in plain else ""
    channels = [{"name": name, "type": f"float{length}"} for name in plain.get("channels", ("fhr", "mhr"))]
    features = [{"name": name, "type": "double"} for name in (facts.features.names if facts.features else ())]
    return [*channels, *features, {"name": facts.target, "type": "label"}]
