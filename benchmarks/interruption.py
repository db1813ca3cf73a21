"""Fits of a small network killed at random moments, each resumed, and compared with one that was never killed.

    python benchmarks/interruption.py --kills 100

Every trial is a fit in a process of its own, killed with SIGKILL at a moment drawn uniformly over the time that a whole
fit takes; a third of the resumed fits are killed again. Processes come from one that has imported everything already
(a fork server), so that kills fall into the fit and not into its imports. All runs are in one MLflow store.
"""

import argparse
import contextlib
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

CONFIGURATION = """
seed_everything: 1
model:
  class_path: fhr.tasks.ClassificationTask
  init_args:
    model:
      class_path: fhr.models.InceptionNet
      init_args: {{n_filters: 2, kernel_sizes: [5, 11], depth: 2, stride: 4, dropout: 0.3}}
    loss: fhr.losses.PHRegression
    learning_rate: 0.01
data:
  class_path: fhr.datamodules.CTUUHBDataModule
  init_args: {{root: {root}, target: ph<7.20, window_minutes: 20, batch_size: 16,
               augmentation: fhr.preprocessing.Augmentation}}
trainer: {{max_epochs: {epochs}, deterministic: true, accelerator: cpu, log_every_n_steps: 2}}
"""


def fit(folder: str, arguments: list[str]) -> None:
    """One fit in a process of its own."""
    from fhr.cli import main

    os.chdir(folder)
    with open("log.txt", "a") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        code = main(["fit", *arguments])
    os._exit(code)


def start(arguments: list[str]) -> multiprocessing.Process:
    """A fit that runs, in the current folder."""
    process = multiprocessing.get_context("forkserver").Process(target=fit, args=(os.getcwd(), arguments))
    process.start()
    return process


def everything(run_id: str) -> tuple[str, dict[str, bytes], dict[str, list[tuple[int, float]]]]:
    """Status, tensors as bytes, and the metrics step by step of a run; two values of one step stay two."""
    import torch

    from fhr.tracking import mlflow_client, run_checkpoints

    client = mlflow_client()
    run = client.get_run(run_id)
    (path,) = run_checkpoints(run_id)
    weights = torch.load(path, weights_only=True)["state_dict"]
    tensors = {key: value.numpy().tobytes() for key, value in weights.items()}
    history = {key: client.get_metric_history(run_id, key) for key in run.data.metrics}
    return run.info.status, tensors, {key: sorted({(m.step, m.value) for m in all_}) for key, all_ in history.items()}


def differences(one: tuple, other: tuple) -> list[str]:
    """What differs between two runs."""
    status = ["status"] if one[0] != other[0] else []
    return status + [key for a, b in zip(one[1:], other[1:], strict=True) for key in a | b if a.get(key) != b.get(key)]


def runs() -> dict[str, str]:
    """State of every run of the store."""
    from fhr.tracking import has_store, mlflow_client, run_state

    if not has_store():
        return {}
    client = mlflow_client()
    experiments = [e.experiment_id for e in client.search_experiments()]
    return {run.info.run_id: run_state(run) for run in client.search_runs(experiments, max_results=1000)}


def killed(process: multiprocessing.Process, after: float) -> bool:
    """Whether the process was still at work when it was killed, `after` so many seconds."""
    process.join(after)
    process.kill()
    process.join()
    return process.exitcode == -9


def main() -> None:
    """Kill, resume, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of runs; those before there is a run are not counted")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, os.getcwd())
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    multiprocessing.get_context("forkserver").set_forkserver_preload(["fhr.cli.training", "fhr.datamodules", "mlflow"])
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        from fhr.simulation import write_database

        root = write_database(Path(folder, "births"), 120, seed=3)
        Path("small.yaml").write_text(CONFIGURATION.format(root=root, epochs=options.epochs))
        fresh = ["--config", str(Path("small.yaml").absolute())]
        times = []
        for _ in range(3):
            began = time.perf_counter()
            process = start(fresh)
            process.join()
            times.append(time.perf_counter() - began)
            if process.exitcode not in (0, 1):  # 1: records without signal were left out
                raise SystemExit(Path("log.txt").read_text())
        whole = median(times)
        known = dict(runs())
        reference, *others = (everything(run_id) for run_id in known)
        if any(other != reference for other in others):
            raise SystemExit("unbroken fits differ from each other; nothing can be compared")

        kills = again = before = not_stale = lost = different = resumed = 0
        while kills - before < options.kills:
            if not killed(start(fresh), rng.uniform(0, whole)):
                known = dict(runs())
                continue  # it was faster
            kills += 1
            now = runs()
            new = [run_id for run_id in now if run_id not in known]
            known = now
            if not new:
                before += 1
                continue
            (run_id,) = new
            if now[run_id] == "FINISHED":
                pass  # killed on its way out
            elif now[run_id] != "STALE":
                not_stale += 1
            while kills - before < options.kills and rng.random() < 1 / 3:
                if killed(start(["--resume", run_id]), rng.uniform(0, whole)):
                    kills += 1
                    again += 1
            process = start(["--resume", run_id])
            process.join()
            resumed += 1
            try:
                differing = differences(everything(run_id), reference)
            except Exception as error:  # a run that cannot be read is what is looked for
                sys.stderr.write(f"{run_id}: {error!r}\n")
                lost += 1
                continue
            if process.exitcode not in (0, 1) or differing:
                different += 1
                sys.stderr.write(f"{run_id}: exit {process.exitcode}, differs in {differing}\n")
        left = list(Path("mlruns", "checkpoints").glob("*")) if Path("mlruns", "checkpoints").is_dir() else []
        state = runs()
        unfinished = sum(value != "FINISHED" for value in state.values())
    print("| what | number |\n| --- | --- |")
    print(f"| a whole fit ({options.epochs} epochs), median of 3 | {whole:.1f} s |")
    print(f"| kills | {kills} |")
    print(f"| of these, of fits that had been resumed | {again} |")
    print(f"| of these, before there was a run | {before} |")
    print(f"| killed runs not recognised as stale | {not_stale} |")
    print(f"| resumed to the end | {resumed} |")
    print(f"| runs lost | {lost} |")
    print(f"| runs with other weights, metrics or status | {different} |")
    print(f"| runs of the store that are not FINISHED at the end | {unfinished} |")
    print(f"| folders left in mlruns/checkpoints | {len(left)} |")


if __name__ == "__main__":
    main()
