"""What moved is put beside the pages as one CSV file, and goes with the data that it tells of."""

import csv

import nbformat
import numpy as np
import pandas as pd
import pytest

from engagelab.kpi import watch
from engagelab.report import run
from engagelab.report.clients import Asked, clients_of
from engagelab.report.render import moved, page
from engagelab.report.run import report
from tests.report import tiny
from tests.report.test_render import LOOK

HEAD = "metric,segment,period,estimate,expected,low,high,moved\n"


def history(jump):
    values = 50 + np.random.RandomState(1).standard_normal(24)
    values[-1] += jump
    months = [f"{2025 + month // 12}-{month % 12 + 1:02d}" for month in range(24)]
    return pd.DataFrame({"metric": "=churn", "month": months, "estimate": values})


def cell(jump, *tags):
    found = watch(history(jump))
    made = nbformat.v4.new_code_cell("watch(history)", metadata={"tags": list(tags)})
    made.outputs = [nbformat.v4.new_output("execute_result", {
        "text/plain": repr(found), "text/html": found._repr_html_(), **found._repr_mimebundle_()})]
    return made


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 08 The quarter"), *cells])


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """A report of notebooks whose cells have run; only their pages are made."""
    def made(**notebooks):
        tiny.project(tmp_path, {f"08_{name}": one for name, one in notebooks.items()})
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(run, "execute", lambda fit, folder, env: fit)
        out = tmp_path / "out"
        return out, list(report(clients_of(["clients/alpha"], out), out, Asked()))
    return made


def test_what_moved_is_written_once_for_all_pages_and_runs_nothing(pages):
    out, _ = pages(quarter=notebook(cell(8, "section:alerts"), cell(0, "section:alerts"), cell(-8, "section:alerts")))
    text = (out / "alerts.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf") and b"\r" not in text
    rows = list(csv.DictReader(text.decode("utf-8-sig").splitlines()))
    assert [row["moved"] for row in rows] == ["up", "down"] and {row["metric"] for row in rows} == {"'=churn"}
    assert 'href="alerts.csv"' in (out / "index.html").read_text("utf-8")


def test_where_nothing_moved_there_is_a_heading_alone(pages):
    out, _ = pages(quarter=notebook(cell(0, "section:alerts")))
    assert (out / "alerts.csv").read_text("utf-8-sig") == HEAD


def test_without_such_a_cell_there_is_no_file_and_that_of_an_earlier_run_goes(pages):
    out, _ = pages(quarter=notebook(cell(8, "section:alerts")))
    assert (out / "alerts.csv").exists()
    out, _ = pages(quarter=notebook(cell(8)))
    assert not (out / "alerts.csv").exists()
    assert "alerts.csv" not in (out / "index.html").read_text("utf-8")


def test_a_file_of_that_name_that_is_not_ours_stays(pages, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "alerts.csv").write_text("mine\n", "utf-8")
    pages(quarter=notebook())
    assert (tmp_path / "out" / "alerts.csv").read_text("utf-8") == "mine\n"


def test_lists_of_several_cells_are_one_with_one_heading():
    found = moved(notebook(cell(8, "section:alerts"), cell(8), cell(-8, "section:alerts")))
    assert found.startswith(HEAD) and found.count("metric") == 1 and len(found.splitlines()) == 3
    assert moved(notebook(cell(8))) == ""


def test_the_page_shows_the_list_after_the_scorecard_and_not_the_csv():
    made = page(notebook(cell(8, "section:alerts"), cell(0, "section:scorecard")), LOOK)
    assert made.index('class="scorecard"') < made.index('class="alerts"')
    assert "what its past lets" in made.replace("that its past", "what its past") and "metric,segment" not in made
