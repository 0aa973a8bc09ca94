"""The register keeps what was planned before and learned after; nothing that was written down is lost or changed."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engagelab import words
from engagelab.errors import EngagelabError, SourceError, UsageError
from engagelab.experiments.compare import compare
from engagelab.experiments.comparison import Comparison
from engagelab.experiments.register import Register
from engagelab.metrics.nouns import rate

PLAN = {"hypothesis": "A coupon pays for itself", "metric": "profit a head", "arms": ["holdout", "coupon"],
        "control": "holdout", "stop": "when 1,200 in each arm had 14 days", "on": "2025-11-20", "plan": {"n": 1200}}


def comparison(metric="profit a head", arms=("coupon",), control="holdout", n=1300, **settings):
    frame = pd.DataFrame([{
        "metric": metric, "arm": arm, "control": control, "value_control": 300.0, "value_arm": 247.0 + place,
        "difference": -53.1 + 1 / 3, "low": -120.0, "high": 14.0, "p": .12, "low_adjusted": -130.0,
        "high_adjusted": np.inf, "p_adjusted": .2, "verdict": "no_difference", "n_control": n, "n_arm": n + place,
        "method": "Welch"} for place, arm in enumerate(arms)])
    done = {"metrics": [metric], "nouns": ["mean(profit)"], "primary": None, "arms": [control, *arms],
            "control": control, "n": dict.fromkeys((control, *arms), n), "margin": None, "better": "higher",
            "confidence": .95, "correct": "dunnett", "spending": None, "looks": (), "peek": False}
    checks = pd.DataFrame({"check": [], "metric": [], "status": [], "sentence": []}, dtype="str")
    return Comparison(frame, checks, pd.DataFrame(), pd.DataFrame(), {metric: "JPY"}, {}, done | settings)


@pytest.fixture
def register(tmp_path):
    return Register(tmp_path / "experiments.csv")


@pytest.fixture
def planned(register):
    register.plan("coupon", **PLAN)
    return register


def finish(register, name="coupon", found=None, **how):
    register.result(name, found or comparison(), **{"lesson": "The loyal buy anyway", "decision": "stop",
                                                    "on": "2025-12-20", **how})


def test_a_plan_comes_back(register):
    sizes = {"n": 1200, "split": {"holdout": .1, "coupon": .9}, "looks": [.5, 1], "confidence": .9, "peek": True}
    register.plan("coupon", **{**PLAN, "better": "lower", "margin": 2, "primary": "profit",
                               "guardrails": ["complaints"], "plan": sizes})
    entry = Register(register.path)["coupon"]
    assert (entry.name, entry.version, entry.on) == ("coupon", 1, date(2025, 11, 20))
    assert (entry.metric, entry.primary, entry.better, entry.margin) == ("profit a head", "profit", "lower", 2)
    assert (entry.arms, entry.control, entry.guardrails) == (["holdout", "coupon"], "holdout", ["complaints"])
    assert (entry.n, entry.split, entry.looks) == (1200, {"holdout": .1, "coupon": .9}, [.5, 1.0])
    assert (entry.confidence, entry.peek, entry.power, entry.correct) == (.9, True, None, None)


def test_what_a_plan_of_another_kind_tells_is_taken_by_its_attributes(register):
    plan = SimpleNamespace(n=5117, arms=2, effect=.02, looks=None, margin=.01, metric="rate(opened)", split=None)
    register.plan("a", **{**PLAN, "plan": plan})
    assert (register["a"].n, register["a"].effect, register["a"].margin) == (5117, .02, .01)
    assert register["a"].arms == ["holdout", "coupon"]
    register.plan("numpy", **{**PLAN, "plan": {"n": np.int64(7), "effect": np.float64(.1), "looks": [.5, 1]}})
    assert (register["numpy"].n, register["numpy"].effect, register["numpy"].looks) == (7, .1, [.5, 1.0])
    register.plan("lower", **{**PLAN, "plan": SimpleNamespace(better="lower", unit="share", n=3)})
    assert (register["lower"].better, register["lower"].unit) == ("lower", "share")
    register.plan("told", **{**PLAN, "plan": SimpleNamespace(margin=None, n=3), "margin": .02})
    assert (register["told"].margin, register["told"].n) == (.02, 3)
    register.plan("first", **{**PLAN, "plan": plan, "margin": .02})
    assert register["first"].margin == .02


def test_a_name_that_is_there_is_refused_with_what_to_do(planned):
    before = planned.path.read_bytes()
    with pytest.raises(UsageError, match=r"'coupon' already; a changed plan is register.amend"):
        planned.plan("coupon", **PLAN)
    assert planned.path.read_bytes() == before


def test_an_amended_plan_is_a_new_version_and_the_old_one_stays(planned):
    planned.amend("coupon", why="traffic fell", on="2025-11-25", plan={"n": 900}, margin=5)
    assert (planned["coupon"].version, planned["coupon"].n, planned["coupon"].margin) == (2, 900, 5)
    assert planned["coupon"].on == date(2025, 11, 25)
    assert planned["coupon"].hypothesis == PLAN["hypothesis"]
    kept = planned.history("coupon")
    assert kept["n"].tolist() == [1200, 900] and kept["version"].tolist() == [1, 2]
    assert len(planned.frame) == 1 and planned.frame["n"].tolist() == [900]
    planned.amend("coupon", why="surer", on="2025-11-25", plan={"confidence": .99, "looks": [.5, 1]})
    assert (planned["coupon"].n, planned["coupon"].margin, planned["coupon"].looks) == (900, 5, [.5, 1.0])
    planned.amend("coupon", why="no margin needed", on="2025-11-25", margin=None)
    assert planned["coupon"].margin is None and planned["coupon"].n == 900


@pytest.mark.parametrize(("how", "said"), [
    ({"why": "x", "on": "2025-11-19", "margin": 1}, "2025-11-19 is before 2025-11-20"),
    ({"why": "", "on": "2025-11-21", "margin": 1}, "why has to be told"),
    ({"why": "x", "on": "2025-11-21", "hypotesis": "y"}, "did you mean 'hypothesis'"),
    ({"why": "x", "on": "2025-11-21", "control": "mail"}, "control must be one of"),
])
def test_an_amendment_that_cannot_be_is_refused(planned, how, said):
    with pytest.raises(UsageError, match=said):
        planned.amend("coupon", **how)


def test_the_result_is_kept_to_the_last_digit_with_what_was_done_otherwise(planned):
    finish(planned, found=comparison(n=1100, peek=True))
    row = Register(planned.path).frame.iloc[0]
    assert row["difference"] == -53.1 + 1 / 3 and row["high_adjusted"] == np.inf and row["n_control"] == 1100
    assert (row["verdict"], row["decision"], row["lesson"]) == ("no_difference", "stop", "The loyal buy anyway")
    assert row["departures"] == ("Fewer than planned: holdout 1,100 of 1,200, coupon 1,100 of 1,200. "
                                 "The results were looked at all the time, which was not planned.")
    assert (row["planned_on"], row["decided_on"]) == (date(2025, 11, 20), date(2025, 12, 20))


def test_each_arm_has_its_row(register):
    register.plan("three", **{**PLAN, "arms": ["holdout", "coupon", "mail"]})
    finish(register, "three", comparison(arms=("coupon", "mail")))
    assert register.frame["arm"].tolist() == ["coupon", "mail"]
    assert register.frame["value_arm"].tolist() == [247, 248]
    assert not register.frame["departures"].iloc[0:2].notna().any()


def test_of_many_metrics_those_of_the_plan_are_kept_and_all_where_it_was_not_measured(register):
    register.plan("a", **{**PLAN, "guardrails": ["complaints"]})
    names = ("opens", "profit a head", "complaints")
    many = pd.concat([comparison(name).frame for name in names])
    finish(register, "a", replace(comparison(metrics=names, nouns=names), frame=many))
    assert register.frame["metric"].tolist() == ["profit a head", "complaints"]
    assert "coupon: −¥53" in repr(register) and "coupon complaints: −52.77" in repr(register)
    register.plan("b", **PLAN)
    finish(register, "b", comparison("orders"))
    found = register.frame.query("name == 'b'")
    assert found["metric"].tolist() == ["orders"] and "was not measured" in found["departures"].item()


def test_what_has_a_result_stays_as_it_is(planned):
    finish(planned)
    with pytest.raises(UsageError, match="has a result, after which"):
        finish(planned)
    with pytest.raises(UsageError, match="has a result, after which"):
        planned.amend("coupon", why="x", on="2026-01-01", margin=1)


@pytest.mark.parametrize(("how", "said"), [
    ({"on": "2025-11-19"}, "before 2025-11-20"), ({"decision": "adpot"}, "did you mean 'adopt'"),
    ({"lesson": " "}, "lesson has to be told"), ({"name": "cupon"}, "no experiment 'cupon'; did you mean 'coupon'"),
    ({"found": 3}, "not a int"),
])
def test_a_result_that_cannot_be_is_refused_and_the_file_stays(planned, how, said):
    before = planned.path.read_bytes()
    with pytest.raises(EngagelabError, match=said):
        finish(planned, **how)
    assert planned.path.read_bytes() == before
    assert [file.name for file in planned.path.parent.iterdir()] == ["experiments.csv"]


@pytest.mark.parametrize(("changed", "said"), [
    ({"on": "20.11.2025"}, "'on' cannot be"), ({"on": None}, "on has to be told"),
    ({"on": "2025-02-30"}, "'on' cannot be"), ({"margin": True}, "'margin' cannot be"),
    ({"on": 20251120}, "'on' cannot be"), ({"hypothesis": ""}, "hypothesis has to be told"),
    ({"metric": None}, "metric has to be told"), ({"arms": ["holdout"]}, "two groups"),
    ({"arms": ["holdout", "coupon", "coupon"]}, "each once"), ({"arms": "ab"}, "two groups"),
    ({"control": "none"}, "control must be one of"), ({"better": "up"}, "better must be one of"),
    ({"plan": {"n": 1200.5}}, "'n' cannot be '1200.5'"), ({"plan": {"m": 3}}, "plan must be one of"),
    ({"plan": {"confidence": 95}}, "confidence"), 
    ({"plan": {"looks": [.5, .2]}}, "looks must be"), ({"plan": {"looks": "x"}}, "looks must be"),
    ({"plan": {"spending": "x", "looks": [.5, 1]}}, "spending must"), ({"margin": "1%"}, "'margin' cannot be '1%'"),
    ({"plan": {"n": "1200.5"}}, "'n' cannot be"), ({"plan": {"split": 3}}, "'split' cannot be '3'"),
    ({"plan": {"peek": 3}}, "'peek' cannot be '3'"), ({"arms": 5}, "'arms' cannot be 5"),
    ({"guardrails": 5}, "'guardrails' cannot be 5"),
])
def test_a_plan_that_cannot_be_is_refused(register, changed, said):
    with pytest.raises(UsageError, match=said):
        register.plan("a", **{**PLAN, **changed})
    assert not register.path.exists()


def test_what_a_spreadsheet_would_run_is_made_harmless_and_comes_back_as_it_was(register):
    register.plan("=1+1", **{**PLAN, "hypothesis": '=HYPERLINK("x"), or\nnot', "arms": ["holdout", "-coupon"]})
    cells = next(iter(list(csv.reader(io.StringIO(register.path.read_text("utf-8-sig"), newline="")))[1:]))
    assert not [text for text in cells if text[:1] in tuple("=+-@")]
    assert register["=1+1"].hypothesis == '=HYPERLINK("x"), or\nnot'
    assert register["=1+1"].arms == ["holdout", "-coupon"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.tuples(TEXTS, TEXTS, TEXTS), margin=st.floats(1e-300, 1e300), n=st.integers(1, 10**12))
def test_whatever_is_written_is_read_back(tmp_path, texts, margin, n):
    path = tmp_path / "any.csv"
    path.unlink(missing_ok=True)
    register = Register(path)
    name, hypothesis, stop = texts
    register.plan(name, **{**PLAN, "hypothesis": hypothesis, "stop": stop, "margin": margin, "plan": {"n": n}})
    entry = register[name.strip()]
    assert (entry.name, entry.hypothesis, entry.stop) == tuple(text.strip() for text in texts)
    assert (entry.margin, entry.n) == (margin, n)


def test_rows_that_are_there_keep_their_bytes(planned):
    changed = planned.path.read_bytes().replace(b"\n", b"\r\n")
    planned.path.write_bytes(changed)
    planned.plan("next", **PLAN)
    finish(planned)
    assert planned.path.read_bytes().startswith(changed)
    assert set(planned.frame["name"]) == {"coupon", "next"}


def test_short_lines_are_filled(planned):
    planned.path.write_text("\n".join(line.rstrip(",") for line in planned.path.read_text("utf-8-sig").splitlines()))
    planned.plan("next", **PLAN)
    assert planned["coupon"].n == 1200 and planned["next"].n == 1200


def test_a_date_that_a_spreadsheet_wrote_its_own_way_is_read(planned):
    planned.path.write_text(planned.path.read_text("utf-8").replace("2025-11-20", "2025/11/20"), "utf-8")
    assert planned["coupon"].on == date(2025, 11, 20)


@pytest.mark.parametrize(("old", "new", "said"), [
    ('"[""holdout"", ""coupon""]"', "3", r"line 2: 'arms' cannot be '3'"),
    (",higher,", ",up,", r"line 2: better must be one of 'higher', 'lower', not 'up'"),
    (",1200,", ",1.2e3,", r"line 2: 'n' cannot be '1.2e3'"),
    ("2025-11-20", "20.11.2025", r"line 2: 'on' cannot be '20.11.2025'"),
    (",plan,", ",plam,", r"line 2: step must be one of .*did you mean 'plan'"),
    ("coupon,1,", "coupon,2,", r"line 2: a version of 'coupon' stands twice, or one before it is gone"),
    ("coupon,1,", "coupon,0,", r"line 2: a version of 'coupon'"),
    ("coupon,1,", ",1,", r"line 2: name has to be told"),
    ('"[""holdout"", ""coupon""]"', "", r"line 2: arms has to be told"),
    ('"[""holdout"", ""coupon""]"', '"[""holdout"""', r"line 2: 'arms' cannot be"),
    ("version", "versoin", r"line 1: the headings must be"),
    ("had 14 days", 'had 14 days"', r"line 2: a quotation mark is missing or surplus"),
])
def test_a_damaged_file_is_refused_with_its_line_and_column(planned, old, new, said):
    text = planned.path.read_text("utf-8")
    assert old in text
    planned.path.write_text(text.replace(old, new, 1), "utf-8")
    before = planned.path.read_bytes()
    for use in (lambda: planned.frame, lambda: planned["coupon"], lambda: Register(planned.path),
                lambda: planned.plan("next", **PLAN)):
        with pytest.raises(SourceError, match=said):
            use()
    assert planned.path.read_bytes() == before


