"""The pages on segments and on lifetime value from whatever data there are: whole exports, one table, small folders."""

import csv
import importlib.util
import random
import shutil

import nbformat
import pytest
from test_pages import EXPORTS, ROOT, english, made

from engagelab import cli
from engagelab.notebook.execute import execute
from engagelab.notebook.tags import with_parameters

pytestmark = pytest.mark.slow
__all__ = ["english"]  # the fixture that each page starts with


def pages(data, out):
    assert cli.main(["report", "04", "05", "--data", str(data), "--out", str(out)]) == 0
    return [made(out, name) for name in ("04_segments", "05_lifetime_value")]


def write(folder, name, rows):
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def small(folder, *, people, tables, currency=("JPY",), channel=True, consent=True, once=False, spread=True,
          language="en"):
    """A made-up shop."""
    chance = random.Random(4)
    folder.mkdir()
    (folder / "engagelab.toml").write_text(f'name = "Kiefer"\nlanguage = "{language}"\n', encoding="utf-8")
    names = [f"c{who:04}" for who in range(people)]
    made = {"customers": [], "orders": [], "subscriptions": []}
    for who in names:
        made["customers"].append({"user_id": who, "email": f"{who}@adler.example", "created_at": "2025-02-01T00:00:00Z",
                                  "channel": chance.choice(["web", "shop"]) if channel else "",
                                  "consent_analysis": chance.choice([1, 1, 1, 0]) if consent else "",
                                  "consent_marketing": chance.choice([1, 0]) if consent else ""})
        for number in range(1 if once else chance.randint(1, 9)):
            day = chance.randint(0, 300)
            made["orders"].append({"order_id": f"{who}-{number}", "user_id": who, "total": chance.randint(-2, 60) * 100,
                                   "currency": chance.choice(currency), "status": "paid",
                                   "ordered_at": f"2025-{3 + day // 31:02}-{1 + day % 28:02}T03:00:00Z"})
        since, gone = (3 + chance.randint(0, 7) if spread else 2), chance.randint(1, 30)
        closed = f"2025-{since + gone:02}-11T00:00:00Z" if since + gone < 13 else ""
        made["subscriptions"].append({"subscription_id": f"s{who}", "user_id": who, "plan": "basic", "amount": 900,
                                      "opened_at": f"2025-{since:02}-10T00:00:00Z", "closed_at": closed,
                                      "currency": "JPY"})
    for name in tables:
        write(folder, name, made[name])
    return folder


def test_the_exports_say_what_the_sample_says(tmp_path):
    segments, value = pages(EXPORTS, tmp_path)
    assert "Call these first:" in segments and "Consent to analysis is told of 27.3% of the customers only" in segments
    assert "Worth what it costs: referral, store, search, campaign." in value
    for text in (segments, value):
        assert "Vote" not in text and "Key points" not in text
        assert "@" not in text.replace("@context", "") and "050-0000" not in text


@pytest.mark.parametrize("table", ["orders", "subscriptions", "customers", "deals"])
def test_one_table_alone_makes_both_pages(table, tmp_path):
    shutil.copy(ROOT / f"data/{table}.csv", tmp_path / f"{table}.csv")
    segments, value = pages(tmp_path, tmp_path / "out")
    assert "Left out: " in segments
    # customers and deals alone carry no amount that could be a lifetime value: the index says why there is no page
    assert ("No page for lack of data: “Lifetime value" if table in ("customers", "deals") else "Left out: ") in value
    assert ("Champions" in segments) == (table == "orders")
    assert ("quick leavers" in value.lower()) == (table == "subscriptions")


@pytest.mark.parametrize("how", [
    {"people": 60, "tables": ["customers", "orders"], "currency": ("JPY", "USD")},
    {"people": 30, "tables": ["customers", "orders", "subscriptions"], "channel": False, "consent": False},
    {"people": 80, "tables": ["orders"], "once": True},
    {"people": 120, "tables": ["customers", "subscriptions"]},
    {"people": 90, "tables": ["orders", "subscriptions"], "spread": False},
    {"people": 4, "tables": ["customers", "orders", "subscriptions"]},
    {"people": 120, "tables": ["customers", "orders", "subscriptions"], "language": "ja"},
], ids=["two_currencies", "no_channel_no_consent", "everybody_once", "no_orders", "all_began_before", "four_people",
        "japanese"])
def test_a_small_shop_makes_both_pages_without_an_address(how, tmp_path):
    for text in pages(small(tmp_path / "files", **how), tmp_path / "out"):
        assert "Kiefer" in text and "adler" not in text
        assert "nan" not in text.split() and "inf" not in text.split()


@pytest.mark.skipif(importlib.util.find_spec("lifetimes") is None, reason="the extra cdnow is not installed")
def test_the_published_figures_come_out_of_the_public_data():
    notebook = nbformat.read(ROOT / "notebooks/05_lifetime_value.ipynb", 4)
    done = execute(with_parameters(notebook, data="sample", cdnow=True), folder=ROOT / "notebooks")
    said = "\n".join(str(output) for cell in done.cells for output in cell.get("outputs", []))
    for figure in ("r         0.24", "alpha         4.4", "a         0.79", "b         2.4"):
        assert " ".join(figure.split()) in " ".join(said.replace("\\n", " ").split())
    assert "1,882" in said
