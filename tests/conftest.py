"""Data that tests of several rooms share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from fhr.datasets import CTUUHB
from fhr.simulation import write_database

# The same examples on every run and machine; a slow machine is no failure.
settings.register_profile("fhr", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("fhr")


@pytest.fixture(scope="session")
def ctu_uhb() -> Path:
    """The folder of real recordings."""
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder that holds ctu-uhb-ctgdb")
    return Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb"


@pytest.fixture(scope="session")
def ctu_uhb_database(ctu_uhb: Path) -> CTUUHB:
    """The real recordings, read once."""
    return CTUUHB(ctu_uhb)


@pytest.fixture(scope="session")
def simulated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 simulated recordings; tests that change files copy them first."""
    return write_database(tmp_path_factory.mktemp("simulated"), 60, seed=20)


@pytest.fixture(scope="session")
def simulated_database(simulated_folder: Path) -> CTUUHB:
    """The simulated recordings, read once."""
    return CTUUHB(simulated_folder)
