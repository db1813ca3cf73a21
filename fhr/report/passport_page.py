"""The surrogate passport: one page about a generator on one fold, with strips to judge before the key is read."""

import json
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.evaluation import Passport
from fhr.formats import whole_or_not_at_all
from fhr.plots import strips
from fhr.plots.html_page import embedded, html_page, html_table, png

__all__ = ["write_passport"]

_STYLE = """\
img { max-width: 100% } .first { background: #fff4d6; padding: .3em 1em }
"""


def write_passport(folder: str | Path, passport: Passport, *, n_strips: int = 12, seed: int = 0) -> Path:
    """Write `passport.html`, which needs no other file, `passport.json` and `strips.png`.

    Half of the strips are held-out records, half synthetic ones, in random order under numbers; the key stands at the
    end of the page and in the JSON.

    Args:
        folder: where to; it is made where it is missing.
        passport: see `fhr.evaluation.surrogate_passport`.
        n_strips: how many strips, an even number of two or more, at most twice the records there are.
        seed: of their choice and order.

    Returns:
        The page.

    Raises:
        FHRError: another number of strips.
    """
    folder = Path(folder)
    picture, key = _blind_strips(passport, n_strips, seed)
    plain = passport.to_dict() | {"strips": key}
    folder.mkdir(parents=True, exist_ok=True)
    with whole_or_not_at_all(folder / "strips.png") as part:
        part.write_bytes(picture)
    with whole_or_not_at_all(folder / "passport.json") as part:
        part.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    page = folder / "passport.html"
    with whole_or_not_at_all(page) as part:
        part.write_text(_page(passport, picture, key), encoding="utf-8")
    return page


def _blind_strips(passport: Passport, n_strips: int, seed: int) -> tuple[bytes, list[dict[str, Any]]]:
    half = n_strips // 2
    most = min(len(passport.real), len(passport.synthetic))
    if n_strips % 2 or not 0 < half <= most:
        raise FHRError(f"n_strips={n_strips}; give an even number from 2 to {2 * most}")
    draw = stream(seed, "strips of a passport")
    shown = [
        (kind, made[k])
        for kind, made in (("real", passport.real), (passport.kind, passport.synthetic))
        for k in draw.choice(len(made), half, replace=False).tolist()
    ]
    order = draw.permutation(n_strips).tolist()
    minutes = passport.synthetic[0].duration / 60
    figure = strips([shown[k][1] for k in order], [str(i + 1) for i in range(n_strips)], minutes=minutes)
    key = [{"strip": i + 1, "kind": shown[k][0], "name": shown[k][1].name} for i, k in enumerate(order)]
    return png(figure, dpi=60), key


def _page(passport: Passport, picture: bytes, key: list[dict[str, Any]]) -> str:
    of_class = {None: "all births", 1: "births with the label", 0: "births without the label"}[passport.target]
    power = pd.DataFrame(passport.power.items(), columns=["planted defect", "power"])
    parts = [
        f"<h1>Passport of {escape(passport.generator)}</h1>",
        f"<p class=first><b>{escape(passport.verdict.words)}</b></p>",
        f"<p>{escape(passport.made_by)}; {of_class}: {passport.n_training} training records, {passport.n_held_out} "
        f"held-out records, as many {passport.kind} ones; {passport.seconds:.2g} s to make one.</p>",
        f"<p>Keeps: {escape(passport.keeps)}.<br>Destroys: {escape(passport.destroys)}.</p>",
        "<h2>Fidelity</h2>",
        "<p>Each index compares made with held-out records. <i>usual</i> is its median when real training records take "
        "the place of the made ones, <i>z</i> the distance from that reference in its standard deviations, <i>p</i> "
        "the rank among it. Which statistics matter is not assumed.</p>",
        html_table(passport.indices),
        "<h2>Memorisation</h2>",
        "<p>A generator that copies training records is faithful and useless. AUROC of 0.5 is none.</p>",
        html_table(passport.memorisation),
        "<h2>Power</h2>",
        "<p>Share of sets of real records with a planted defect that are found with these numbers of records; below "
        "80% there is no verdict.</p>",
        html_table(power) if len(power) else "<p>Not computed.</p>",
        "<h2>Strips</h2>",
        "<p>Some are real, some are not. Judge before you read the key below.</p>",
        embedded(picture, "strips under numbers"),
        "<h2>Key</h2>",
        html_table(pd.DataFrame(key)),
        "<p>Research software, not a medical device. A made recording is no evidence about fetuses.</p>",
    ]
    return html_page(f"Passport of {passport.generator}", parts, style=_STYLE)
