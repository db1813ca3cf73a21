"""Card of a checkpoint: what it says of itself, in plain types."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from fhr.errors import CheckpointError
from fhr.formats.files.regular_file import cut, shown
from fhr.recording import KINDS, Composition, Heritage, fitted_to_of

__all__ = ["FORMAT", "RANKINGS", "CheckpointCard", "ranking_of"]

FORMAT = 6
"""Of a checkpoint that says how well its model ranks, compares uterine activity, holds the spread between its inner
folds, was recalibrated on births of another hospital, or whose cross-validation is not out-of-fold; 5 of one whose
network holds the scaling of its features, or that learnt from records of which not all were measured; 4 with what its
confidence rests on; 3 of another kind of task than classification; 2 with features and their scaling in the card; 1
without, as before there were any."""

RANKINGS = ("held_out_auroc", "out_of_fold_auroc")
"""Which AUROC a checkpoint holds."""

_KEY = "fhr"
_TUPLES = ("learnt_from", "fold", "made_by", "fitted_to")
_MOST_VALUES, _DEEPEST, _LONGEST = 10**6, 30, 500  # of a card, of lists in lists, characters of a name


@dataclass(frozen=True)
class CheckpointCard:
    """Everything beside the weights that a prediction or a test needs.

    Attributes:
        network: class path and arguments, see `Network.specification`.
        pipeline: the preprocessing, see `fhr.preprocessing.Pipeline.to_dict`.
        target: the label with its inequality.
        prevalence: of the label among the records that were learnt from.
        learnt_from: SHA-256 of every recording that the weights or the calibrator saw.
        data: checksum of the database.
        splits: checksum of the splits.
        fold: repeat, outer fold, inner fold.
        epochs: how many epochs the weights were trained for.
        calibrator: the fitted calibrator, or the thresholds of the samples; None where there is none.
        version: of this package.
        features: what is computed beside the signal: `set`, see `fhr.features.FeatureSet.to_dict`, and its `checksum`,
            which a version that computes otherwise does not have; or None.
        scaling: of the features in formats 2 and 4, see `fhr.features.FeatureScaling.to_dict`; None where the network
            holds it, or where there are no features.
        kind: of the task: `classification` of windows, or `false_signal`, of samples.
        confidence: what the confidence of a prediction rests on, see `fhr.calibration.Reference.to_dict`, or None.
        member: which of the networks that were trained on the same records.
        kinds: number of the records that were learnt from by kind, see `fhr.recording.Provenance`; None where all were
            measured, or where the version that wrote it knew of no other kind.
        made_by: what made those that were not measured.
        fitted_to: the records that these makers were fitted to.
        out_of_fold: False where the cross-validation that the network is of let it learn from its test records, or
            from recordings whose maker was fitted to them: what is known of its accuracy is no estimate then.
        recalibration: what births of another hospital changed of the probabilities, see
            `fhr.calibration.Recalibration.to_dict`, or None.
        ranking: how well the model ranks: `of` (held_out_auroc, of the held-out inner fold of a single fit;
            out_of_fold_auroc, pooled over a cross-validation), `value`, `low`, `high` and `n`; None where it is not
            known.
    """

    network: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    target: str
    prevalence: float
    learnt_from: tuple[str, ...]
    data: str
    splits: str
    fold: tuple[int, int, int]
    epochs: int
    calibrator: Mapping[str, Any] | None
    version: str
    features: Mapping[str, Any] | None = None
    scaling: Mapping[str, Any] | None = None
    kind: str = "classification"
    confidence: Mapping[str, Any] | None = None
    member: int = 0
    kinds: Mapping[str, int] | None = None
    made_by: tuple[str, ...] = ()
    fitted_to: tuple[str, ...] = ()
    out_of_fold: bool = True
    recalibration: Mapping[str, Any] | None = None
    ranking: Mapping[str, Any] | None = None

    @property
    def format(self) -> int:
        """Format of the checkpoint: a version that knows nothing of some fields has to refuse one with them."""
        made = self.ranking is not None or self.recalibration is not None or not self.out_of_fold
        if made or _compares_uterine_activity(self.confidence) or "between" in (self.confidence or {}):
            return 6
        if self.kinds is not None or (self.features is not None and self.scaling is None):
            return 5
        if self.confidence is not None or self.member:
            return 4
        if self.kind != "classification":
            return 3
        return 1 if self.features is None else 2

    @property
    def heritage(self) -> Heritage:
        """Records that these weights have learnt from, for whatever is trained on from them."""
        made = self.composition or Composition({"measured": len(self.learnt_from)} if self.learnt_from else {})
        return Heritage(self.learnt_from, made)

    @property
    def seen(self) -> frozenset[str]:
        """Digests of all records that a test of these weights would be no test on, see `Heritage.seen`."""
        return self.heritage.seen

    @property
    def composition(self) -> Composition | None:
        """Kinds of the records that were learnt from, their makers and what these were fitted to; None as `kinds`."""
        return None if self.kinds is None else Composition(self.kinds, self.made_by, self.fitted_to)

    @property
    def procedure(self) -> str:
        """SHA-256 of what all networks share that one calibrator serves: how they were made, and their outer fold."""
        made = {name: getattr(self, name) for name in ("network", "pipeline", "features", "data", "splits")}
        return hashlib.sha256(json.dumps([made, self.fold[:2]], sort_keys=True, default=list).encode()).hexdigest()

    def write(self, checkpoint: dict[str, Any]) -> None:
        """Put the card into a checkpoint."""
        checkpoint[_KEY] = self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, without the fields that its format does not know."""
        plain = asdict(self) | {"format": self.format}
        for field in _TUPLES:
            plain[field] = list(plain[field])
        if self.features is None:
            del plain["features"]
        if self.scaling is None:
            del plain["scaling"]
        if self.format < 3:
            del plain["kind"]
        if self.format < 4:
            del plain["confidence"], plain["member"]
        if self.format < 5:
            del plain["kinds"], plain["made_by"], plain["fitted_to"]
        if self.out_of_fold:
            del plain["out_of_fold"]  # so that versions that know nothing of it read all others
        if self.format < 6:
            del plain["ranking"], plain["recalibration"]
        return plain

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any], where: str) -> "CheckpointCard":
        """The card of a checkpoint.

        Raises:
            CheckpointError: there is none, or it is of another format.
        """
        return cls.from_dict(checkpoint.get(_KEY) if isinstance(checkpoint, Mapping) else None, where)

    @classmethod
    def from_dict(cls, given: Any, where: str) -> "CheckpointCard":
        """The card that `to_dict` wrote.

        Args:
            given: from a file, and so anything.
            where: the file, for messages.

        Raises:
            CheckpointError: it is none, or of another format.
        """
        if not isinstance(given, Mapping) or "format" not in given:
            raise CheckpointError(f"{where}: no checkpoint of this package; train one with `fhr fit`")
        form, version = given["format"], given.get("version")
        if type(form) is not int or not 1 <= form <= FORMAT:
            by = cut(version) if isinstance(version, str) else "unknown"
            raise CheckpointError(
                f"{where}: checkpoint format {_said(form)}, this version reads formats 1 to {FORMAT}; "
                f"use the version of intrapartum-fhr that wrote it ({by}) or train anew"
            )
        try:
            plain = _plain(given, [_MOST_VALUES])
            del plain["format"]
            for field, fits in _FITS.items():
                if field in plain and not fits(plain[field]):
                    raise ValueError(f"{field} is {_said(plain[field])}")
            plain |= {field: tuple(plain[field]) for field in _TUPLES if field in plain}
            if of_simulator := fitted_to_of(plain.get("made_by", ())):  # of a version that did not say so
                plain["fitted_to"] = tuple(dict.fromkeys([*plain["fitted_to"], *of_simulator]))
            card = cls(**plain)
        except (TypeError, KeyError, ValueError) as error:
            raise CheckpointError(f"{where}: incomplete checkpoint ({cut(str(error))}); train anew") from None
        if card.format != form or (card.scaling is not None and card.features is None):
            raise CheckpointError(f"{where}: incomplete checkpoint (features or their scaling); train anew")
        if card.kinds is None and (card.made_by or card.fitted_to):
            raise CheckpointError(f"{where}: incomplete checkpoint (kinds of its records); train anew")
        return card


