"""Cross-validation of a configuration, or of linear lines in its place, kept and reported in MLflow."""

import logging
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fhr.compute import Countdown, check_scheduler, tell, worked_ahead
from fhr.datasets import Place
from fhr.errors import CheckpointError, FHRError, SplitError
from fhr.evaluation import (
    BASELINES,
    BESIDE,
    GROUP_LINES,
    MADE_BY,
    Baseline,
    CrossValidation,
    EmbeddedMaker,
    FittedFold,
    GroupLine,
    KernelLineMaker,
    Maker,
    OverPermutations,
    Procedure,
    ResidualMaker,
    baseline_table,
    check_inner_folds,
    check_makers,
    check_other_label,
    cross_validate,
    feature_table,
    finished_folds,
    group_features,
    keep,
    lines,
    marked,
    of_this_source,
    over_permutations,
    trained_by,
    unseen,
    write_report,
)
from fhr.metrics import Interval
from fhr.prediction import beside_the_run, log_model
from fhr.preprocessing import Pipeline
from fhr.tasks import (
    NOTE,
    ClassificationTask,
    DataFacts,
    best_line,
    data_name,
    dataset_input,
    metric_values,
    parameters,
    plain_facts,
    run_description,
    run_tags,
)
from fhr.tracking import HEADLINE, METRICS_FILE, environment, give_columns, headline, metrics_table, source_state

from .class_paths import with_current_class_paths
from .crossval_maker import ConfiguredMaker
from .crossval_plan import Plan, plan_of
from .crossval_store import CrossvalStore
from .quiet_libraries import quieten
from .run_names import joined
from .training_cli import TrainingCLI

__all__ = ["Outcome", "crossval", "has_features"]

_log = logging.getLogger(__name__)
_ON_ANOTHER = ("head", "residual_on", "embedding_in")  # settings of a procedure: what the network serves
_PERMUTATIONS = 20  # of a line, beside one run of a network on permuted records


@dataclass(frozen=True)
class Outcome:
    """Result of one cross-validation.

    Attributes:
        run_id: of the MLflow run.
        results: metrics of the model, with intervals.
        predictions: out-of-fold, one row a record and repeat.
        table: one row a model, those that stand beside it included.
        quarantined: records that were left out, with the reason.
        predicts: whether the run holds networks for new recordings.
        example: path of one of the recordings, or None where they are no files.
        control: of a control, its AUROC over permutations; else None.
        null: of a network on permuted records, the AUROC of a line over permutations; else None.
    """

    run_id: str
    results: dict[str, Interval]
    predictions: pd.DataFrame
    table: list[dict[str, Any]]
    quarantined: dict[str, str]
    predicts: bool = True
    example: str | None = None
    control: OverPermutations | None = None
    null: OverPermutations | None = None


def crossval(plan: Plan) -> Iterator[Outcome]:
    """Cross-validate one configuration, or each of the linear lines, as `plan` says.

    Raises:
        FHRError: a mistake in the configuration or the data.
    """
    quieten()
    store = source = None
    if plan.resume is not None:
        store = CrossvalStore.open(plan.resume)
        plan = plan_of(store, plan)
    asked = lines(plan.baselines)
    if plan.networks_of is not None:
        source = CrossvalStore.open(plan.networks_of)
        params = source.run.data.params
        plan = replace(plan, inner=int(params["inner_models"]), members=int(params["members"]))
        plan = replace(plan, name=plan.name or params.get("name"))
    cli = TrainingCLI(plan.arguments, tracked=False, run=False)
    facts = _facts(cli, plan)
    if cli.datamodule.permute is not None and asked:
        raise FHRError("`--data.permute` is for networks; permute a baseline with `--permutations N`")
    if cli.config.procedure is not None and not asked:
        for given, option in ((cli.datamodule.permute, "--data.permute"), (plan.networks_of, "--networks-of")):
            if given is not None:
                raise FHRError(f"`{option}` is for a network alone; leave the lines out with `--procedure null`")
    if store is not None and any(store.run.data.tags.get(key) != value for key, value in source_state().items()):
        _log.warning("run %s was started from another state of the source than it goes on with now", store.run_id)
    if source is not None:
        _check_networks(source, cli, facts, plan.repeats)
    work = _Work(cli, facts, plan)
    for line in asked:
        yield work.on(line, store)
    if not asked:
        yield work.on(None, store, source)