def test_other_damage_is_refused_too(planned):
    whole = planned.path.read_bytes()
    line = whole.decode().splitlines()[1]
    for damaged, said in [(whole + line.encode() + b"\n", "line 3: a version of 'coupon' stands twice"),
                          (whole.rstrip() + b",surplus", "line 2: '' cannot be 'surplus'"),
                          ("実験".encode("cp932") + whole, "cannot be read"), (b"", "the headings must be")]:
        planned.path.write_bytes(damaged)
        with pytest.raises(SourceError, match=said):
            planned.frame  # noqa: B018
    planned.path.write_bytes(whole)
    finish(planned)
    rows = planned.path.read_bytes().splitlines(keepends=True)
    planned.path.write_bytes(rows[0] + rows[2])
    with pytest.raises(SourceError, match="line 2: a version"):
        planned.frame  # noqa: B018


def test_an_amendment_that_was_taken_out_is_missed(planned):
    for n in (900, 800):
        planned.amend("coupon", why="x", on="2025-11-25", plan={"n": n})
    rows = planned.path.read_bytes().splitlines(keepends=True)
    planned.path.write_bytes(b"".join([rows[0], rows[1], rows[3]]))
    with pytest.raises(SourceError, match="line 3: a version of 'coupon'"):
        planned.frame  # noqa: B018


