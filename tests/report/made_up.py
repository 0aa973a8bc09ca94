"""Small executed notebooks for the tests of page, workbook and slides."""

import nbformat
import pandas as pd

import engagelab as el
from engagelab.notebook.collect import KIND, table_of

PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
       "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
HIDDEN = pd.DataFrame({
    "metric": "csat", "team": ["a", "b", "=1+1", None], "estimate": [.8, .25, .5, .6], "low": [.7, .1, .4, .5],
    "high": [.9, .4, .6, .7], "se": .05, "count": [8.0, 1, 5, 6], "n": [10, 4, 10, 10],
    "method": "Wilson score interval", "flag": ["", "hidden: fewer than 5 respondents", "", ""]})


def note(text, *tags):
    return nbformat.v4.new_markdown_cell(text, metadata={"tags": list(tags)})


def code(*shown, tags=(), source="say()"):
    """A cell that put out tables, sentences (text) and pictures (PNG)."""
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    for one in shown:
        if isinstance(one, str):
            data = {"image/png": one} if one == PNG else {"text/markdown": one}
        else:
            html = (el.show(one, "share") if isinstance(one, pd.DataFrame) else one)._repr_html_()
            table = table_of(one)
            data = {"text/html": html, **({KIND: table} if table else {})}
        cell.outputs.append(nbformat.v4.new_output("display_data", data))
    return cell


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=list(cells))