class _Work:
    """One configuration on its data: what each of the models that are asked for shares."""

    def __init__(self, cli: TrainingCLI, facts: DataFacts, plan: Plan) -> None:
        self._cli, self._facts, self._plan = cli, facts, plan
        # Some seconds each, once all else is checked.
        self._table: Callable[[], pd.DataFrame] = cache(lambda: baseline_table(facts.recordings.values()))
        assert isinstance(facts.pipeline, Pipeline)  # of a classification
        self._pipeline = facts.pipeline
        self._feature_table = partial(feature_table, features=group_features(facts.pipeline))
        self._groups: Callable[[], pd.DataFrame] = cache(lambda: self._feature_table(facts.recordings.values()))
        procedure = cli.config.procedure
        self._combined = [] if procedure is None else lines(procedure.lines)
        self._head = None if procedure is None else procedure.head
        asked = {} if procedure is None else {name: getattr(procedure, name) for name in _ON_ANOTHER}
        given = [f"`{name}: {value}`" for name, value in asked.items() if value is not None]
        if len(given) > 1:
            raise FHRError(f"{' with '.join(given)}; each says what the network serves: give one of them")
        self._beneath, self._around = (
            None if asked.get(name) is None else _kernel(name, asked[name]) for name in ("residual_on", "embedding_in")
        )

    def on(
        self, line: Baseline | GroupLine | None, store: CrossvalStore | None = None, source: CrossvalStore | None = None
    ) -> Outcome:
        """Cross-validate a line, or the network of the configuration, and report on it."""
        cli, facts, plan = self._cli, self._facts, self._plan
        control = ", permuted records" if plan.permutations or cli.datamodule.permute is not None else ""
        usual = "whole procedure" if self._combined else self._network_name
        name = line.name if line else plan.name or usual
        name = marked(marked(name, True).removesuffix(control) + control, plan.out_of_fold)
        store = store or self._new_run(line, name, source)
        with store.working():
            if source is not None:
                first = Place.first(cli.datamodule.database_read, facts.target, facts.splits)
                made = trained_by(self._network(name))
                done = of_this_source(store.made(), {MADE_BY: made}, f"run {store.run_id}")
                missing = [place for place in _places(facts, plan.repeats) if place not in done]
                taken = (_taken(source, first.at(*place), plan.out_of_fold) for place in missing)
                for fold in finished_folds(taken, first, out_of_fold=plan.out_of_fold):
                    store.keep(replace(fold, made_by=made))
            elsewhere = line is None and self._is_alone and (plan.workers > 1 or plan.scheduler is not None)
            if line is None:
                n = len(_places(facts, plan.repeats))
                tell("%s, %s: %d outer folds of %d inner folds to train", name, facts.target, n, plan.inner)
            with ExitStack() as stack:
                if elsewhere:  # while other processes train, this one computes what the lines need
                    statistics, groups = (
                        stack.enter_context(worked_ahead(table, facts.recordings.values()))
                        for table in (baseline_table, self._feature_table)
                    )
                make = (
                    self._procedure(name)
                    if line is None
                    else self._line(line, kept=_is_kernel_line(line) and not plan.permutations)
                )
                result = self._cross_validated(
                    make, name, store, permutations=plan.permutations, of_networks=line is None
                )
                if elsewhere:
                    self._table, self._groups = statistics, groups
                result = self._titled(result, line)
                outcome = self._reported(store, result, line)
            if plan.keep is not None:
                self._keep(store, result, name)
        if outcome.predicts:
            with beside_the_run(outcome.run_id):
                log_model(outcome.run_id)
        return outcome

    def _line(self, line: Baseline | GroupLine, *, kept: bool = False) -> Maker:
        if isinstance(line, GroupLine):
            return line.maker(self._groups(), pipeline=self._pipeline, kept=kept)
        return line.maker(self._table(), pipeline=self._pipeline, kept=kept)

    def _procedure(self, name: str) -> Maker:
        """The configuration's network, with the lines that it is combined with."""
        network: Maker = self._network(name)
        if self._head is not None:
            network = EmbeddedMaker(network, self._head, name)
        if self._combined or self._beneath is not None or self._around is not None:
            tell("features of %d recordings", len(self._facts.recordings))
        if self._beneath is not None:
            network = ResidualMaker(network, self._kernel_line(self._beneath), name)
        if self._around is not None:
            network = EmbeddedMaker(network, name=name, line=self._kernel_line(self._around))
        if not self._combined:
            return network
        makers: tuple[Maker, ...] = (network, *(self._line(line, kept=True) for line in self._combined))
        return Procedure(makers, by=self._cli.config.procedure.by)

    def _kernel_line(self, line: GroupLine) -> KernelLineMaker:
        made = line.maker(self._groups(), pipeline=self._pipeline)
        assert isinstance(made, KernelLineMaker)  # see `_kernel`
        return made

    @property
    def _is_alone(self) -> bool:
        """True for a network with its own head that no line stands beside or beneath: a checkpoint holds all of it."""
        return not self._combined and self._beneath is None and self._around is None and self._head is None

    @property
    def _network_name(self) -> str:
        name = type(self._cli.model.model).__name__
        if self._head is not None:
            name = f"{name}, {self._head} head"
        if self._around is not None:
            name = f"{name} in the {self._around.name}"
        return name if self._beneath is None else f"{name} on the {self._beneath.name}"

    def _network(self, name: str) -> ConfiguredMaker:
        """Maker of the configuration's network."""
        return ConfiguredMaker.of(self._cli, name)

    def _cross_validated(
        self,
        make: Maker,
        name: str,
        store: CrossvalStore | None = None,
        *,
        permutations: int = 0,
        of_networks: bool = False,
    ) -> CrossValidation:
        cli, facts, plan = self._cli, self._facts, self._plan
        return cross_validate(
            make,
            cli.datamodule.database_read,
            target=facts.target,
            splits=facts.splits,
            repeats=plan.repeats,
            inner=plan.inner if of_networks else 4,
            members=plan.members if of_networks else 1,
            permutations=permutations,
            seed=int(cli.config.seed_everything),
            at_once=plan.at_once if of_networks else None,
            store=store,
            workers=plan.workers if of_networks else 1,
            scheduler=plan.scheduler if of_networks else None,
            name=name,
            out_of_fold=plan.out_of_fold,
        )

    def _titled(self, result: CrossValidation, line: Baseline | GroupLine | None) -> CrossValidation:
        """A result of networks under the title that says how many of them are averaged."""
        if line is not None:
            return result
        members = f" x {result.members} members" if result.members > 1 else ""
        title = f"{marked(result.name, True)} ({result.inner} inner networks{members})"
        if self._combined:
            combined = " + ".join([self._network_name, *(one.slug for one in self._combined)])
            title = f"{marked(result.name, True)} ({combined}, {result.by})"
        return result.titled(marked(title, result.out_of_fold))

    def _reported(self, store: CrossvalStore, result: CrossValidation, line: Baseline | GroupLine | None) -> Outcome:
        cli, facts = self._cli, self._facts
        network = ""
        beside, null = [], None
        if line is None and result.permutations:
            null = self._null()
        if line is None:
            network = cli.model.model.specification["class_path"]
        if line is None and self._combined:
            names = [self._network_name, *(one.name for one in self._combined)]
            beside += [family.titled(_alone(name)) for family, name in zip(result.families(), names, strict=True)]
        if line is None and not result.permutations:
            others = [
                other
                for other in BESIDE
                if other not in self._combined and has_features(other, self._groups, facts.recordings)
            ]
            tell("%d baselines on the same folds", len(others))
            with Countdown(len(others), what="baseline") as countdown:
                for other in others:
                    beside.append(self._cross_validated(self._line(other), other.name))
                    countdown.update()
        tell("report: intervals, tables, figures")
        with tempfile.TemporaryDirectory() as folder:
            report = write_report(
                result,
                folder,
                beside=beside,
                table=self._table(),
                network=network,
                window_minutes=self._pipeline.minutes,
                window=self._pipeline.window if self._pipeline.is_cut else "",
                features=facts.features,
                left_out=len(facts.quarantined),
            )
            metrics = metric_values(report.results) | metric_values(report.audit, "audit/")
            metrics |= {f"baseline/auroc {other}".replace(",", ""): value for other, value in report.beside.items()}
            Path(folder, METRICS_FILE).write_text(metrics_table(metrics), encoding="utf-8")
            store.client.log_artifacts(store.run_id, folder)
        metrics = headline(metrics)
        for kind, over in (("control", report.control), ("null", null)):
            if over is not None:
                metrics |= {f"{kind}/auroc {part}": getattr(over, part) for part in over._fields if part != "values"}
        store.log(metrics=metrics)
        if report.card is not None:
            said = best_line(report.beside, itself=_alone(self._network_name))
            store.client.set_tag(store.run_id, NOTE, run_description(report.card, report.audit, said))
        quarantined = dict(facts.quarantined)
        first = next(iter(facts.recordings.values())).source
        return Outcome(
            store.run_id,
            report.results,
            result.predictions,
            report.rows,
            quarantined,
            store.keeps_models,
            first.path if first is not None and first.sha256 else None,
            control=report.control,
            null=null,
        )

    def _null(self) -> OverPermutations:
        """Spread of a line that has nothing to learn, on the same folds: what one run of a network stands beside."""
        tell("%d permutations of a line, for the spread of one that learns nothing", _PERMUTATIONS)
        line = BASELINES[0]
        result = self._cross_validated(line.maker(self._table()), line.name, permutations=_PERMUTATIONS)
        return over_permutations(result.predictions, result.permutations)

    def _keep(self, store: CrossvalStore, result: CrossValidation, name: str) -> None:
        """Put the predictions and their row into the kept table of a folder."""
        run = store.run
        keep(
            str(self._plan.keep),
            result.predictions,
            model=name,
            label=self._facts.target,
            run_id=store.run_id,
            commit=run.data.tags["git_commit"] + ("+" if run.data.tags["git_dirty"] == "true" else ""),
            split_sha=run.data.tags["split_checksum"],
            config=self._plan.config,
            machine=f"{os.cpu_count()} {platform.machine()} cores",
            date=date.isoformat(datetime.fromtimestamp(run.info.start_time / 1000, UTC).date()),
            calibration=result.metrics,
        )

    def _new_run(self, line: Baseline | GroupLine | None, name: str, source: CrossvalStore | None) -> CrossvalStore:
        cli, facts, plan = self._cli, self._facts, self._plan
        repeats, n_folds = plan.permutations or plan.repeats, len(facts.splits.folds[0])
        differs = cli.differences(*(["data"] if line else [])) if line or not plan.name else ""
        done = f"cross-validation {repeats} x {n_folds} x {plan.inner}"
        title = joined(name, differs, data_name(facts.origin), done)
        store = CrossvalStore.create(cli.datamodule.experiment, title, run_tags(facts))
        settings: dict[str, Any] = {"repeats": plan.repeats, "inner_models": plan.inner, "members": plan.members}
        settings |= {"name": name, "config": plan.config, "target": facts.target}
        if line is not None:
            if isinstance(line, GroupLine):
                columns = ", ".join((*line.groups, *line.covariates))
            else:
                columns = ", ".join(line.columns or ("all",))[:500]
            settings |= {"baseline": line.slug, "permutations": plan.permutations, "columns": columns}
        else:
            one_fit = {"repeat", "fold", "inner", "device", *(f"n_{use}" for use in vars(facts.partition))}
            of_the_training = parameters(cli.trainer, cli.model, facts, cli.datamodule)
            settings = {k: v for k, v in of_the_training.items() if k not in one_fit} | settings
            if self._combined:
                slugs = ", ".join(one.slug for one in self._combined)
                settings |= {"procedure": slugs, "procedure_by": cli.config.procedure.by}
        if source is not None:
            settings["networks_of"] = source.run_id
        if not plan.out_of_fold:
            settings["out_of_fold"] = False
        client, run_id = store.client, store.run_id
        store.log(parameters=settings)
        client.log_text(run_id, cli.configuration(), "config.yaml")
        client.log_dict(run_id, environment(), "environment.json")
        record = {key: value for key, value in plain_facts(facts).items() if key not in ("fold", "records")}
        client.log_dict(run_id, record, "data.json")  # the folds are in splits.json
        client.log_inputs(run_id, [dataset_input(facts, list(facts.recordings), "cross-validation")])
        give_columns(client, store.experiment, HEADLINE)
        with tempfile.TemporaryDirectory() as folder:
            client.log_artifact(run_id, str(facts.splits.save(Path(folder, "splits.json"))))
        return store


