"""Writes golden_order_statistics.json: the 21 order statistics of five CTU-UHB records, by their textbook formulae.

Usage: python make_golden_order_statistics.py CTU_UHB_FOLDER

The records: 1001 (much loss), 1058 (the most loss), 1143 (many samples out of range), 1305 (a window without enough
signal), 1409 (almost none missing). Written without the package, so that the two agree only if both are right.
"""

import json
import sys
from pathlib import Path

import numpy as np

RECORDS = ("1001", "1058", "1143", "1305", "1409")


def statistics(fhr):
    valid = (fhr > 50) & (fhr < 210)
    loss = 1 - valid.mean()
    if valid.sum() < 200:
        return [None, None, None, loss, None, None, None]
    t, x = (np.arange(len(fhr)) / 240)[valid], fhr[valid]
    line = np.polyfit(t, x, 1)
    r, median = x - np.polyval(line, t), np.median(x)
    mad = np.log(0.5 + np.median(np.abs(r - np.median(r))))
    p5, p95 = np.percentile(x, [5, 95]) - median
    return [float(v) for v in (mad, np.polyval(line, 0), np.polyval(line, len(fhr) / 240), loss, p5, p95, median)]


def golden(folder):
    table = {}
    for name in RECORDS:
        fhr = np.fromfile(Path(folder) / f"{name}.dat", dtype="<i2").reshape(-1, 2)[:, 0] / 100
        table[name] = [v for minutes in (20, 30, 60) for v in statistics(fhr[-minutes * 240 :])]
    return table


if __name__ == "__main__":
    target = Path(__file__).with_name("golden_order_statistics.json")
    target.write_text(json.dumps(golden(sys.argv[1]), indent=1) + "\n")
