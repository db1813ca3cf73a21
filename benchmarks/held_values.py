"""Held values in real recordings: what a planted hold does to c2, entropy and STV, and what cleaning makes of it.

OMP_NUM_THREADS=1 python benchmarks/held_values.py FOLDER [EVERY [PICTURES]]

FOLDER holds CTU-UHB. First, of the untouched records: thresholds, and the share of samples that `remove_held` takes.
Then, in the last 60 min of every EVERYth record (4), 1 or 10 samples are held for 8 to 120 s each, in place of the
heart rate that was there, where there was some. Printed of each kind: the share of holds that went (nine tenths of
their samples); and of c2 (scales of `fhr.features.FeatureSet`), sample entropy at 2 Hz and STV (`dawes_redman`,
decelerations left in) the median and the 95th percentile of the absolute change

    held    planted, cleaned without `remove_held`, from the untouched record
    now     planted, cleaned, from the untouched record
    missing planted, cleaned, from the record whose held samples are missing: what the threshold leaves and takes beside
    gap     the record whose held samples are missing, from the untouched record: what nobody can mend

and of the records in which not every hold was flagged those whose c2 `held` moves by more than 0.005. With PICTURES, a
folder, strips around the flagged runs of the six records that lose most are drawn there.
"""

import sys
from pathlib import Path

import numpy as np

from fhr.datasets import CTUUHB
from fhr.features import FeatureSet, sample_entropy
from fhr.features.entropy_by_scale import coarse_grain
from fhr.morphology.events import no_events
from fhr.morphology.variability import dawes_redman
from fhr.preprocessing import DEFAULT_STEPS, clean, held, remove_out_of_range
from fhr.recording import Recording, Step

SECONDS, COUNTS, N = (8, 12, 16, 30, 60, 120), (1, 10), 14400
BEFORE = tuple(step for step in DEFAULT_STEPS if step.name != "remove_held")
FEATURES = FeatureSet(groups=("multiscale",), minutes=60)
NAMES = ("c2", "sample entropy", "STV, ms")


