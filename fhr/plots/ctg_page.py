"""Page with an interactive strip and a list of its events, of which the chosen one is shown; no network is asked."""

from collections.abc import Iterable
from html import escape
from typing import Any

from numpy.typing import ArrayLike

from fhr.morphology import Morphology
from fhr.recording import Recording

from .ctg_about import about
from .ctg_event_list import EVENTS, ListedEvent, baselines, events
from .ctg_events import BASIS, categories, signal_line
from .ctg_paper import NOTICE
from .ctg_plotly import ctg_interactive
from .ctg_window import Count, Window
from .html_page import html_page
from .palette import BLUE

__all__ = ["ctg_page"]

_HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:\">"
)
_STYLE = """
body { max-width: none; margin: .8em auto } h1 { font-size: 1.3em; margin: 0 } header p { margin: .15em 0 }
.doubt { color: #a34700 } footer { color: #555; border-top: 1px solid #ccc; padding-top: .4em }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1em }
@media (min-width: 1200px) {
  main { grid-template-columns: minmax(0, 1fr) 24em } nav { max-height: 850px; overflow: auto }
}
.rangeslider-container text { display: none }
nav ol { list-style: none; margin: 0; padding: 0 } summary { font-weight: bold; padding: .2em 0; cursor: pointer }
button { font: inherit; border: 1px solid #bbb; border-radius: 3px; background: #fff; padding: .15em .6em }
nav button { width: 100%; text-align: left; border-color: transparent }
button:hover, button[aria-current] { background: #e3eef7 } button:focus-visible { outline: 2px solid #0072B2 }
"""
_SCRIPT = """
const strip = document.getElementById("strip"), chosen = `shapes[${strip.layout.shapes.length - 1}]`;
const opened = OPENED, whole = WHOLE, shown = () => strip.layout.xaxis.range.map(Number);
const show = (middle, width, more) => {
  const start = Math.min(Math.max(middle - width / 2, whole[0]), Math.max(whole[0], whole[1] - width));
  Plotly.relayout(strip, {"xaxis.range": [start, Math.min(start + width, whole[1])], ...more});
};
for (const button of document.querySelectorAll("nav button")) button.addEventListener("click", () => {
  const start = +button.dataset.start, end = +button.dataset.end, [first, last] = shown();
  const width = Math.max(Math.min(last - first, opened), 1.5 * (end - start));
  show((start + end) / 2, width, {[chosen + ".x0"]: start, [chosen + ".x1"]: end, [chosen + ".visible"]: true});
  document.querySelector("nav [aria-current]")?.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  strip.scrollIntoView({block: "nearest"});
});
for (const button of document.querySelectorAll("[data-move]")) button.addEventListener("click", () => {
  const [first, last] = shown(), by = +button.dataset.move;
  if (by) show((first + last) / 2 + by * (last - first) / 2, last - first);
  else show(0, whole[1] - whole[0]);
});
"""
_MOVES = (
    '<div><button type="button" data-move="-1">Earlier</button> <button type="button" data-move="1">Later</button> '
    '<button type="button" data-move="0">Whole recording</button></div>'
)


def ctg_page(
    recording: Recording,
    morphology: Morphology | None = None,
    *,
    false_signal: ArrayLike | None = None,
    start: float | None = None,
    minutes: float | None = None,
    count: Count = "end",
    speed: float = 1,
) -> str:
    """HTML of `ctg_interactive` below a header, with buttons that move it and show each event.

    Args:
        recording: as in `ctg_interactive`, and so are the others.
        morphology: of this very recording.
        false_signal: see there.
        start: see there.
        minutes: see there.
        count: see there.
        speed: see there.

    Raises:
        FHRError: as `ctg_interactive`.
    """
    stretch: dict[str, Any] = {"start": start, "minutes": minutes, "count": count}
    figure = ctg_interactive(recording, morphology, false_signal=false_signal, speed=speed, **stretch)
    window = Window.of(recording, **stretch)
    figure.update_layout(title=None, margin={"t": 100}, height=800)
    chosen = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": 0, "x1": 0, "visible": False}
    figure.add_shape(line={"color": BLUE, "width": 2, "dash": "dot"}, **chosen)  # the last: the script moves it
    config = {"scrollZoom": True, "displaylogo": False, "responsive": True}
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, div_id="strip", config=config)
    first, last = figure.layout.xaxis.range
    script = _SCRIPT.replace("OPENED", f"{last - first:.6g}").replace("WHOLE", str(list(window.limits)))
    said = [("", " · ".join(about(recording, window.inside)))]
    listed = "<p>Drawn without morphology: there are no events to list.</p>"
    if morphology is not None:
        said += [("", f"{categories(morphology, window, 400)} · {BASIS}"), ("doubt", signal_line(morphology, 400))]
        found = {"baseline": baselines(morphology, window)} | {n: events(morphology, n, window) for n in EVENTS}
        listed = "".join(_listed(name, some, window) for name, some in found.items())
    lines = "".join(f'<p class="{kind}">{escape(line)}</p>' for kind, line in said if line)
    parts = [
        f"<header><h1>{escape(recording.name)}</h1>{lines}</header>",
        f'<main><section aria-label="Strip">{_MOVES}{drawn}</section><nav aria-label="Events">{listed}</nav></main>',
        f"<footer>{NOTICE.capitalize()}. Drag the strip or its overview, or choose an event to see it.</footer>",
        f"<script>{script}</script>",
    ]
    return html_page(f"Cardiotocogram of {recording.name}", parts, style=_STYLE, head=_HEAD)


def _listed(name: str, found: Iterable[ListedEvent], window: Window) -> str:
    rows = [
        f'<li><button type="button" data-start="{event.start:.6g}" data-end="{event.end:.6g}">'
        f"{window.written(round(event.start, 1))}{window.unit}: {escape(event.said)}</button></li>"
        for event in found
    ]
    return f"<details open><summary>{name.capitalize()} ({len(rows)})</summary><ol>{''.join(rows)}</ol></details>"