def test_a_row_that_somebody_else_added_meanwhile_is_not_lost(planned):
    other = Register(planned.path)
    planned.plan("mine", **PLAN)
    other.plan("theirs", **PLAN)
    finish(planned)
    assert set(planned.frame["name"]) == {"coupon", "mine", "theirs"}


def test_plans_that_are_written_at_once_are_all_kept(tmp_path):
    def write(place):
        for number in range(3):
            Register(tmp_path / "new" / "e.csv").plan(f"{place} {number}", **PLAN)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(Register(tmp_path / "new" / "e.csv").frame) == 24
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["e.csv"]


def test_a_lock_that_stays_is_said(planned, monkeypatch):
    monkeypatch.setattr("engagelab.experiments.register_file.PATIENCE", 0)
    lock = planned.path.with_name("experiments.csv.lock")
    lock.touch()
    with pytest.raises(SourceError, match=r"if nobody else is writing, delete experiments\.csv\.lock"):
        planned.plan("next", **PLAN)
    lock.unlink()
    planned.plan("next", **PLAN)


def test_blank_rows_of_a_spreadsheet_are_none_and_a_cut_line_is_told(planned):
    whole = planned.path.read_bytes()
    planned.path.write_bytes(whole + b",,,\n , ,\r\n\n")
    planned.plan("next", **PLAN)
    assert planned.frame["name"].tolist() == ["coupon", "next"]
    lines = planned.path.read_bytes()
    planned.path.write_bytes(lines[:lines.rindex(b"coupon")])   # within a quoted cell
    with pytest.raises(SourceError, match="line 6: a quotation mark is missing"):
        repr(planned)


