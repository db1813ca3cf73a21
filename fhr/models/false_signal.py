"""Network that finds false samples of the heart rates: the mother's rate, or artefacts.

An expert decides by the shape of both traces around the sample, minutes before and after it, and by the level at which
the fetal rate was seen elsewhere. So the network works at 1 Hz and below, and a recurrence at 1/16 Hz carries the
levels as far as they are needed; what it finds is, for every second, how to judge a sample by its own value.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from fhr.errors import FHRError

from .network import Network

__all__ = ["FalseSignalNet"]

_CENTRE, _UNIT = 140.0, 40.0  # bpm: (rate - 140) / 40 is what the network is given
_FIRST, _LAST, _STEP = 45.0, 225.0, 10.0  # bpm, the levels of the table
_WIDTHS = (2.0, 8.0)  # bpm, of what counts as the same rate
_LAGS = range(-8, 9, 2)  # samples, between the two channels of one monitor
_FAR = 1e3  # scaled: a rate that nothing coincides with
_STRIDE = 4
_LONGEST = 128.0  # steps, of the memory that the GRU starts with


class FalseSignalNet(Network):
    """Two logits for every sample: that the fetal, and that the maternal heart rate is false.

    From both rates and their masks the network derives, at every sample and without a weight: how closely the rates
    coincide, at once and at the best of some lags of up to 2 s; whether one is about twice the other; the step from
    the sample before; and on which of 19 levels, 10 bpm apart, each rate stands (linear hats, 45 to 225 bpm).
    Residual convolutions see this at 1, 1/4 and 1/16 Hz (4 Hz divided by 4 at each level), a GRU runs over the lowest
    level in both directions, and the levels are joined on the way up. The result, for each second t, is a table:

        logit(i) = sum_k w_k(t) u_k(i) + b_i(t),    i one of the samples of second t,

    with u the derived values of the sample itself. So the network can say "110 bpm is the mother, 140 bpm is not".
    All constants are fixed, nothing is scaled by the recording. Without MHR its channels and mask are 0.

    Args:
        n_channels: 4, see `forward`.
        n_outputs: 2, FHR and MHR.
        widths: channels at 1 Hz, 1/4 Hz, and so on.
        kernel_size: of the residual convolutions, odd.
        depth: residual convolutions on the way down, for each level.
        hidden: of the GRU, in each direction.
        dropout: share of the channels of a convolution that are left out in training.

    Raises:
        FHRError: other numbers of channels or outputs, or an even kernel.

    Source:
        The task and the use of GRUs: Boudet et al. 2022, Biosensors 12:691, doi:10.3390/bios12090691. Levels joined
        as by Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28. The table is this package's own. Left out:
        uterine activity, the stage of labour, and the kind of sensor, which the published networks are told.

    Example:
        >>> FalseSignalNet()(torch.zeros(1, 4, 1000)).shape
        torch.Size([1, 2, 1000])
    """

    levels: torch.Tensor

    def __init__(
        self,
        n_channels: int = 4,
        n_outputs: int = 2,
        widths: Sequence[int] = (32, 64, 64),
        kernel_size: int = 9,
        depth: int = 2,
        hidden: int = 64,
        dropout: float = 0.05,
    ) -> None:
        super().__init__()
        if (n_channels, n_outputs) != (4, 2):
            raise FHRError(
                f"n_channels={n_channels}, n_outputs={n_outputs}; a FalseSignalNet takes 4 channels (FHR, its mask, "
                "MHR, its mask) and gives 2 outputs (FHR false, MHR false)"
            )
        if kernel_size % 2 == 0:
            raise FHRError(f"kernel_size={kernel_size}; it must be odd, so that outputs stand where their inputs do")
        self.register_buffer("levels", torch.arange(_FIRST, _LAST + _STEP / 2, _STEP), persistent=False)
        self.n_levels = len(self.levels)
        self.n_derived = n_channels + 2 * len(_WIDTHS) + 3
        self.factor = _STRIDE ** len(widths)
        self.stem = nn.Conv1d(self.n_derived, widths[0], 3 * _STRIDE, stride=_STRIDE, padding=_STRIDE, bias=False)
        self.level_stem = nn.Conv1d(2 * self.n_levels, widths[0], 1, bias=False)
        self.norm = nn.BatchNorm1d(widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv1d(fine, coarse, _STRIDE, stride=_STRIDE, bias=False), nn.BatchNorm1d(coarse))
            for fine, coarse in pairwise(widths)
        )
        self.level_blocks = nn.ModuleList(
            nn.Sequential(*(_Residual(width, kernel_size, dropout) for _ in range(depth))) for width in widths
        )
        self.recurrence = nn.GRU(widths[-1], hidden, batch_first=True, bidirectional=True)
        _remember(self.recurrence)
        self.after = nn.Conv1d(2 * hidden, widths[-1], 1)
        self.up = nn.ModuleList(nn.Conv1d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.joined = nn.ModuleList(_Residual(width, kernel_size, dropout) for width in widths[:-1])
        self.table = nn.Conv1d(widths[0], n_outputs * (self.n_levels + self.n_derived + _STRIDE), 1)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 2, time) of `signal` (batch, 4, time) at 4 Hz.

        The channels are (FHR - 140) / 40, its mask, (MHR - 140) / 40, its mask; 0 where a mask is 0. Any length.
        """
        n_times = signal.shape[-1]
        signal = functional.pad(signal, (0, -n_times % self.factor))
        with torch.no_grad():
            derived = _derived(signal)
            on_levels = [self._on_levels(signal[:, k], signal[:, k + 1]) for k in (0, 2)]
            by_second = functional.avg_pool1d(torch.cat(on_levels, dim=1), _STRIDE)
        x = self.level_blocks[0](self.norm(self.stem(derived) + self.level_stem(by_second)))
        kept = [x]
        for down, blocks in zip(self.down, self.level_blocks[1:], strict=True):
            x = blocks(down(x))
            kept.append(x)
        x = x + self.after(self.recurrence(functional.gelu(x).transpose(1, 2))[0].transpose(1, 2))
        for i in reversed(range(len(self.up))):
            x = self.joined[i](kept[i] + functional.interpolate(self.up[i](x), scale_factor=float(_STRIDE)))
        tables = self.table(functional.gelu(x)).chunk(2, dim=1)
        rows = [
            self._looked_up(table, torch.cat([levels, derived], dim=1))
            for table, levels in zip(tables, on_levels, strict=True)
        ]
        return torch.stack(rows, dim=1)[..., :n_times]

    def _on_levels(self, rate: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Where a rate (batch, time) stands between the levels, (batch, n_levels, time); the sum is the mask."""
        bpm = (_UNIT * rate + _CENTRE).clamp(_FIRST, _LAST)
        return functional.relu(1 - (bpm[:, None] - self.levels[:, None]).abs() / _STEP) * mask[:, None]

    def _looked_up(self, table: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Logits (batch, time) of values (batch, k, time) by a table (batch, k + 4, seconds)."""
        weights, offsets = table[:, :-_STRIDE], table[:, -_STRIDE:]
        values = values.unflatten(-1, (-1, _STRIDE))
        return (torch.einsum("bkt,bkti->bti", weights, values) + offsets.transpose(1, 2)).flatten(1)


class _Residual(nn.Module):
    """x plus a normalised convolution of gelu(x)."""

    def __init__(self, width: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GELU(),
            nn.Conv1d(width, width, kernel_size, padding=kernel_size // 2, bias=False),
            nn.BatchNorm1d(width),
            nn.Dropout1d(dropout),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same shape as `x`."""
        y: torch.Tensor = x + self.layers(x)
        return y


@torch.no_grad()
def _remember(gru: nn.GRU) -> None:
    """Start with memories of 1 to 128 steps (34 min at 1/16 Hz), where the default forgets within a few.

    The bias of the update gate is log(T - 1), T uniform; Tallec and Ollivier 2018, arXiv:1804.11188.
    """
    n = gru.hidden_size
    for end in ("l0", "l0_reverse"):
        memory = torch.empty(n).uniform_(2, _LONGEST)
        getattr(gru, f"bias_ih_{end}")[n : 2 * n] = torch.log(memory - 1)
        getattr(gru, f"bias_hh_{end}")[n : 2 * n] = 0


def _derived(signal: torch.Tensor) -> torch.Tensor:
    """The channels of `signal` and what follows from them at each sample without a weight, (batch, 11, time)."""
    fhr, fhr_mask, mhr, mhr_mask = signal.unbind(dim=1)
    both = fhr_mask * mhr_mask
    now = _UNIT * (fhr - mhr)
    n_times, reach = signal.shape[-1], max(_LAGS)
    around = functional.pad(torch.where(mhr_mask > 0, mhr, _FAR), (reach, reach), value=_FAR)
    nearest = _UNIT * torch.stack([(fhr - around[:, reach + lag : reach + lag + n_times]).abs() for lag in _LAGS]).amin(
        dim=0
    )
    fhr_bpm, mhr_bpm = _UNIT * fhr + _CENTRE, _UNIT * mhr + _CENTRE
    step = functional.pad((fhr[:, 1:] - fhr[:, :-1]) * fhr_mask[:, 1:] * fhr_mask[:, :-1], (1, 0))
    derived = [
        *(both * torch.exp(-((now / width) ** 2)) for width in _WIDTHS),
        *(fhr_mask * torch.exp(-((nearest / width) ** 2)) for width in _WIDTHS),
        both * torch.exp(-(((fhr_bpm - 2 * mhr_bpm) / 8) ** 2)),
        both * torch.exp(-(((2 * fhr_bpm - mhr_bpm) / 8) ** 2)),
        (4 * step).clamp(-3, 3),  # 10 bpm is 1
    ]
    return torch.cat([signal, torch.stack(derived, dim=1)], dim=1)
