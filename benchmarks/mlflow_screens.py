"""MLflow's pages of a small store, as a browser shows them: list of runs, two runs compared, one run.

Makes a store with fits and a cross-validation on simulated labours, and with a fit on CTU-UHB where FHR_DATA names the
folder that holds it; starts `fhr ui`, opens the address that it prints in a headless Chromium, and writes PNGs. Says
how long it took until the address was printed, and how many metrics each run holds.

python benchmarks/mlflow_screens.py [--out build/mlflow-screens] [--keep]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

FHR = [sys.executable, "-m", "fhr", "-q"]
SIMULATED = ["--config", "cnn", "--data.root", "labours", "--data.target", "ph<7.20", "--trainer.max_epochs"]
FITS = (
    [*SIMULATED, "4"],
    [*SIMULATED, "4", "--model.learning_rate", "0.008"],
    [*SIMULATED, "8", "--model.learning_rate", "0.008", "--model.model.n_filters", "4"],
    [*SIMULATED, "4", "--name", "a name of one's own"],
)
PATIENCE = 180  # s for a page, on a busy machine
TRAINING = "workflowType=machine_learning"  # as the page remembers it of the address that it was opened with


def fhr(folder: Path, *arguments: str) -> str:
    """The stdout of a verb."""
    done = subprocess.run([*FHR, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def fill(folder: Path) -> None:
    """Make the runs of a store."""
    fhr(folder, "simulate", "--n", "200", "--explained", "1", "--out", "labours")
    fits = [fhr(folder, "fit", *arguments) for arguments in FITS]
    for run in fits[:-1]:  # the last one stays untested
        fhr(folder, "test", "--run", run)
    fhr(folder, "crossval", *SIMULATED, "4", "--model.learning_rate", "0.008", "--inner", "1")
    if os.environ.get("FHR_DATA"):
        fhr(folder, "test", "--run", fhr(folder, "fit", "--config", "cnn", "--trainer.max_epochs", "4"))


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """The address that `fhr ui` prints."""
    began = time.perf_counter()
    command = [*FHR, "ui", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        print(f"{address}\nafter {time.perf_counter() - began:.1f} s")
        try:
            yield address
        finally:
            process.terminate()
            print("exit code", process.wait())


@contextmanager
def browser() -> Iterator[WebDriver]:
    """A headless Chromium of Debian's."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1700,1500"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


def picture(driver: WebDriver, address: str, words: str, path: Path) -> None:
    """Open an address, wait for some words, and write what is seen."""
    driver.get(address)
    WebDriverWait(driver, PATIENCE).until(lambda page: words in page.find_element(By.TAG_NAME, "body").text)
    time.sleep(3)  # charts are drawn
    driver.save_screenshot(str(path))
    print(path, "shows", repr(words))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build", "mlflow-screens"))
    parser.add_argument("--port", type=int, default=5055)
    parser.add_argument("--keep", action="store_true", help="take the store that is there")
    options = parser.parse_args()
    store = options.out / "store"
    if not options.keep:
        shutil.rmtree(options.out, ignore_errors=True)
        store.mkdir(parents=True)
        fill(store)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{store.absolute()}/mlruns/mlflow.db")
    experiments = {one.experiment_id: one.name for one in client.search_experiments()}
    runs = [r for r in client.search_runs(list(experiments)) if "mlflow.parentRunId" not in r.data.tags]
    for run in runs:
        print(f"{experiments[run.info.experiment_id]} | {run.info.run_name} | {len(run.data.metrics)} metrics")
    simulated = next(e for e, name in experiments.items() if name.endswith("(simulated)"))
    tested = [r for r in runs if r.info.experiment_id == simulated and "test/auroc" in r.data.metrics]
    crossval = next(r for r in tested if r.data.tags.get("kind") == "cross-validation")
    with served(store, options.port) as address, browser() as driver:
        home = address.partition("/#")[0]
        driver.get(home)
        driver.execute_script("localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')")
        picture(driver, address, "test/auroc", options.out / "list.png")
        found = re.sub(r"/experiments/\d+/", f"/experiments/{simulated}/", address)
        picture(driver, found, "test/auroc", options.out / "list-simulated.png")
        fits = [run for run in tested if run.info.run_id != crossval.info.run_id]
        both = json.dumps([run.info.run_id for run in fits[:2]])
        compared = f"{home}/#/compare-runs?runs={both}&experiments={json.dumps([simulated])}&{TRAINING}"
        picture(driver, compared, "Comparing 2 Runs", options.out / "comparison.png")
        for name, run in (("fit", fits[0]), ("crossval", crossval)):
            page = f"{home}/#/experiments/{simulated}/runs/{run.info.run_id}?{TRAINING}"
            picture(driver, page, "Description", options.out / f"run-{name}.png")


if __name__ == "__main__":
    main()
