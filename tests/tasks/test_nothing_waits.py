"""No training step waits for a GPU: nothing that it computes hangs on a value that the CPU would have to fetch.

Shown without a GPU on the meta device, which has no values: what needs one fails there (`item`, `nonzero`, indexing by
booleans, `if tensor`). Copies from the CPU to the device, which would wait too, are refused.
"""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from fhr.features import FeatureScaling
from fhr.losses import AcidosisRegression, AcidosisTarget, BinaryCrossEntropy, PHRegression, SmoothedCrossEntropy
from fhr.models import CTGNet, DeepKernel, InceptionNet
from fhr.models.false_signal import FalseSignalNet
from fhr.tasks import Batch, ClassificationTask, EnsembleTask, FalseSignalTask, KernelTask, SampleBatch


class NoCopies(TorchFunctionMode):
    """Refuses to make tensors of numbers elsewhere than on the CPU, and to copy from one device to another."""

    NUMBERS = (torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor.new_tensor)
    COPIES = (torch.Tensor.to, torch.Tensor.type_as, torch.Tensor.copy_)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if function in self.NUMBERS and found.device.type != "cpu":
            raise AssertionError(f"{function} waits for the device")
        tensors = [x for x in (found, *args) if isinstance(x, torch.Tensor)]
        if function in self.COPIES and len({x.device.type for x in tensors}) > 1:
            raise AssertionError(f"{function} waits for the device")
        return found


TRUNK = {"n_filters": 2, "kernel_sizes": [5], "depth": 2, "stride": 4}


def network(n_features: int = 0) -> InceptionNet:
    made = InceptionNet(**TRUNK, n_features=n_features)
    if n_features:
        made.take_scaling(FeatureScaling((0.0,) * n_features, (1.0,) * n_features))
    return made


def members(at_once: bool) -> EnsembleTask:
    return EnsembleTask([ClassificationTask(network(), AcidosisRegression()) for _ in range(2)], at_once=at_once)


def windows(*shape: int, n_features: int = 0) -> Batch:
    signal, ph = torch.randn(*shape, 3, 240), 7.2 + 0.1 * torch.randn(shape)
    ph[..., 0] = torch.nan
    features, bdecf = torch.randn(*shape, n_features).double(), 40 * (7.4 - ph)
    return Batch(signal, (ph <= 7.15).float(), ph, torch.ones(shape), features, bdecf, torch.randn(shape))


def samples() -> SampleBatch:
    target = (torch.rand(2, 2, 640) < 0.5).float()
    return SampleBatch(torch.randn(2, 4, 640), target, torch.ones_like(target), ("a", "b"), "mixed")


STEPS = {
    "kernel head": lambda: (KernelTask(DeepKernel(trunk_args=TRUNK), AcidosisTarget()), windows(24)),
    "pH": lambda: (ClassificationTask(network(), PHRegression()), windows(4)),
    "cross-entropy": lambda: (ClassificationTask(network(), BinaryCrossEntropy()), windows(4)),
    "acidosis": lambda: (
        ClassificationTask(network(), AcidosisRegression(indicators=[7.05, 7.10], own=0.5)),
        windows(4),
    ),
    "smoothed": lambda: (ClassificationTask(network(), SmoothedCrossEntropy("ph<=7.15")), windows(4)),
    "features": lambda: (ClassificationTask(network(5), PHRegression()), windows(4, n_features=5)),
    "CTG-net": lambda: (ClassificationTask(CTGNet(n_times=240), PHRegression()), windows(4)),
    "members in turn": lambda: (members(False), windows(2, 4)),
    "members at once": lambda: (members(True), windows(2, 4)),
    "false signals": lambda: (
        FalseSignalTask(FalseSignalNet(widths=[4, 4], hidden=4), BinaryCrossEntropy()),
        samples(),
    ),
}


@pytest.fixture(params=STEPS)
def made(request):
    torch.manual_seed(0)
    return STEPS[request.param]()


def step(task, batch, optimizer) -> None:
    optimizer.zero_grad()
    task.training_step(batch, 0).backward()
    if isinstance(task, EnsembleTask):
        task.configure_gradient_clipping(optimizer, 1.0, "norm")
    optimizer.step()


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")  # there is no trainer
def test_no_value_of_a_step_is_asked_for(made):
    task, batch = made
    task = task.to("meta")
    batch = batch.to(torch.device("meta"))
    optimizer = torch.optim.AdamW(task.parameters())
    with NoCopies():
        step(task, batch, optimizer)
        if not isinstance(task, FalseSignalTask):  # which counts the scores of whole recordings, on the CPU
            with torch.no_grad():
                task.on_validation_epoch_start()
                task.validation_step(batch if batch.label.ndim == 1 else Batch(*(part[0] for part in batch)), 0)


@pytest.mark.parametrize(
    "waits",
    [
        lambda x: x[x > 0],
        lambda x: x.sum().item(),
        lambda x: x.nonzero(),
        lambda x: x.masked_select(x > 0),
        lambda x: 1 if x.any() else 0,
        lambda x: x.cpu(),
        lambda x: x.tolist(),
        lambda x: x * x.new_tensor([1.0]),
        lambda x: x * torch.tensor([1.0], device=x.device),
        lambda x: x * torch.ones(1).to(x.device),
    ],
)
def test_what_waits_is_found(waits):
    x = torch.ones(3, device="meta")
    with NoCopies(), pytest.raises((NotImplementedError, RuntimeError, AssertionError)):
        waits(x)


@pytest.mark.cuda
@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
def test_no_step_waits_for_a_gpu(made):
    task, batch = made
    task, device = task.to("cuda"), torch.device("cuda")
    optimizer = torch.optim.AdamW(task.parameters())
    step(task, batch.to(device), optimizer)  # libraries may wait when they are loaded
    torch.cuda.set_sync_debug_mode("error")
    try:
        step(task, batch.to(device), optimizer)
    finally:
        torch.cuda.set_sync_debug_mode("default")
