"""A sound network, and one for each promise that it breaks, and nothing else."""

import torch
from torch import nn

from fhr.models import MaskedMeanStd, Network


class Sound(Network):
    """Keeps every promise."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1, width: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_channels, width, 5, padding=2)
        self.pool, self.head = MaskedMeanStd(), nn.Linear(2 * width, n_outputs)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.head(self.pooled(signal))

    def pooled(self, signal: torch.Tensor) -> torch.Tensor:
        mask = signal[:, -1:] if signal.shape[1] > 1 else torch.ones_like(signal)
        return self.pool(self.conv(signal).relu(), mask)


class SoundWithFeatures(Network):
    """Keeps every promise, with features."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1, n_features: int = 0) -> None:
        super().__init__()
        self.signal, self.line = Sound(n_channels, n_outputs), nn.Linear(n_features, n_outputs)

    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        scores = self.signal(signal)
        return scores if features is None else scores + self.line(features)


class PassesOn(SoundWithFeatures):
    """Keeps every promise; what it does not name reaches its base class."""

    def __init__(self, factor: float = 1.0, **options: int) -> None:
        super().__init__(**options)
        self.factor = factor


class StartsAtZero(Sound):
    """Keeps every promise, though nothing but its last layer gets a gradient at first, and all scores are 0."""

    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)


class NoLightning(nn.Module):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__()
        self.line = nn.Linear(n_channels, n_outputs)


class TensorArgument(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1, offset: torch.Tensor = torch.ones(1)) -> None:  # noqa: B008
        super().__init__(n_channels, n_outputs)
        self.register_buffer("offset", offset)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal) + self.offset


class SeedsItself(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        torch.manual_seed(0)
        super().__init__(n_channels, n_outputs)


class DrawsFromElsewhere(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        generator = torch.Generator()
        generator.seed()
        with torch.no_grad():
            self.head.bias += torch.rand(1, generator=generator)


class FlatScores(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal)[:, 0]


class OneOutput(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal)[:, :1]


class OneLength(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.position = nn.Parameter(torch.randn(240))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal + 0.1 * self.position * signal[:, -1:])


class RandomInEvaluation(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal) + 0.1 * torch.randn(len(signal), 1, dtype=signal.dtype)


class CountsInEvaluation(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        self.seen += len(signal)
        return super().forward(signal)


class BatchStatistics(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        pooled = self.pooled(signal)
        return self.head(pooled - 0.5 * pooled.mean(0))


class NaNForNoSignal(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        mask = signal[:, -1:]
        mean = (self.conv(signal).relu() * mask).sum(-1) / mask.sum(-1)
        return self.head(torch.cat([mean, mean.square()], dim=1))


class ReadsUnderTheMask(Sound):
    def pooled(self, signal: torch.Tensor) -> torch.Tensor:
        return self.pool(self.conv(signal).relu(), torch.ones_like(signal[:, -1:]))


class Deaf(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(signal * torch.tensor([0.0, 1.0, 1.0], dtype=signal.dtype)[:, None])


class TakesAnyFeatures(SoundWithFeatures):
    def scores(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        if features is None or features.shape[1] != self.n_features:
            features = torch.zeros(len(signal), self.n_features)
        return super().scores(signal, features)


class IgnoresAFeature(SoundWithFeatures):
    def forward(self, signal: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        keep = torch.ones(self.n_features, dtype=signal.dtype)
        keep[-1] = 0
        return super().forward(signal, features * keep + 0 * features)


class DeadParameter(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.forgotten = nn.Linear(3, 3)


class InfiniteGradient(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        weight = signal[:, -1:] / signal[:, -1:].sum(-1, keepdim=True).clamp_min(1.0)
        mean = (self.conv(signal) * weight).sum(-1)
        return self.head(torch.cat([mean, mean.square().sqrt()], dim=1))


class DrawnBesideTheState(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.factor = float(torch.rand(()))

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.factor + super().forward(signal)


class KeepsALambda(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.squash = lambda x: x.tanh()

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return self.squash(super().forward(signal))


class SinglePrecision(Sound):
    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.cat([signal[:, :-1], signal[:, -1:]], dim=1).to(torch.float32))


class Explodes(Sound):
    def __init__(self, n_channels: int = 3, n_outputs: int = 1) -> None:
        super().__init__(n_channels, n_outputs)
        self.steps = 0

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        scores = super().forward(signal)
        return scores * torch.inf if self.steps > 6 else scores
