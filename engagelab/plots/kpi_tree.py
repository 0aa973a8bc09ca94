"""The picture of a KPI tree as SVG text, and the same tree as plain text.

Cards from left to right; a ribbon is as wide as the contribution that goes through it, so that at each card what comes
in and goes out adds up. The SVG is written here, letter by letter, so that it has the same bytes everywhere; as the
data of an <img> it is shown in a notebook that is not trusted, and offline.
"""

import base64
import html
import math
import re

import pandas as pd

from engagelab import words
from engagelab.display import short, tick
from engagelab.plots import kpi_tree_layout as layout
from engagelab.plots.kpi_tree_layout import GAP, LINE, NOTE, WIDE, fitted, room, wrapped
from engagelab.plots.style import COLORS

BLUE, ORANGE = COLORS[0], "#b84a00"     # an orange dark enough for small letters on white
INK, QUIET, FAINT = "#1b2333", "#5b6579", "#cdd4e0"
FONTS = "Arial,Helvetica,'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans','Yu Gothic',Meiryo,sans-serif"
BOLD, RIGHT, MIDDLE = ' font-weight="700"', ' text-anchor="end"', ' text-anchor="middle"'
MARGIN, LEAST, TALL, LOW = 24, 640, 80, 56      # pixels about the picture, its least width, a card with a bar, without
MANY, SMALLER = 30, .8                          # from how many cards on the picture is smaller
PAD, BAR, BAR_AT, LETTERS, VALUE, SMALL = 13, 96, 62.5, 12.5, 18, 10.5
DASHES, PALE = 'stroke-width="2.5" stroke-dasharray="6 4"', ' fill-opacity=".18"'
STAR = "0,-5.5 1.6,-1.9 5.4,-1.7 2.4,.8 3.4,4.6 0,2.5 -3.4,4.6 -2.4,.8 -5.4,-1.7 -1.6,-1.9"
UNSEEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold
ROUNDING = 1e-9         # relative: what is left where nothing moved


def svg(nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, subtitle: str,
        colors: tuple[str, str] = (BLUE, ORANGE), confidence: float = .95) -> str:
    """A KPI tree as the text of an SVG picture.

    Parameters: `nodes`, a row a node depth-first from the root, with metric, label, parent, kind, unit (as in
    `engagelab.display.shown`), per, before, after, change, contribution (to the change of the root) with low and high,
    noise, key, note; level_low and level_high, where there is no contribution, are the interval of the level; `shown`,
    where it is there, is what stands in the place of the level. `edges`,
    a row an edge, with parent, child, operator, contribution, low and high; "~" is an estimated effect. `colors` : of
    what raises and of what lowers the root.

    >>> nodes = pd.DataFrame({"metric": ["a", "b", "c"], "label": ["Profit", "Value", "Cost"], "parent": ["", "a", "a"],
    ...     "kind": ["definition", "leaf", "leaf"], "unit": "JPY", "per": "", "before": [70.0, 100.0, 30.0],
    ...     "after": [90.0, 130.0, 40.0], "change": [20.0, 30.0, 10.0], "contribution": [20.0, 30.0, -10.0],
    ...     "low": [5.0, 15.0, -12.0], "high": [35.0, 45.0, -8.0], "noise": False, "key": False, "note": ""})
    >>> edges = pd.DataFrame({"parent": "a", "child": ["b", "c"], "operator": ["", "−"], "contribution": [30.0, -10.0],
    ...     "low": [15.0, -12.0], "high": [45.0, -8.0]})
    >>> svg(nodes, edges, title="Profit rose by ¥20", subtitle="May against April").splitlines()[1]
    '<title>Profit rose by ¥20</title>'
    >>> print(text_tree(nodes, edges))
              value   change  contribution   95% interval
    Profit      ¥90  ▲ 28.6%          +¥20    +¥5 to +¥35
    ├─ Value   ¥130  ▲ 30.0%          +¥30  +¥15 to +¥45
    └─ − Cost   ¥40  ▲ 33.3%          −¥10   −¥12 to −¥8
    """
    rows, links = _records(nodes, edges)
    tall = TALL if any("".join(_moved(row, "")) for row in rows) else LOW
    plan = layout.place(rows, links, tall)
    wide, zoom = max(plan.wide + 2 * MARGIN, LEAST), SMALLER if len(rows) > MANY else 1
    head, top = _headline(_clean(title), _clean(subtitle), wide - 2 * MARGIN)
    legend, lines = _legend(rows, links, colors, wide - 2 * MARGIN, confidence)
    foot = top + plan.tall + 38
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{zoom * wide:.0f}" height="{zoom * (foot + 22 * lines):.0f}" '
        f'viewBox="0 0 {wide:.0f} {foot + 22 * lines:.0f}" role="img" font-family="{FONTS}">',
        f"<title>{html.escape(_clean(title))}</title>", '<rect width="100%" height="100%" rx="8" fill="#fbfcfe"/>',
        *head, f'<g transform="translate({MARGIN},{_at(top)})">', *(_ribbon(ribbon, colors) for ribbon in plan.ribbons),
        *(_card(row, plan, rows, colors, tall) for row in rows), *_operators(rows, plan), "</g>",
        f'<g transform="translate({MARGIN},{_at(foot)})">', *legend, "</g>", "</svg>\n"])


