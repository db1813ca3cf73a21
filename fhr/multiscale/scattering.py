"""Wavelet scattering transform in one dimension, for batches and with gaps, as a layer of a network."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from fhr.errors import FHRError, SignalError

from .scattering_bank import FilterBank, ScatteringPath

__all__ = ["Scattering1d", "ScatteringPath"]

CPU_CHUNK_BYTES = 2**24  # of a batch in double precision: a working set that stays in the cache
GPU_CHUNK_BYTES = 2**30
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class Scattering1d(nn.Module):
    r"""Wavelet scattering transform: averaged moduli of wavelet coefficients, and of the fluctuations of these moduli.

    With :math:`\psi` Morlet wavelets, Q an octave at the first and one an octave at the second order, and :math:`\phi`
    a Gaussian of scale :math:`2^J` samples,

    .. math:: S_0 = x * \phi,\quad S_1 = |x * \psi_1| * \phi,\quad S_2 = ||x * \psi_1| * \psi_2| * \phi,

    each taken every :math:`2^J` samples; paths of order 2 are those with :math:`j_2 > j_1`. The signal is reflected at
    its ends. Each path is multiplied by :math:`2^{-j_1}` or :math:`2^{-j_1 - j_2}`, as in kymatio 0.3, which gives the
    same numbers for signals without gaps; `unit_gain` leaves the factors out.

    **Gaps.** Missing samples (NaN, or False in `mask`) weigh nothing. With weights w, at first the mask, and s = w x,

    .. math:: z = s * \psi - \frac{s * g}{w * g} (w * \psi),\qquad
        w' = \sqrt{w^2 * |\tilde\psi|^2 / \textstyle\sum |\psi|^2},

    where g is the Gaussian envelope of the wavelet: the correction that gives a Morlet wavelet its zero mean is made
    anew on the measured samples, at the wavelet's own scale, so that no level and little of a slow drift leaks in from
    the edges of a gap. :math:`w'` is the share of its amplitude that :math:`|z|` keeps in white noise, with
    :math:`\tilde\psi` the corrected wavelet. The second order takes :math:`|z|` and :math:`w'` for s and w.
    Coefficients are the ratio of averages :math:`(|z| * \phi) / (w' * \phi)`, just :math:`|z| * \phi` for a complete
    signal, and NaN where :math:`w' * \phi` is below `1 - max_gap_fraction`. Moduli count only where a tenth of the
    envelope is measured. In stationary noise averages stay within some per cent of those without gaps. Spectra as steep
    as a random walk's leave a bias upwards at high frequencies, of a fraction where filling with zeros gives multiples.

    Args:
        J: binary logarithm of the averaging in samples, at least 1; :math:`2^J` samples must fit into the signal.
        Q: wavelets an octave at the first order, at least 1.
        order: 1 or 2, the highest order.
        n_samples: length of the signals, N. None takes it from each signal: filters are then made at the first call
            and again whenever the length changes, which takes longer than to use them.
        fs: sampling rate in Hz, for the frequencies of `paths` and for `times`.
        max_gap_fraction: from 0 to below 1; a coefficient that rests on less than 1 - this is NaN.
        unit_gain: whether averaging keeps a constant modulus as it is, as in the definition. False, as in kymatio 0.3
            (github.com/kymatio/kymatio/pull/736), multiplies each path by the factors above.

    Attributes:
        paths: `ScatteringPath` of each row of the output: order 0, then 1, then 2, from high to low frequencies.
        times: float64 (n_frames,), seconds from the first sample to the centre of each frame; one frame lies on sample
            ceil(N / 2). Both are known once a length is.

    Shape:
        - Input: (..., n_samples), float32 or float64; optional `mask` of a shape that broadcasts to it.
        - Output: (..., n_paths, n_frames), of the same type and device. A signal without any sample is all NaN.

    Raises:
        FHRError: J below 1 or too large for n_samples, Q below 1, another order, fs not above 0, max_gap_fraction
            outside [0, 1); `paths`, `times` or a bound asked for before any length is known.
        SignalError: on call, a signal of another length or type, too short for J or with an infinite sample, or a
            mask that does not broadcast to it.

    Source:
        Mallat 2012, Comm. Pure Appl. Math. 65:1331-1398, doi:10.1002/cpa.21413; Anden and Mallat 2014, IEEE Trans.
        Signal Process. 62:4114-4128, doi:10.1109/TSP.2014.2326991. Gaps after normalised convolution, Knutsson and
        Westin 1993, Proc. CVPR 515-523, doi:10.1109/CVPR.1993.341081. Left out: other averaging scales than
        :math:`2^J`, several second-order wavelets an octave, orders above 2.

    >>> layer = Scattering1d(4, 2, n_samples=200, fs=4.0)
    >>> x = torch.randn(3, 200, generator=torch.Generator().manual_seed(1))
    >>> x[0, 20:30] = torch.nan
    >>> layer(x).shape, len(layer.paths)
    (torch.Size([3, 20, 13]), 20)
    >>> layer.paths[1]
    ScatteringPath(order=1, xi=(1.4,), j=(0,))
    """

    def __init__(
        self,
        J: int,
        Q: int = 8,
        order: int = 2,
        *,
        n_samples: int | None = None,
        fs: float = 1.0,
        max_gap_fraction: float = 0.5,
        unit_gain: bool = False,
    ) -> None:
        super().__init__()
        if J < 1:
            raise FHRError(f"J={J} is below 1; give the binary logarithm of the averaging in samples, such as 8")
        if Q < 1:
            raise FHRError(f"Q={Q} is below 1; give the number of wavelets an octave, such as 8")
        if order not in (1, 2):
            raise FHRError(f"order={order} is not offered; give 1 or 2")
        if not (math.isfinite(fs) and fs > 0):
            raise FHRError(f"fs={fs} is not a sampling rate; give a number of Hz above 0")
        if not 0 <= max_gap_fraction < 1:
            raise FHRError(f"max_gap_fraction={max_gap_fraction} is outside [0, 1); give a share such as 0.5")
        self.J, self.Q, self.order, self.n_samples = J, Q, order, n_samples
        self.fs, self.max_gap_fraction, self.unit_gain = fs, max_gap_fraction, unit_gain
        self._bank = None if n_samples is None else self._build(n_samples)

    def _build(self, n_samples: int) -> FilterBank:
        # Outside of inference mode even if the first call is inside: training may follow with the same filters.
        with torch.inference_mode(False):
            return FilterBank(
                self.J,
                self.Q,
                self.order,
                n_samples,
                fs=self.fs,
                max_gap_fraction=self.max_gap_fraction,
                unit_gain=self.unit_gain,
            )

    @property
    def bank(self) -> FilterBank:
        """The filters in use."""
        if self._bank is None:
            raise FHRError("the length of the signals is not known yet; give n_samples, or call the layer once")
        return self._bank

    @property
    def paths(self) -> tuple[ScatteringPath, ...]:
        """The path of wavelets that each row of the output measures."""
        return self.bank.paths

    @property
    def times(self) -> np.ndarray:
        """Seconds from the first sample to the centre of each frame."""
        return self.bank.times

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Scattering coefficients (..., n_paths, n_frames) of signals (..., n_samples)."""
        if x.dtype in _WHOLE:
            x = x.to(torch.float32 if x.device.type == "mps" else torch.float64)
        measured = self._measured(x, mask)
        n_samples = x.shape[-1]
        if self._bank is None or self._bank.n_samples != n_samples:
            self._bank = self._build(n_samples).to(x.device)
        bank = self.bank
        measured = measured.reshape(-1, n_samples)
        rows = torch.where(measured, x.reshape(-1, n_samples), 0.0)
        # A complete signal takes the short way, whatever the others of its batch are.
        complete = measured.all(dim=-1)
        size = max(1, (CPU_CHUNK_BYTES if x.device.type == "cpu" else GPU_CHUNK_BYTES) // bank.row_bytes)
        order, parts = [bank.places[:0]], [x.new_zeros(0, len(bank.paths), len(bank.times))]
        for gappy in (False, True):
            chosen = torch.nonzero(complete != gappy).flatten()
            for chunk in chosen.split(size) if len(chosen) else ():
                order.append(chunk)
                parts.append(bank(rows[chunk], measured[chunk] if gappy else None))
        coefficients = torch.cat(parts)[torch.argsort(torch.cat(order))]
        return coefficients.reshape(*x.shape[:-1], len(bank.paths), len(bank.times))

    def _measured(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if x.dtype not in (torch.float32, torch.float64):
            raise SignalError(f"a tensor of {x.dtype} was given; give float32 or float64")
        if x.ndim < 1 or x.shape[-1] != (self.n_samples or x.shape[-1]):
            raise SignalError(
                f"a tensor of shape {tuple(x.shape)} was given; its last axis must be {self.n_samples or 'time'}"
            )
        if x.shape[-1] < 2**self.J:
            raise SignalError(
                f"a tensor of shape {tuple(x.shape)} was given, but J={self.J} averages over {2**self.J} samples; give "
                "longer signals or a smaller J"
            )
        if torch.isinf(x).any():
            raise SignalError("the signal has an infinite sample; mark what is missing as NaN")
        measured = ~torch.isnan(x)
        if mask is None:
            return measured
        try:
            return measured & mask.to(torch.bool).expand_as(x)
        except RuntimeError:
            raise SignalError(
                f"mask has the shape {tuple(mask.shape)}, the signal {tuple(x.shape)}; give one that broadcasts to it"
            ) from None

    def frame_bound(self) -> tuple[tuple[float, float], ...]:
        r"""Least and largest gain in energy of the filters of each order, over all frequencies.

        The Littlewood-Paley sum of a real signal, :math:`|\hat\phi(f)|^2 + \frac12 \sum_\psi (|\hat\psi(f)|^2 +
        |\hat\psi(-f)|^2)`, measured on the filters in use: :math:`A \|x\|^2 \le \|x * \phi\|^2 + \sum \|x *
        \psi\|^2 \le B \|x\|^2`. At the second order wavelets stay below the first order's envelopes, and A is that of
        frequencies where they do not look.

        Returns:
            (A, B) for each order from 1 on.

        Raises:
            FHRError: no length is known yet, as for `paths` and `times`.
        """
        return self.bank.frame_bound()

    def lipschitz_bound(self) -> float:
        r"""A constant C with :math:`\|S x - S y\| \le C \|x - y\|` for all complete x and y.

        The modulus is a contraction, one sample in :math:`2^j` of a band-limited signal has :math:`2^{-j}` of its
        energy, and reflection repeats no sample more than m times: :math:`C^2 = 2^{-J} \sum m B_1 \max(1, B_2)`, with
        the bounds of `frame_bound`, over the circles, at most two, on which signals are padded for wavelets of
        different length. The factors that `unit_gain` leaves out are at most 1, and C holds with and without them.

        Raises:
            FHRError: no length is known yet.
        """
        return self.bank.lipschitz_bound()