def _is_kernel_line(line: Baseline | GroupLine) -> bool:
    return isinstance(line, GroupLine) and line.make is None


def _alone(name: str) -> str:
    """Name of a part of a whole procedure, where it stands beside it."""
    return f"{name}, alone"


def has_features(line: Baseline | GroupLine, table: Callable[[], pd.DataFrame], names: Iterable[str]) -> bool:
    """True unless some recording lacks the features of a line, for its rate is no whole number, say; with a warning.

    Args:
        line: that may stand beside a network.
        table: gives the features of the lines on groups.
        names: of the recordings.
    """
    if not isinstance(line, GroupLine):
        return True
    if lacking := sorted(set(names) - set(table().index)):
        _log.warning("no %s beside the network: it has no features of %s", line.name, ", ".join(lacking[:3]))
    return not lacking


def _kernel(setting: str, slug: str) -> GroupLine:
    """The kernel line of a short name, that a setting gives.

    Raises:
        FHRError: another line, which has no kernels, or none.
    """
    kernels = {line.slug: line for line in GROUP_LINES if line.make is None}
    if slug not in kernels:
        raise FHRError(f"`{setting}: {slug}` is no kernel line; take one of {', '.join(kernels)}")
    return kernels[slug]


def _facts(cli: TrainingCLI, plan: Plan) -> DataFacts:
    """The data, once everything that can be refused before the training has been."""
    if not isinstance(cli.model, ClassificationTask):
        raise FHRError(
            f"a cross-validation of {type(cli.model).__name__}; `fhr crossval` is for classification; fit each fold "
            "with `fhr fit --data.fold K`"
        )
    if plan.scheduler is not None:
        check_scheduler(plan.scheduler)
    cli.datamodule.setup("fit")
    facts: DataFacts = cli.datamodule.facts
    if plan.repeats > (available := len(facts.splits.folds)):
        raise SplitError(f"--repeats {plan.repeats}; the split has {available}")
    if plan.n_folds not in (None, n_folds := len(facts.splits.folds[0])):
        raise SplitError(
            f"--folds {plan.n_folds}; the split has {n_folds}: make another with `fhr splits`, and name it with "
            "`--data.splits FILE`"
        )
    first = Place.first(cli.datamodule.database_read, facts.target, facts.splits)
    check_inner_folds(first, _places(facts, plan.repeats), plan.inner)
    if plan.out_of_fold:
        check_makers(first, _places(facts, plan.repeats))
    return facts


