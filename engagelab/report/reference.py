"""The pages of `docs/reference/`: what each public name is, made of its docstring and its signature.

The docstrings are written as they are read in a notebook; here they become Markdown and nothing is added: lines of
`name : what it is` become a list, indented lines a block of text, and an example stands as it runs. Beneath each name
stands what its module says of the source that it follows.
"""

import inspect
import re
import sys
import textwrap
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from numpy.typing import ArrayLike

import engagelab
from engagelab import words
from engagelab.files import write_text
from engagelab.metrics.catalogue import catalogue
from engagelab.metrics.nouns import Noun

FACE, WIDTH, REFERENCE = "el", 110, "docs/reference"
ARGUMENT = re.compile(r"^((?:`?\w+`?, )*`?\w+`?) : ")
QUOTED = re.compile(r"(?<=: |> )'([\w. |]+)'")  # an annotation that was written as text
INLINE = re.compile(r"(?<=[.;]) ((?:\w+, )*\w+ : )")
MODULES = re.compile(r"(?<=[\[ (])(?:[a-z_]\w*\.)+(?=[A-Za-z])")


def pages() -> dict[str, str]:
    """Every page by its file name: an index, the face, a room each, and the catalogue of metrics.

    >>> sorted(pages())[:4]
    ['README.md', 'activity.md', 'catalogue.md', 'el.md']
    """
    with words.speaking("en"):
        made = {"el.md": _page(FACE, engagelab)}
        made |= {f"{room}.md": _page(f"{FACE}.{room}", getattr(engagelab, room)) for room in engagelab.ROOMS}
        return made | {"catalogue.md": _catalogue(), "README.md": _index()}


def write_pages(folder: Path, *, check: bool = False) -> list[Path]:
    """Write the pages into a folder, or only look; which of them were not as they should be, one too many among them.

    A page too many is named and left to whoever wrote it.

    >>> import tempfile
    >>> [path.name for path in write_pages(Path(tempfile.mkdtemp()), check=True)][:2]
    ['README.md', 'activity.md']
    """
    made = {folder / name: text for name, text in pages().items()}
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text]
    surplus = sorted(set(folder.glob("*.md")) - set(made))
    for path in () if check else stale:
        write_text(path, made[path])
    return sorted([*stale, *surplus])


def public(module: ModuleType) -> list[str]:
    """The names of a room, or of the face without its rooms, sorted.

    >>> public(engagelab.privacy)
    ['consenting', 'Ledger']
    """
    return sorted(engagelab.FACE if module is engagelab else module.__all__, key=str.lower)


def members(kind: type) -> dict[str, Any]:
    """The public methods and properties of a class of ours, as they are written; none of a noun, whose sums are inner.

    >>> list(members(engagelab.experiments.Register))
    ['plan', 'amend', 'result', 'history', 'frame']
    """
    found: dict[str, Any] = {}
    for owner in () if issubclass(kind, Noun) else reversed(kind.__mro__):
        if owner.__module__.startswith(engagelab.__name__):
            for name, held in vars(owner).items():
                value = property(held.func) if isinstance(held, cached_property) else getattr(held, "__func__", held)
                if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                    found[name] = value
    return found


def signature(name: str, thing: Any) -> str:
    """How it is called, types as they are written, lines no longer than a page.

    >>> signature("wilson", engagelab.metrics.wilson)
    'wilson(count: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[ndarray, ndarray]'
    """
    called = inspect.signature(thing)
    shown = [part.replace(annotation="ArrayLike") if part.annotation == ArrayLike else part   # numpy's own name for it
             for part in called.parameters.values() if part.name != "self"]
    text = QUOTED.sub(r"\1", str(called.replace(parameters=shown)))
    text = name + MODULES.sub("", text).removesuffix(" -> None")
    held = re.sub("(?<!,) ", "\xa0", text)  # a line ends behind a comma
    return "\n".join(textwrap.wrap(held, WIDTH, subsequent_indent="    ", break_long_words=False)).replace("\xa0", " ")