def plant(fhr: np.ndarray, fs: float, seconds: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Starts of holds in the last hour that do not touch, where the sample before and 90% of the stretch are there."""
    n, starts = round(seconds * fs), np.empty(0, dtype=int)
    for start in rng.permutation(np.arange(len(fhr) - N + 1, len(fhr) - n)):
        there = ~np.isnan(fhr[start : start + n])
        if there.mean() > 0.9 and not np.isnan(fhr[start - 1]) and (np.abs(starts - start) > n).all():
            starts = np.append(starts, start)
            if len(starts) == count:
                return starts
    return np.empty(0, dtype=int)


def measures(fhr: np.ndarray, fs: float) -> np.ndarray:
    """`NAMES` of the last hour, (n records, time) -> (n records, 3)."""
    c2 = FEATURES.compute(fhr, np.zeros_like(fhr))[:, FEATURES.names.index("c2")]
    entropy = sample_entropy(coarse_grain(fhr, 2))
    return np.stack([c2, entropy, [dawes_redman(x, fs, no_events())[0] for x in fhr]], axis=-1)


def untouched(database: CTUUHB) -> list[tuple[float, Recording]]:
    """Share of the samples that goes, and the record, the largest first."""
    lost = []
    for recording in database:
        (note,) = (s.parameters for s in clean(recording).history if s.name == "remove_held")
        lost.append((note["removed"] / len(recording), note["threshold_s"], note["longest_kept_s"], recording))
    share, threshold, kept = (np.array([row[k] for row in lost]) for k in range(3))
    q = np.quantile
    print(
        f"{len(lost)} records, threshold {q(threshold, 0.5):.2f} s ({threshold.min():.2f} to {threshold.max():.2f}), "
    )
    print(f"longest run kept {q(kept, 0.5):.2f} s ({kept.max():.2f} at most); {np.mean(share > 0):.1%} lose samples:")
    print(f"median {q(share, 0.5):.3%}, 90th percentile {q(share, 0.9):.3%}, most {share.max():.2%}\n")
    return sorted(((row[0], row[3]) for row in lost), key=lambda row: -row[0])


def draw(recordings: list[Recording], folder: Path) -> None:
    """Draw the first six flagged runs of each record, red, between a minute before and a minute and a half after."""
    import matplotlib.pyplot as plt

    for recording in recordings:
        mask = held(remove_out_of_range(recording.fhr, recording.fs), recording.fs)
        at = np.flatnonzero(mask & ~np.append(False, mask[:-1]))[:6]
        figure, axes = plt.subplots(6, 1, figsize=(12, 14))
        for start, axis in zip(at, axes, strict=False):
            part = np.arange(max(start - 240, 0), min(start + 360, len(mask)))
            axis.plot(part / recording.fs, recording.fhr[part], ".-", ms=2, lw=0.6)
            axis.plot(part / recording.fs, np.where(mask[part], recording.fhr[part], np.nan), "r.", ms=5)
        figure.suptitle(recording.name)
        figure.savefig(folder / f"{recording.name}.png", dpi=70)
        plt.close(figure)


def main(folder: str, every: str = "4", pictures: str = "") -> None:
    database = CTUUHB(folder)
    lost = untouched(database)
    if pictures:
        draw([recording for _, recording in lost[:6]], Path(pictures))
    records = [r for r in list(database)[:: int(every)] if len(r) > N]
    fs = records[0].fs
    print(f"{len(records)} records; median and 95th percentile of the absolute change")
    print(f"{'holds':>10} {'flagged':>8} {'':>14}" + "".join(f"{arm:>16}" for arm in ("held", "now", "missing", "gap")))
    for count in COUNTS:
        for seconds in SECONDS:
            rng, n = np.random.default_rng([seconds, count]), round(seconds * fs)
            arms: dict[str, list[np.ndarray]] = {"untouched": [], "held": [], "now": [], "missing": []}
            flagged = []
            for recording in records:
                starts = plant(recording.fhr, fs, seconds, count, rng)
                if not len(starts):
                    continue
                where = np.zeros(len(recording), dtype=bool)
                level = recording.fhr.copy()
                for start in starts:
                    where[start : start + n] = True
                    level[start : start + n] = level[start - 1]
                here = where & ~np.isnan(recording.fhr)
                planted = recording.after(Step("plant"), fhr=np.where(here, level, recording.fhr))
                gaps = recording.after(Step("plant"), fhr=np.where(here, np.nan, recording.fhr))
                now = clean(planted)
                parts = (clean(recording), clean(planted, BEFORE), now, clean(gaps))
                for arm, part in zip(arms.values(), parts, strict=True):
                    arm.append(part.fhr[-N:].astype(float))
                gone = np.isnan(now.fhr) & here
                flagged.append([gone[s : s + n].sum() > 0.9 * here[s : s + n].sum() for s in starts])
            found = {arm: measures(np.stack(rows), fs) for arm, rows in arms.items()}
            pairs = (("held", "untouched"), ("now", "untouched"), ("now", "missing"), ("missing", "untouched"))
            change = np.stack([np.abs(found[a] - found[b]) for a, b in pairs])
            for k, name in enumerate(NAMES):
                values = "".join(f"{np.nanmedian(c):8.4f}{np.nanquantile(c, 0.95):8.4f}" for c in change[..., k])
                head = f"{count:3} x {seconds:3} s {np.mean(flagged):8.1%}" if k == 0 else " " * 19
                print(f"{head} {name:>14}{values}")
            close = change[2, :, 0] <= 0.005
            unflagged = ~np.array(flagged).all(axis=1)
            print(f"{'':19} within 0.005 of missing: {close.mean():.0%}; of {unflagged.sum()} records with a hold that "
                  f"is not flagged, {np.sum(unflagged & (change[0, :, 0] > 0.005))} have c2 moved by more")  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
