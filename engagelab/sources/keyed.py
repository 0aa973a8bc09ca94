"""A report that is no table, put into one: keys with their values in sections, a row for each arm of a test.

What Mailchimp writes of a single campaign: a title; keys that hold for all; then a section of
figures, or one for each combination of a test; then links and other lists. Each section of
figures becomes a row under its keys. Each line of a list is kept behind those, so that none is lost.
"""

import re

Line = tuple[int, list[str]]
FIGURES = re.compile(r"(overall|combination \d+) stats", re.I)
SHARE = re.compile(r"([\d.,]+) \((-?[\d.]+%)\)")      # 141 (8.1%)


def table(lines: list[Line]) -> list[Line]:
    """The lines of a report as a header and rows; a line of the file is in one of them.

    >>> table([(1, ["Campaign Report"]), (2, ["Title:", "May"]), (3, ["Combination 1 Stats"]),
    ...        (4, ["Bounces:", "9 (0.5%)"])])
    [(1, ['Section', 'Title', 'Bounces', 'Bounces %']), (3, ['Combination 1', 'May', '9', '0.5%'])]
    """
    common: dict[str, str] = {}
    sections: list[tuple[int, dict[str, str]]] = []
    rest: list[Line] = []
    target: dict[str, str] | None = common
    for line, cells in lines[1:]:
        filled = [cell.strip() for cell in cells if cell.strip()]
        if len(filled) == 1 and not filled[0].endswith(":"):
            target = None
            if FIGURES.fullmatch(filled[0]):
                target = {"Section": filled[0][:-len(" Stats")]}
                sections.append((line, target))
                continue
        key = filled[0].removesuffix(":") if filled and filled[0].endswith(":") and len(filled) <= 2 else ""
        if key and target is not None and key not in target:
            _put(target, key, filled[1] if len(filled) > 1 else "")
        elif filled:
            rest.append((line, [" | ".join(filled)]))
    if not sections:
        sections = [(lines[0][0], {})]
    keys = list(dict.fromkeys(["Section", *common, *(key for _, section in sections for key in section)]))
    rows = [_row(line, section, common, keys, len(sections)) for line, section in sections]
    return [(lines[0][0], keys), *rows, *rest]


def _put(target: dict[str, str], key: str, value: str) -> None:
    share = SHARE.fullmatch(value)
    target[key] = share[1] if share else value
    if share:
        target[f"{key} %"] = share[2]


def _row(line: int, section: dict[str, str], common: dict[str, str], keys: list[str], sections: int) -> Line:
    """A section under its keys. The sum over the arms of a test is a total row; alone, it is no arm."""
    if section.get("Section", "").casefold() != "overall":
        whole = common | section
    else:
        whole = {**section, "Section": "Total"} if sections > 1 else common | section | {"Section": ""}
    return line, [whole.get(key, "") for key in keys]
