"""A project of tiny notebooks and clients of one file each, for the runs of `engagelab report`."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from engagelab.notebook.execute import NotebookFailed, canonical

SETUP = "import engagelab as el\ncompany = el.setup(data, language=language)"
ROWS = "order_id,user_id,ordered_at,total,currency\n"


def cell(source, *tags, kind=new_code_cell):
    return kind(source, metadata={"tags": list(tags)} if tags else {})


def notebook(title, *cells):
    return new_notebook(cells=[
        cell(f"# {title}", kind=new_markdown_cell),
        cell('data = "sample"\nlanguage = None\nperiod = None', "parameters", "hidden"), *cells])


def project(root, notebooks, clients=("alpha",)):
    """A project with these notebooks by name, in both languages, and a folder of orders for each client."""
    for folder in (root / "notebooks", root / "notebooks/ja"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, one in notebooks.items():
            (folder / f"{name}.ipynb").write_text(nbformat.writes(one), encoding="utf-8")
    (root / "pyproject.toml").write_text('[project]\nname = "engagelab"\n', encoding="utf-8")
    for number, name in enumerate(clients, 1):
        client(root, name, number)
    return root


def client(root, name, orders=2):
    """A client's folder: orders from January 2026 to July."""
    folder = root / "clients" / name
    folder.mkdir(parents=True, exist_ok=True)
    days = ["2026-01-01", "2026-07-31", *["2026-04-15"] * orders]
    rows = "".join(f"{row},C{row},{day}T03:00:00Z,{100 * row},JPY\n" for row, day in enumerate(days))
    (folder / "orders.csv").write_text(ROWS + rows, encoding="utf-8")
    return folder


def pretend(notebook, *, folder, env=None):
    """In place of a kernel: each cell says its own source, and one that says "fail" fails."""
    for number, one in enumerate(notebook.cells):
        if one.cell_type == "code":
            if one.source == "fail":
                raise NotebookFailed("notebook.failed", cell=number, line="fail", error="it failed")
            one.outputs = [new_output("display_data", {"text/markdown": f"said {one.source}"})]
    return canonical(notebook)