def data_uri_html(svg: str, alt: str) -> str:
    """The picture as an <img> that holds its own data; it shrinks where the page is narrower.

    >>> data_uri_html("<svg/>", 'say "hello"')
    '<img alt="say &quot;hello&quot;" style="max-width:100%;height:auto" src="data:image/svg+xml;base64,PHN2Zy8+">'
    """
    data = base64.b64encode(svg.encode()).decode()
    return (f'<img alt="{html.escape(_clean(alt))}" style="max-width:100%;height:auto" '
            f'src="data:image/svg+xml;base64,{data}">')


def text_tree(nodes: pd.DataFrame, edges: pd.DataFrame, confidence: float = .95) -> str:
    """The tree as plain text: branches, values, changes and contributions with their intervals. Frames as in `svg`.

    An edge to "" is what the drivers of its parent do not explain.
    """
    rows, links = _records(nodes, edges)
    told, unit = {row["metric"]: row for row in rows}, rows[0]["unit"]
    lines = [["", *(words.text(f"kpi_picture.{key}", confidence=tick(confidence, "share"))
                    for key in ("value", "change", "contribution", "interval")), ""]]
    coming = [({"child": rows[0]["metric"], "parent": "", "operator": ""}, "", "")]
    while coming:
        link, stem, branch = coming.pop()
        row = told.get(link["child"])
        name = stem + branch + f"{link['operator']} ".lstrip()
        if row is None or row["parent"] != link["parent"]:
            name += words.text("kpi_picture.above", name=row["label"]) if row else words.text("kpi.unexplained")
            lines.append([name, "", "", *_moved(link, unit), ""])
            continue
        lines.append([name + row["label"] + " ★" * row["key"], _value(row), _change(row), *_moved(row, unit),
                      words.text("kpi_picture.maybe") if row["noise"] else ""])
        below = [link for link in reversed(links) if link["parent"] == row["metric"]]
        stem += {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        coming += [(link, stem, "├─ " if place else "└─ ") for place, link in enumerate(below)]
    filled = [column for column in zip(*lines, strict=True) if any(column[1:])]
    cells = [_padded(column, left=not column[0]) for column in filled]
    return "\n".join([*("  ".join(line).rstrip() for line in zip(*cells, strict=True)),
                      *(f"{row['label']}: {row['note']}" for row in rows if row["note"])])


def _padded(column: tuple[str, ...], *, left: bool) -> list[str]:
    """Texts of one width, set at the left or the right."""
    blanks = [" " * (max(map(layout.display_width, column)) - layout.display_width(text)) for text in column]
    return [text + blank if left else blank + text for text, blank in zip(column, blanks, strict=True)]


def _records(nodes: pd.DataFrame, edges: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    """The rows of both frames: texts that can be shown, and 0 for what rounding leaves of nothing."""
    rows, links = nodes.to_dict("records"), edges.to_dict("records")
    for row in rows:
        row |= {name: _clean(row[name]) for name in ("label", "per", "note")}
        row |= {name: row[name] in (True, 1) for name in ("noise", "key")}
    least = ROUNDING * max(abs(layout.known(row["contribution"])) for row in rows)
    for row in [*rows, *links]:
        row["contribution"] = row["contribution"] * (abs(row["contribution"]) > least) + 0.0
    return rows, links


def _clean(text: object) -> str:
    """A text in one line, without what XML cannot hold."""
    return " ".join(UNSEEN.sub("\ufffd", str(text)).split())


def size(change: float, unit: str) -> str:
    """How large a change is, without its sign: of a share in percentage points, of points in points.

    >>> size(.02, "share"), size(-10, "points"), size(-32_000, "JPY")
    ('2.0 pp', '10.0 pt', '¥32,000')
    """
    text = short(abs(change), unit, signed=True).lstrip("+")
    return words.text("unit.point_change", value=text) if unit == "points" else text


def _level(row: dict) -> str:
    return row.get("shown", short(row["after"], row["unit"]))


def _value(row: dict) -> str:
    return f"{_level(row)} {row['per']}".strip()


def _change(row: dict) -> str:
    """The change with its arrow: of a share or points in points, else in percent of what was, where that has sense."""
    change, before, after, unit = row["change"], row["before"], row["after"], row["unit"]
    if math.isnan(change):
        return ""
    if abs(change) <= ROUNDING * max(abs(before), abs(after)):
        return words.text("kpi_picture.same")
    level = unit in ("share", "points") or before <= 0 or after < 0
    return ("▲ " if change > 0 else "▼ ") + (size(change, unit) if level else short(abs(change) / before, "share"))


def _moved(row: dict, unit: str) -> tuple[str, str]:
    """The contribution and its interval; where there is none, the interval of the level."""
    moved = not math.isnan(row["contribution"])
    known = (row.get(name if moved else f"level_{name}", math.nan) for name in ("low", "high"))
    ends = [short(end, unit if moved else row["unit"], signed=moved) for end in known if not math.isnan(end)]
    between = words.text("unit.interval", low=ends[0], high=ends[1]) if len(ends) == 2 else ""
    return short(row["contribution"], unit, signed=True) if moved else "", between


def _at(number: float) -> str:
    """A place in the picture, to a tenth of a pixel."""
    return f"{round(number, 1) + 0:.1f}"


def _text(x: float, y: float, text: str, size: float, fill: str = INK, more: str = "") -> str:
    return f'<text x="{_at(x)}" y="{_at(y)}" font-size="{_at(size)}" fill="{fill}"{more}>{html.escape(text)}</text>'


def _rect(x: float, y: float, wide: float, tall: float, fill: str = INK, more: str = "") -> str:
    return f'<rect x="{_at(x)}" y="{_at(y)}" width="{_at(wide)}" height="{_at(tall)}" fill="{fill}"{more}/>'


def _whisker(low: float, high: float, y: float, tips: list[float]) -> str:
    return _rect(low, y - .7, high - low, 1.4) + "".join(_rect(tip - .7, y - 3.5, 1.4, 7) for tip in tips)


def _color(value: float, colors: tuple[str, str]) -> str:
    return colors[0] if value > 0 else colors[1] if value < 0 else QUIET


def _headline(title: str, subtitle: str, most: float) -> tuple[list[str], float]:
    """Title and subtitle in as many lines as they need, and where the cards begin."""
    y, parts = 18.0, []
    for line in wrapped(title, most / 1.07, 19):
        parts.append(_text(MARGIN, y := y + 24, line, 19, INK, BOLD))
    for line in wrapped(subtitle, most, 13):
        parts.append(_text(MARGIN, (y := y + 20) + 2, line, 13, QUIET))
    return parts, y + 36


def _ribbon(ribbon: layout.Ribbon, colors: tuple[str, str]) -> str:
    """A band, paler where it may be noise; a line where nothing goes through it, dashed where the effect is estimated.

    A steep band leans, so that it stays about as wide as it began.
    """
    edge, half, near, far = ribbon.edge, ribbon.width / 2, ribbon.bend, ribbon.bend + GAP
    color, rise = _color(edge["contribution"], colors), ribbon.end - ribbon.start
    middle, lean = (near + far) / 2, min(half, GAP / 3) * rise / (abs(rise) + GAP)

    def bent(x: float, y: float, to_x: float, to_y: float, turn: float) -> str:
        return f"H{_at(x)}C{_at(turn)} {_at(y)} {_at(turn)} {_at(to_y)} {_at(to_x)} {_at(to_y)}"
    path = (f"M{_at(ribbon.left)} {_at(ribbon.start - half)}"
            + bent(near, ribbon.start - half, far, ribbon.end - half, middle + lean) + f"H{_at(ribbon.right)}")
    if half < .6:
        look = DASHES if "~" in edge["operator"] else 'stroke-width="1.4" stroke-opacity=".6"'
        return f'<path d="{path}" fill="none" stroke="{color}" {look}/>'
    path += f"V{_at(ribbon.end + half)}" + bent(far, ribbon.end + half, near, ribbon.start + half, middle - lean)
    opacity = ".12" if edge["low"] <= 0 <= edge["high"] else ".28"
    return f'<path d="{path}H{_at(ribbon.left)}Z" fill="{color}" fill-opacity="{opacity}"/>'


def _card(row: dict, plan: layout.Layout, rows: list[dict], colors: tuple[str, str], tall: float) -> str:
    """A card: label, value, change, and the contribution as a bar with its interval and its amount."""
    (x, y), right, change = plan.cards[row["metric"]], WIDE - PAD, _change(row)
    value, (amount, between) = _level(row), _moved(row, rows[0]["unit"])
    most = right - PAD - (room(change, LETTERS) + 8 if change else 0)
    bold, mark = 1.07 * room(value, VALUE) or 1, 16 * row["key"]
    per = fitted(row["per"], most - bold - 4, SMALL) if most - bold > 24 else ""
    edge = f'{INK}" stroke-width="1.8' if row is rows[0] else FAINT
    hover = " · ".join(filter(None, [row["label"], _value(row), change, amount, between, row["note"]]))
    parts = [f'<g transform="translate({_at(x)},{_at(y)})"><title>{html.escape(hover)}</title>',
             _rect(0, 0, WIDE, tall, "#ffffff", f' rx="8" stroke="{edge}"'), _star(PAD + 5, 18) if row["key"] else "",
             _text(PAD + mark, 22, fitted(row["label"], right - PAD - mark, LETTERS), LETTERS, QUIET),
             f'<text x="{PAD}" y="45" fill="{INK}"><tspan font-size="{_at(VALUE * min(1, most / bold))}"{BOLD}>'
             f'{html.escape(value)}</tspan>'
             f'<tspan dx="4" font-size="{SMALL}" fill="{QUIET}">{html.escape(per)}</tspan></text>',
             _text(right, 45, change, LETTERS, INK, RIGHT)]
    if amount:
        parts += _bar(row, rows, colors, amount)
    elif between:
        level = words.text("kpi_picture.level", between=between)
        parts.append(_text(PAD, 67, fitted(level, right - PAD, 12), 12, QUIET))
    notes = (_text(3, tall + LINE * line, text, NOTE, QUIET) for line, text in enumerate(plan.notes[row["metric"]], 1))
    return "\n".join([*filter(None, parts), *notes, "</g>"])


def _bar(row: dict, rows: list[dict], colors: tuple[str, str], amount: str) -> list[str]:
    """The contribution from zero on, pale where it may be noise; its interval; the amount in figures.

    All bars have one scale, on which every contribution, every finite end and zero lie.
    """
    ends = [0.0, *(layout.known(other[name]) for other in rows for name in ("contribution", "low", "high"))]
    least, most = (min(ends), max(ends)) if any(ends) else (-1, 1)
    zero, end, low, high = (PAD + BAR * (min(max(number, least), most) - least) / (most - least)
                            for number in (0, row["contribution"], row["low"], row["high"]))
    color = _color(row["contribution"], colors)
    tips = [low] * math.isfinite(row["low"]) + [high] * math.isfinite(row["high"])
    letters = LETTERS * min(1, (WIDE - 2 * PAD - BAR - 5) / (1.07 * room(amount, LETTERS)))
    pale = f'{PALE} stroke="{color}"' if row["noise"] else ""
    return [_rect(PAD, BAR_AT - .5, BAR, 1, FAINT),
            _rect(min(zero, end), BAR_AT - 4.5, max(abs(end - zero), 1), 9, color, pale),
            _rect(zero - .5, BAR_AT - 7, 1, 14, QUIET),
            "" if math.isnan(low) or math.isnan(high) else _whisker(low, high, BAR_AT, tips),
            _text(WIDE - PAD, 67, amount, letters, color, RIGHT + ("" if pale or color == QUIET else BOLD))]


def _star(x: float, y: float) -> str:
    return f'<polygon points="{STAR}" transform="translate({x},{y})" fill="{INK}"/>'


def _operators(rows: list[dict], plan: layout.Layout) -> list[str]:
    """How a node enters its parent: on the card's upper edge; for a further parent, where its ribbon begins."""
    first, parts = {row["metric"]: row["parent"] for row in rows}, []
    for ribbon in plan.ribbons:
        parent, child, sign = (ribbon.edge[name] for name in ("parent", "child", "operator"))
        if sign and "~" not in sign:
            (x, y), wide = plan.cards[child], 7 + 12 * len(sign)
            x, y = (x + PAD + 9.5, y) if first[child] == parent else (ribbon.left + 14, ribbon.start)
            parts += [_rect(x - wide / 2, y - 9.5, wide, 19, INK, ' rx="9.5"'),
                      _text(x, y + 5, sign, 15, "#ffffff", BOLD + MIDDLE)]
    return parts


def _legend(rows: list[dict], links: list[dict], colors: tuple[str, str], most: float,
            confidence: float) -> tuple[list[str], int]:
    """What the marks mean, each only where it occurs, and in how many lines."""
    marks = {
        "raises": any(row["contribution"] > 0 for row in rows) and _rect(0, -9, 20, 9, colors[0]),
        "lowers": any(row["contribution"] < 0 for row in rows) and _rect(0, -9, 20, 9, colors[1]),
        "noise": any(row["noise"] for row in rows) and _rect(0, -9, 20, 9, QUIET, f'{PALE} stroke="{QUIET}"'),
        "interval": any(row["low"] == row["low"] for row in rows) and _whisker(0, 20, -4.5, [0, 20]),
        "unknown": any(row["contribution"] and row["contribution"] == row["contribution"] and row["low"] != row["low"]
                       for row in rows) and _rect(0, -9, 20, 9, QUIET),
        "estimated": any("~" in link["operator"] for link in links) and (
            f'<path d="M0 -4.5H22" stroke="{QUIET}" {DASHES}/>'),
        "key": any(row["key"] for row in rows) and _star(12, -4.5)}
    parts, x, line = [], 0.0, 0
    for key, mark in marks.items():
        if mark:
            text = words.text(f"kpi_picture.{key}", confidence=tick(confidence, "share"),
                              name=fitted(rows[0]["label"], 150, LETTERS))
            wide = 48 + room(text, LETTERS)
            x, line = (0.0, line + 1) if x and x + wide - 20 > most else (x, line)
            parts += [f'<g transform="translate({_at(x)},{22 * line})">', mark,
                      _text(28, 0, text, LETTERS, QUIET), "</g>"]
            x += wide
    return parts, line + bool(parts)