def _page(called: str, module: ModuleType) -> str:
    names = public(module)
    elsewhere = [name for name in names if module is not engagelab and name in engagelab.FACE]
    own = [name for name in names if name not in elsewhere]
    parts = [f"# {called}", _markdown(inspect.getdoc(module) or ""), _contents(module, own)]
    parts += [words.text("reference.on_face", name=f"`{called}.{name}`", page=f"[`el.{name}`](el.md#el{name.lower()})")
              for name in elsewhere]
    for source in dict.fromkeys(getattr(module, name).__module__ for name in own):
        for name in own:
            if getattr(module, name).__module__ == source:
                parts += _entry(f"{called}.{name}", getattr(module, name))
        parts.append(f"`{source}`: " + _markdown(inspect.getdoc(sys.modules[source]) or ""))
    return "\n\n".join(part for part in parts if part) + "\n"


def _entry(called: str, thing: Any) -> list[str]:
    parts = [f"## {called}", f"```python\n{signature(called, thing)}\n```", _markdown(inspect.getdoc(thing) or "")]
    answer = thing if inspect.isclass(thing) else inspect.signature(thing).return_annotation
    if not inspect.isclass(answer) or not answer.__module__.startswith(engagelab.__name__):
        return parts
    if answer is not thing:
        parts.append(words.text("reference.returned", name=f"`{answer.__name__}`") + " "
                     + _markdown(inspect.getdoc(answer) or ""))
    for name, member in members(answer).items():
        shown = f".{name}" if isinstance(member, property) else signature(f".{name}", member)
        parts += [f"```python\n{shown}\n```", _markdown(inspect.getdoc(member) or "")]
    return parts


def _contents(module: ModuleType, names: list[str]) -> str:
    rows = [f"| [{name}](#{_anchor(module, name)}) | {_first(getattr(module, name))} |" for name in names]
    return "\n".join([words.text("reference.columns"), "|---|---|", *rows])


def _anchor(module: ModuleType, name: str) -> str:
    room = "" if module is engagelab else module.__name__.rpartition(".")[2]
    return f"el{room}{name}".lower()


def _index() -> str:
    rooms = [(FACE, engagelab), *((room, getattr(engagelab, room)) for room in engagelab.ROOMS)]
    rows = [f"| [{room}]({room}.md) | {_first(module)} | {len(public(module))} |" for room, module in rooms]
    metrics = words.text("reference.metrics", page="[catalogue.md](catalogue.md)", n=len(catalogue()))
    table = "\n".join([words.text("reference.rooms"), "|---|---|---|", *rows])
    return "\n\n".join([f"# {words.text('reference.title')}", words.text("reference.about"), table, metrics]) + "\n"


def _catalogue() -> str:
    table = catalogue()
    lines = [" | ".join(["", *table.columns, ""]).strip(), "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in table.itertuples(index=False)]
    return "\n\n".join([f"# {words.text('reference.catalogue')}", "\n".join(lines)]) + "\n"


def _first(thing: Any) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return _plain(re.split(r"(?<=[a-z`)\"])\. (?=[A-Z])", paragraph)[0])


def _plain(text: str) -> str:
    """Text that Markdown shows as it is; what stands in backticks is left alone."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([<*|\\])", r"\\\1", part) for part in parts)


def _markdown(docstring: str) -> str:
    """A docstring as Markdown."""
    made: list[str] = []
    for block in re.split(r"\n\n+(?=\S)|(?<=\S)\n\n+(?=    \S)", docstring.strip()):
        if block.lstrip().startswith(">>>"):
            made.append(f"```python\n{block}\n```")
        elif block.startswith("    "):
            made.append(f"```text\n{textwrap.dedent(block)}\n```")
        else:
            made.append(_list(block) if ARGUMENT.match(block) else _plain(block))
    return "\n\n".join(made)


def _list(block: str) -> str:
    items: list[str] = []
    for line in INLINE.sub(r"\n\1", block).splitlines():
        found = ARGUMENT.match(line)
        if found:
            names = ", ".join(f"`{name.strip('`')}`" for name in found[1].split(", "))
            items.append(f"- {names}: {line[found.end():]}")
        else:
            items[-1] += "\n  " + line.strip()
    return "\n".join(map(_plain, items))
