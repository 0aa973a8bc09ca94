"""The report of the quarter from whatever data there are: whole exports, one table, small folders, a register."""

import shutil

import brand
import pytest
from test_pages import EXPORTS, ROOT, english, made
from test_people_pages import small as people
from test_value_pages import small

import engagelab as el
from engagelab import cli

pytestmark = pytest.mark.slow
__all__ = ["english"]  # the fixture that each page starts with
NAME = "08_report_of_the_quarter"


def page(data, out):
    assert cli.main(["report", "08", "--data", str(data), "--out", str(out)]) == 0
    text = made(out, NAME)
    assert not {"nan", "inf", "None", "NaN"} & set(text.replace(";", " ").split())
    assert "Vote" not in text and "Key points" not in text and "Traceback" not in text
    return text


def copied(folder, *tables):
    folder.mkdir()
    for table in (*tables, "engagelab"):
        for path in (ROOT / "data").glob(f"{table}*.*"):
            shutil.copy(path, folder / path.name)
    return folder


def test_the_exports_say_what_the_sample_says(tmp_path):
    text = page(EXPORTS, tmp_path)
    assert "Promises kept: none; missed: Churn; cannot tell: NPS, CSAT" in text
    assert "Profit after marketing rose by" in text and "more than noise" in text
    assert "No plan was written down" in text and "1on1" not in text
    assert "@" not in text and "050-0000" not in text
    assert (tmp_path / "alerts.csv").read_text("utf-8-sig").startswith("metric,segment,period,estimate,expected")


def test_the_same_files_give_the_same_bytes(tmp_path):
    data = copied(tmp_path / "data", "orders", "targets", "tickets")
    pages = [(page(data, tmp_path / name), (tmp_path / name / f"{NAME}.html").read_bytes()) for name in "ab"]
    assert pages[0] == pages[1]


def test_the_page_reads_in_japanese(tmp_path):
    data = copied(tmp_path / "data", "orders", "subscriptions", "costs", "targets", "surveys", "customers")
    settings = (data / "engagelab.toml").read_text("utf-8").replace('language = "en"', 'language = "ja"')
    (data / "engagelab.toml").write_text(settings, encoding="utf-8")
    text = page(data, tmp_path / "out")
    assert "目標の達成：" in text and "次の一手：" in text and "今後0～3か月" in text and "前年同期" in text


@pytest.mark.parametrize("table", ["orders", "subscriptions", "surveys", "tickets", "reviews", "social_posts",
                                   "email_sends", "email_campaigns", "pulses", "employees", "customers", "assignments"])
def test_one_table_alone_makes_a_page(table, tmp_path):
    text = page(copied(tmp_path / "data", table), tmp_path / "out")
    assert "Five questions of good practice: yes" in text
    assert ("Next: " in text) == (table in ("orders", "subscriptions"))


@pytest.mark.parametrize(("how", "said"), [
    ({"people": 60, "tables": ["customers", "orders"], "currency": ("JPY", "USD")}, "No targets were set"),
    ({"people": 30, "tables": ["customers", "orders", "subscriptions"], "channel": False, "consent": False}, "Next: "),
    ({"people": 4, "tables": ["customers", "orders", "subscriptions"]}, "may be noise"),
    ({"people": 120, "tables": ["customers", "orders", "subscriptions"], "language": "ja"}, "次の一手"),
], ids=["two_currencies", "no_channel_no_consent", "four_people", "japanese"])
def test_a_small_shop_makes_a_page(how, said, tmp_path):
    assert said in page(small(tmp_path / "files", **how), tmp_path / "out")


def test_pulses_alone_and_another_company_make_pages(tmp_path):
    assert "cannot tell 5" in page(people(tmp_path / "pulses", people=12, waves=1), tmp_path / "a")
    brand.write(tmp_path / "brand")
    text = page(tmp_path / "brand", tmp_path / "b")
    assert brand.NAME in text and "Asanagi" not in text and "JPY" not in text and "¥" not in text


def test_a_company_with_keys_a_goal_and_a_register_of_its_own(tmp_path):
    data = copied(tmp_path / "data", "orders", "tickets")
    keys = '[kpi]\nkeys = ["first_reply_median", "nps"]'
    settings = (data / "engagelab.toml").read_text("utf-8").replace("[kpi]", keys)
    (data / "engagelab.toml").write_text(settings, encoding="utf-8")
    (data / "targets.csv").write_text("metric,period,target\nfirst_reply_median,,200\ngross_profit,2027,1750000\n",
                                      encoding="utf-8")
    register = el.experiments.Register(data / "experiments.csv")
    register.plan("gift wrap", hypothesis="Wrapping sells", metric="orders a head", arms=["A", "B"], control="A",
                  stop="end of May", on="2026-05-01")
    text = page(data, tmp_path / "out")
    assert "Promises kept: Median time to first reply; missed: none" in text and "not measured here" in text
    assert "The goal is the target set for Gross profit: ¥1.75M." in text
    assert "Wrapping sells" in text and "1 of the last 4 quarters" in text
    broken = register.path.read_text("utf-8").replace("2026-05-01", "in May")
    register.path.write_text(broken, encoding="utf-8")
    assert "The register of experiments cannot be read: experiments.csv" in page(data, tmp_path / "again")
