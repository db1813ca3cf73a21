"""Recordings in the form of the FHRMA false-signal set."""

from pathlib import Path

import numpy as np


def write_false_signals(folder: Path) -> None:
    """24 made-up recordings of 6 to 12 min in the form of the FHRMA false-signal set.

    In a Doppler recording FHR follows MHR for a while, which is marked as false; a scalp recording has a stretch of
    noise. Every third Doppler recording has no false FHR, every fifth no MHR.
    """
    generator = np.random.default_rng(5)
    recordings, marks = ["file,dataset,stage2_start_sample"], ["file,dataset,channel,label,start_sample,end_sample"]
    for i in range(24):
        group = "ScalpTrain" if i % 4 == 3 else "DopMHRTrain"
        file, n = f"{group}{i:04d}.fhrm", int(generator.integers(1440, 2880))
        fhr, mhr = (level + np.cumsum(generator.normal(0, 0.3, n)) for level in (140, 85))
        start = int(generator.integers(200, 800))
        end = start + 400
        if i % 3:
            other = generator.uniform(60, 200, end - start) if group == "ScalpTrain" else mhr[start:end]
            fhr[start:end] = other + generator.normal(0, 0.5, end - start)
        mhr[-300:-200] = generator.uniform(30, 200, 100)
        fhr[100:110], mhr[50:80] = 0, 0
        if i % 5 == 4:
            mhr[:] = 0
        samples = np.zeros(n, dtype="<u2,<u2,<u2,u1,u1")
        samples["f1" if group == "ScalpTrain" else "f0"], samples["f2"] = np.rint(4 * fhr), np.rint(4 * mhr)
        samples["f3"] = 40
        (folder / file).write_bytes((1_500_000_000).to_bytes(4, "little") + samples.tobytes())
        recordings.append(f"{file},{group},{['', 'antepartum', n // 2][i % 3]}")
        rows = [("fhr", "true", 1, n - 50)]
        if i % 3:
            rows.append(("fhr", "false", start + 1, end))
        if group == "DopMHRTrain":
            rows += [("mhr", "true", 100, 700), ("mhr", "false", n - 299, n - 200)]
        marks += [",".join(map(str, (file, group, *row))) for row in rows]
    (folder / "recordings.csv").write_text("\n".join(recordings) + "\n")
    (folder / "annotations.csv").write_text("\n".join(marks) + "\n")
