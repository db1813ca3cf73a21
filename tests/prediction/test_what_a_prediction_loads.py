"""A model that needs no torch predicts without it, and without any other library that a prediction has no use for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_kinds import long_recording
from small_kernel_line import finished_card, kernel_line

import fhr
from fhr.models import pack_model

ROOT = Path(__file__).resolve().parents[2]
NEEDLESS = (
    *("torch", "torchmetrics", "pytorch_lightning", "sklearn", "mlflow", "matplotlib", "plotly", "dask", "pywt"),
    *("scipy.stats", "scipy.signal", "scipy.optimize", "scipy.interpolate", "pyarrow.parquet"),
)
CODE = f"""
import json, sys
import fhr.prediction, fhr.features, fhr.confidence
from fhr.metrics import auroc
loaded = lambda: sorted(set({NEEDLESS}) & set(sys.modules))
said = [loaded()]
recording = fhr.read(sys.argv[2])
predictor = fhr.load(sys.argv[1])
prediction = predictor.predict(recording)
table = predictor.timeline(recording)
card = prediction.card()
said += [loaded(), prediction.probability, prediction.score, list(prediction.warnings), len(table)]
json.dump(said, sys.stdout)
"""


@pytest.mark.process
def test_neither_torch_nor_what_fits_is_loaded_for_a_prediction(tmp_path):
    model, recording = tmp_path / "line.npz", long_recording(False)
    model.write_bytes(pack_model(finished_card(), kernel_line()))
    path = fhr.write_npz(recording, tmp_path / "recording.npz")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CODE, str(model), str(path)]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    imported, used, *said = json.loads(answer.stdout)
    assert (imported, used) == ([], [])
    here = fhr.load(model).predict(fhr.read(path))
    assert said == [here.probability, here.score, list(here.warnings), 2]