def test_numbers_name_experiments_and_arms(register):
    register.plan(5, **{**PLAN, "arms": [0, 1], "control": 0, "plan": {"looks": 2}})
    assert (register[5].arms, register["5"].control, register[5].looks) == (["0", "1"], "0", [.5, 1.0])
    with pytest.raises(UsageError, match="an experiment 5 already"):
        register.plan(5, **PLAN)
    mails = pd.DataFrame({"variant": [0, 1] * 50, "opened": [0, 1, 1, 1] * 25})
    found = compare(mails, {"profit a head": rate("opened")}, arm="variant", control=0, plan=register[5], look=2)
    register.result(5, found, lesson="x", decision="stop", on="2025-12-20")
    assert register.history(5)["step"].tolist() == ["plan", "result"] and not register.frame["departures"].notna().any()


def test_a_file_that_cannot_be_written_is_said(tmp_path, planned, monkeypatch):
    with pytest.raises(SourceError, match="cannot be read"):
        Register(tmp_path)

    def refuse(*_args, **_how):
        raise PermissionError("no")
    before = planned.path.read_bytes()
    monkeypatch.setattr("engagelab.experiments.register_file.write_bytes", refuse)
    with pytest.raises(PermissionError):
        planned.plan("next", **PLAN)
    assert planned.path.read_bytes() == before and len(list(planned.path.parent.iterdir())) == 1


