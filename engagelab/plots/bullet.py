"""A bullet: one estimate with its interval against its target, small enough for a cell of a table."""

import base64
import math

COLORS = {"reached": "#1b7f5c", "missed": "#c2410c", "unclear": "#6b7280", "": "#6b7280"}
WIDTH, HEIGHT, EDGE = 150, 26, 8


def bullet(estimate: float, low: float, high: float, target: float, verdict: str) -> str:
    """The picture as an `img` element with a data URI, which shows in untrusted notebooks and offline.

    The bar is the interval, the dot the estimate, the upright line the target; the scale spans
    the three with some room. Without an interval there is no picture.
    """
    known = [value for value in (estimate, low, high, target) if not math.isnan(value)]
    if math.isnan(low) or math.isnan(high):
        return ""
    first, last = min(known), max(known)
    room = (last - first) * .12 or abs(first) * .1 or 1

    def place(value):
        return EDGE + (WIDTH - 2 * EDGE) * (value - first + room) / (last - first + 2 * room)

    color, middle = COLORS[verdict], HEIGHT / 2
    shapes = [f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{middle}" y2="{middle}" stroke="#d5dae3" stroke-width="2"/>',
              f'<line x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{middle}" y2="{middle}" stroke="{color}" '
              f'stroke-width="6" stroke-opacity=".45" stroke-linecap="round"/>',
              f'<circle cx="{place(estimate):.1f}" cy="{middle}" r="5" fill="{color}"/>']
    if not math.isnan(target):
        shapes.append(f'<line x1="{place(target):.1f}" x2="{place(target):.1f}" y1="3" y2="{HEIGHT - 3}" '
                      f'stroke="#111827" stroke-width="2.5"/>')
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(shapes)}</svg>')
    coded = base64.b64encode(svg.encode()).decode()
    return f'<img alt="" width="{WIDTH}" height="{HEIGHT}" src="data:image/svg+xml;base64,{coded}">'