def ranking_of(area: Sequence[float], of: str, n: int) -> dict[str, Any] | None:
    """The ranking of a card from an AUROC with the ends of its interval; None where one of them is not known.

    Args:
        area: value, low, high.
        of: one of `RANKINGS`.
        n: records behind it.
    """
    value, low, high = (float(x) for x in area)
    if not all(map(isfinite, (value, low, high))):
        return None
    return {"of": of, "value": value, "low": low, "high": high, "n": n}


def _plain(value: Any, left: list[int], depth: int = 0) -> Any:
    """A copy in plain types; a list that holds itself, or others over and over, has an end all the same."""
    left[0] -= 1
    if depth > _DEEPEST or left[0] < 0:
        raise ValueError("a list within a list without end")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, str):
        value.encode()  # text that no file can hold is no ValueError by chance
        return value
    if isinstance(value, list | tuple):
        return [_plain(one, left, depth + 1) for one in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_plain(key, left): _plain(one, left, depth + 1) for key, one in value.items()}
    raise TypeError(f"a value of the type {type(value).__name__}")


def _said(value: Any) -> str:
    """For a message: short, whatever it is."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, float | None) or (isinstance(value, int) and abs(value) < 2**63):
        return repr(value)
    return f"of the type {type(value).__name__}"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_name, value))


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_kinds_or_none(value: Any) -> bool:
    if value is None:
        return True
    known = isinstance(value, dict) and set(value) <= set(KINDS) and all(map(_is_count, value.values()))
    return known and any(n for kind, n in value.items() if kind != "measured")


def _is_ranking_or_none(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or set(value) != {"of", "value", "low", "high", "n"}:
        return False
    areas = [value[key] for key in ("value", "low", "high")]
    inside = all(isinstance(x, float | int) and not isinstance(x, bool) and 0 <= x <= 1 for x in areas)
    return inside and value["of"] in RANKINGS and _is_count(value["n"])


def _compares_uterine_activity(confidence: Mapping[str, Any] | None) -> bool:
    typicality = confidence.get("typicality") if confidence is not None else None
    return isinstance(typicality, Mapping) and "uc" in typicality


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_table_or_none(value: Any) -> bool:
    return value is None or isinstance(value, dict)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "network": _is_table,
    "pipeline": _is_table,
    "target": _is_name,
    "prevalence": lambda x: isinstance(x, float | int) and 0 <= x <= 1,
    "learnt_from": _is_names,
    "data": _is_name,
    "splits": _is_name,
    "fold": lambda x: isinstance(x, list) and len(x) == 3 and all(map(_is_count, x)),
    "epochs": _is_count,
    "calibrator": _is_table_or_none,
    "version": _is_name,
    "features": lambda x: (
        x is None or (isinstance(x, dict) and _is_table(x.get("set")) and _is_name(x.get("checksum")))
    ),
    "scaling": _is_table_or_none,
    "kind": _is_name,
    "confidence": _is_table_or_none,
    "member": _is_count,
    "kinds": _is_kinds_or_none,
    "made_by": _is_names,
    "fitted_to": _is_names,
    "out_of_fold": _is_truth,
    "recalibration": _is_table_or_none,
    "ranking": _is_ranking_or_none,
}
