"""Practices, the roadmap and the register: answers from made-up tables whose answers are known by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import engagelab as el
from engagelab.notebook.periods import Periods
from engagelab.notebook.profit import Profit
from engagelab.notebook.quarter import goal_of, practices, register_of, roadmap
from engagelab.notebook.setup import open_data
from engagelab.sources.folder_files import data_files, is_register
from engagelab.tables import complete

WHEN = Periods("quarter", "2026Q2", "2026Q3", "2025-01-01", "2026-10-01", "UTC")
NONE = pd.DataFrame(columns=["name", "planned_on", "decided_on", "metric", "verdict"])
DAY = pd.Timestamp("2026-08-03", tz="UTC")


@pytest.fixture(scope="module")
def sample():
    return open_data("sample")


def company(sample, **tables):
    return replace(sample, tables={name: complete(pd.DataFrame(table), name) for name, table in tables.items()})


def answered(sample, register=NONE, **tables):
    return practices(company(sample, **tables), WHEN, register).set_index("question")


def test_without_tables_nothing_can_be_told(sample):
    found = answered(sample)
    assert set(found["answer"]) == {"unknown"} and "e-mail sends" in found.loc["personalised", "figures"]


def test_a_lead_is_no_customer_and_an_unknown_consent_no_refusal(sample):
    people = {"user_id": list("abcde"), "stage": ["customer", None, "lead", "customer", "customer"],
              "segment": ["x", "x", None, "x", "x"], "consent_analysis": [True, None, False, True, True]}
    found = answered(sample, customers=people).loc["analysed"]
    assert found["answer"] == "yes"
    assert "100.0% of 4 customers" in found["figures"] and "the 3 customers" in found["figures"]


def test_half_by_scenario_and_none_for_a_persona_is_in_part(sample):
    sends = {"send_id": list("abcd"), "user_id": list("abcd"), "sent_at": [DAY] * 4,
             "scenario": ["welcome", "newsletter", "welcome", "newsletter"], "persona": [None, "p", None, None]}
    found = answered(sample, email_sends=sends).loc["personalised"]
    assert found["answer"] == "partly" and "50.0% of 4" in found["figures"] and "0.0% of 4" in found["figures"]


def test_what_no_row_ever_holds_says_nothing(sample):
    sends = {"send_id": list("ab"), "user_id": list("ab"), "sent_at": [DAY] * 2}
    assert answered(sample, email_sends=sends).loc["personalised", "answer"] == "unknown"


def test_only_this_period_counts(sample):
    days = [DAY, pd.Timestamp("2026-05-01", tz="UTC"), pd.Timestamp("2026-10-01", tz="UTC")]
    reviews = {"review_id": list("abc"), "created_at": days, "rating": [5, 1, 1], "reply": ["x", None, None]}
    found = answered(sample, reviews=reviews).loc["interaction"]
    assert found["answer"] == "yes" and "100.0% of 1 reviews" in found["figures"]


def test_a_form_with_a_comment_counts_once(sample):
    rows = {"survey": ["s"] * 4, "respondent_id": list("aabb"), "question_id": ["q", "t"] * 2, "answered_at": [DAY] * 4,
            "text": [None, "good", None, None], "user_id": ["u", "u", None, None]}
    found = answered(sample, surveys=rows, customers={"user_id": list("uvwx")}).loc["heard", "figures"]
    assert "50.0% of 2 filled-in forms" in found and "25.0% of 4 customers" in found


def test_employees_under_other_names_are_not_said_to_be_silent(sample):
    staff = {"user_id": ["a", "b"], "hired_at": [pd.Timestamp("2020-01-01", tz="UTC")] * 2}
    pulse = {"wave": ["1", "1"], "question_id": ["q", "q"], "answered_at": [DAY] * 2, "score": [1.0, 2.0]}
    strangers, one = (answered(sample, pulses=pulse | {"user_id": names}, employees=staff).loc["heard"]
                      for names in (["x", "y"], ["a", "y"]))
    assert strangers["answer"] == "unknown" and "50.0% of 2 employees" in one["figures"]


def test_quarters_with_an_experiment_and_lessons_are_counted(sample):
    begun = {"experiment": ["new", "old", "ancient"], "user_id": list("abc"), "arm": ["A"] * 3,
             "assigned_at": pd.to_datetime(["2026-09-30", "2025-10-01", "2025-09-30"], utc=True)}
    register = pd.DataFrame({"name": ["old", "spring"], "planned_on": pd.to_datetime(["2025-09-20", "2026-07-02"]).date,
                             "decided_on": [DAY, None], "metric": "m", "verdict": None})
    told = answered(sample, register, assignments=begun).loc["improved", "figures"]
    assert "1 of the last 4 quarters" in told      # "old" is planned before; "new" and "spring" are of one quarter
    assert "of 2 experiments of the last year 0" in told


def tree(values=None):
    made = el.kpi.Tree("profit = price * sold - cost_of_paper [JPY]\nprice [JPY]\nsold\ncost_of_paper [JPY]")
    told = values or {"price": 10, "sold": (100, 5), "cost_of_paper": 200}
    return Profit(made, made.evaluate({name: {"2026Q3": value} for name, value in told.items()}, every="quarter"), {})


def test_each_lever_is_told_with_its_horizon_and_what_it_takes():
    found = roadmap(tree(), WHEN, 900.0, NONE).set_index("lever")
    paper, price = found.loc["cost of paper"], found.loc["price"]
    assert paper["horizon"] == "months 0–3" and paper["needed"] == "¥100 (−50.0%)"
    assert price["horizon"] == "months 3–9" and "(+10.0%)" in price["needed"]
    assert price["feasible"] == "within reach" and paper["feasible"] == "hardly alone"
    assert set(found["rung"]) == {"an assumption"}


def test_a_lever_that_cannot_do_it_alone_is_said_so():
    found = roadmap(tree(), WHEN, 1500.0, NONE).set_index("lever").loc["cost of paper"]
    assert found["needed"] == "–" and found["feasible"].startswith("not alone: ¥1,000 at most")


def test_the_goal_is_the_target_of_another_period_else_a_tenth_more_else_zero(sample):
    target = {"metric": ["profit", "profit"], "period": ["2026Q3", "2027Q3"], "target": [1.0, 950.0]}
    assert goal_of(company(sample, targets=target), WHEN, tree())[0] == 950
    assert goal_of(company(sample), WHEN, tree())[0] == pytest.approx(880)
    assert goal_of(company(sample), WHEN, tree({"price": 1, "sold": 100, "cost_of_paper": 200}))[0] == 0


def planned(folder):
    register = el.experiments.Register(folder / "experiments.csv")
    register.plan("a", hypothesis="h", metric="m", arms=["A", "B"], control="A", stop="s", on="2026-07-01")
    return register


def test_a_register_beside_the_files_is_read_and_is_no_export(tmp_path):
    planned(tmp_path)
    (tmp_path / "orders.csv").write_text("x\n", encoding="utf-8")
    found, rows = register_of(str(tmp_path))
    assert rows["name"].tolist() == ["a"] and "h (m" in repr(found)
    assert [[path.name for path in data_files(tmp_path)[0]], data_files(tmp_path)[1]] == [["orders.csv"], []]


def test_a_file_of_that_name_that_is_no_register_stays_an_export(tmp_path):
    (tmp_path / "experiments.csv").write_text("user_id,arm\n1,A\n", encoding="utf-8")
    assert not is_register(tmp_path / "experiments.csv")
    assert [path.name for path in data_files(tmp_path)[0]] == ["experiments.csv"]
    said, rows = register_of(str(tmp_path))
    assert rows.empty and "no register" in said


def test_a_damaged_register_is_said_and_the_rest_goes_on(tmp_path):
    path = planned(tmp_path).path
    path.write_text(path.read_text("utf-8").replace("2026-07-01", "soon"), encoding="utf-8")
    said, rows = register_of(str(tmp_path))
    assert rows.empty and "cannot be read" in said and "experiments.csv" in said


def test_the_rules_name_words_that_are_there():
    folder = Path(el.__file__).parent / "notebook"
    levers, asked = (pd.read_csv(folder / name) for name in ("levers.csv", "practices.csv"))
    for key in [*("measure_" + levers["measure"]), *levers["horizon"], *asked["figure"], *asked["question"]]:
        assert el.say(f"n08.{key}", share="", n=1, count=1)
    assert (asked["yes"] > asked["no"]).all() and levers["lever"].iloc[-1] == "*" and np.isfinite(asked["yes"]).all()