def test_the_file_is_the_same_bytes_for_the_same_calls(tmp_path):
    made = []
    for name in ("a", "b"):
        register = Register(tmp_path / f"{name}.csv")
        register.plan("coupon", **PLAN)
        finish(register)
        made.append(register.path.read_bytes())
    assert made[0] == made[1] and b"\r" not in made[0] and made[0].startswith(b"\xef\xbb\xbfname,version,step,on,why,")


def test_open_experiments_come_first_and_both_looks_tell_the_same(planned):
    finish(planned, found=comparison(n=1100))
    planned.plan("<b>next", **PLAN)
    assert planned.frame["name"].tolist() == ["<b>next", "coupon"]
    said = repr(planned)
    assert said.index("<b>next") < said.index("coupon\n")
    assert "no difference shown; Fewer than planned: holdout 1,100 of 1,200" in said
    assert "Act: stop: The loyal buy anyway" in said
    page = planned._repr_html_()
    assert "&lt;b&gt;next" in page and "<b>" not in page and "no difference shown" in page


def test_what_was_compared_by_the_plan_is_judged_by_it(register):
    draw = np.random.RandomState(0)
    mails = pd.DataFrame({"variant": np.repeat(["A", "B"], 500), "opened": draw.binomial(1, .3, 1000)})
    register.plan("subject", **{**PLAN, "metric": "open rate", "arms": ["A", "B"], "control": "A",
                                "plan": {"n": 400, "confidence": .9}})
    found = compare(mails, {"open rate": rate("opened")}, arm="variant", control="A", plan=register["subject"])
    assert found.settings["confidence"] == .9
    finish(register, "subject", found)
    row = register.frame.iloc[0]
    assert pd.isna(row["departures"]) and row["difference"] == found.frame["difference"].item()
    register.plan("again", **{**PLAN, "metric": "open rate", "arms": ["A", "B"], "control": "A", "plan": {"n": 501}})
    finish(register, "again", compare(mails, {"open rate": rate("opened")}, arm="variant", control="A", peek=True))
    assert register.frame["departures"].iloc[1] == (
        "Fewer than planned: A 500 of 501, B 500 of 501. "
        "The results were looked at all the time, which was not planned.")


def test_an_empty_register_says_so(register):
    assert repr(register) == "no experiment is registered yet"
    assert register.frame.empty and "metric" in register.frame and "<table>" in register._repr_html_()


def test_the_looks_speak_japanese(planned):
    finish(planned)
    with words.speaking("ja"):
        assert "計画（Plan）" in repr(planned) and "差は示されず" in repr(planned) and "中止：" in repr(planned)