def _taken(source: CrossvalStore, place: Place, out_of_fold: bool) -> FittedFold:
    """A fold of another run, whose networks must not have seen the test records."""
    with unseen(place) if out_of_fold else nullcontext():
        return source.fitted(place.repeat, place.fold)


def _check_networks(source: CrossvalStore, cli: TrainingCLI, facts: DataFacts, repeats: int) -> None:
    """Refuse networks of another run that cannot serve this label: they must have learnt pH itself, on the same data.

    Raises:
        CheckpointError: see `check_other_label`; other data or splits, or a run that lacks some of the outer folds.
    """
    run_id, run = source.run_id, source.run
    if "baseline" in run.data.params:
        raise CheckpointError(f"run {run_id} is of a linear line and holds no networks; give one that trained some")
    texts = (source.configuration(), cli.configuration())
    there, here = (with_current_class_paths(yaml.safe_load(text)) for text in texts)
    data = cli.datamodule
    by_class = data.class_weights != "none" or data.rebalancing is not None
    learnt_label = getattr(cli.model.loss, "needs_label", True) or by_class
    check_other_label(run_id, there, here, learnt_label=learnt_label)
    found = {"data_checksum": facts.data_checksum, "split_checksum": facts.splits.checksum}
    if others := [key for key, value in found.items() if run.data.tags.get(key) != value]:
        raise CheckpointError(f"run {run_id} has another {others[0].replace('_', ' ')}; use the same data")
    known, wanted = source.folds(), _places(facts, repeats)
    if missing := [place for place in wanted if place not in known]:
        raise CheckpointError(
            f"run {run_id} lacks {len(missing)} of {len(wanted)} outer folds; let it end first, or ask for fewer "
            "repeats"
        )


def _places(facts: DataFacts, repeats: int) -> list[tuple[int, int]]:
    return [(repeat, fold) for repeat in range(repeats) for fold in range(len(facts.splits.folds[0]))]
