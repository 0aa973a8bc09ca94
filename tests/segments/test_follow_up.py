"""The list for sales: who is overdue, in which order, and that no personal data pass unasked."""

import pandas as pd
import pytest

import engagelab as el
from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.segments import follow_up
from engagelab.tables import tables

AT = pd.Timestamp("2026-09-30", tz="UTC")


def made(**columns):
    """Grade, days since the last contact, and margin of eight customers."""
    rows = pd.DataFrame([
        ("C1", "A", 15, 500, "sales 1", True), ("C2", "A", 14, 900, "sales 1", True),
        ("C3", "A", None, 100, "sales 2", True), ("C4", "B", 100, 800, "sales 2", True),
        ("C5", "C", 91, -50, "sales 1", True), ("C6", "D", 500, 10, "sales 1", True),
        ("C7", "B", 40, 800, "sales 2", False), ("C8", None, 40, 5, None, None)],
        columns=["user_id", "grade", "days", "margin", "owner", "agreed"])
    rows["last_contact_at"] = AT - pd.to_timedelta(rows.pop("days"), unit="D")
    return rows.assign(**columns)


PEOPLE = pd.DataFrame({"user_id": ["C1", "C4", "C9"], "email": ["a@example.jp", "=cmd()", "c@example.jp"],
                       "last_name": ["Sato", None, "Ito"], "birthday": "1980-01-01"})


def listed(found):
    return found.frame["user_id"].tolist()


def test_overdue_is_who_was_not_contacted_for_longer_than_the_grade_allows_or_never():
    found = follow_up(made(), at=AT)
    assert sorted(listed(found)) == ["C1", "C3", "C4", "C5", "C7"]
    days = found.frame.set_index("user_id")["days_overdue"]
    assert days["C1"] == 1 and days["C4"] == 70 and days["C5"] == 1 and pd.isna(days["C3"])
    reason = found.frame.set_index("user_id")["reason"]
    assert reason["C1"] == "grade A, last contact 15 days ago, to be called every 14 days"
    assert reason["C3"] == "grade A, never contacted, to be called every 14 days"


def test_best_customers_come_first_by_grade_then_value_then_the_longest_wait():
    assert listed(follow_up(made(), value="margin", at=AT)) == ["C1", "C3", "C4", "C7"]
    assert listed(follow_up(made(), at=AT)) == ["C3", "C1", "C4", "C7", "C5"]
    assert listed(follow_up(made().sample(frac=1, random_state=2), at=AT)) == ["C3", "C1", "C4", "C7", "C5"]


def test_whom_to_leave_alone_is_counted_with_the_reason_and_everybody_is_somewhere():
    found = follow_up(made(), value="margin", consent="agreed", at=AT)
    left = found.left_alone.set_index("reason")["count"].to_dict()
    assert left == {"asked not to be contacted, or has not agreed": 2, "value below 0: buys at a loss to us": 1,
                    "grade D: not to be called on": 1}
    assert sum(left.values()) + found.summary["n"].sum() == 8
    assert "C7" not in listed(found) and "C8" not in listed(found)
    assert follow_up(made(), at=AT).left_alone["reason"].tolist() == ["grade D: not to be called on", "no grade"]


def test_consent_can_be_said_the_other_way_round_and_unknown_is_none():
    rows = made(unsubscribed=lambda frame: ~frame["agreed"].astype("boolean"))
    assert listed(follow_up(rows, consent="-unsubscribed", at=AT)) == listed(follow_up(rows, consent="agreed", at=AT))


def test_the_load_of_each_owner():
    found = follow_up(made(), owner="owner", at=AT).summary.set_index(["grade", "owner"])
    assert found.loc[("(all)", "sales 1"), ["count", "n"]].tolist() == [2, 3]
    assert found.loc[("A", "sales 1"), ["count", "n"]].tolist() == [1, 2]
    assert found.loc[("(all)", "sales 2"), "count"] == 3


def test_as_of_when_is_the_newest_contact_and_a_contact_later_than_at_is_said():
    assert listed(follow_up(made())) == ["C3", "C4"]   # 14 days earlier: the others are not overdue yet
    found = follow_up(made(), at=AT - pd.Timedelta(days=20))
    assert "2 last contacts lie after" in found.notes[-1] and "C2" not in listed(found)


def test_where_as_of_when_comes_from_is_said_and_a_stamp_far_after_all_others_is_doubted():
    assert follow_up(made()).notes[1].startswith("As of 2026-09-16, as that is the newest contact in the table")
    assert not any("newest" in note for note in follow_up(made(), at=AT).notes)
    stamps = made()["last_contact_at"].tolist()
    notes = follow_up(made(last_contact_at=[pd.Timestamp("2062-09-16", tz="UTC"), *stamps[1:]])).notes
    assert notes[2] == "The newest contact, 2062-09-16, lies 13,149 days after all others: is it mistyped?"
    assert not any("mistyped" in note for note in follow_up(made()).notes)


def test_the_value_is_headed_by_its_own_name_and_whoever_is_called_is_not_called_a_customer():
    rows = made().rename(columns={"user_id": "account_id"})
    found = follow_up(rows, user="account_id", value="margin", at=AT)
    assert found.frame.columns[:3].tolist() == ["account_id", "grade", "margin"]
    assert found.frame["margin"].tolist() == [500, 100, 800, 800]
    assert found.notes[0] == "4 of 5 to be called are overdue as of 2026-09-30; 8 in all."
    assert repr(found).splitlines()[1].split()[:3] == ["account", "grade", "margin"] and "value" not in repr(
        found.frame)


def test_the_first_of_the_list_alone():
    found = follow_up(made(), top=2, at=AT)
    assert listed(found) == ["C3", "C1"] and "first 2 of 5" in found.notes[1]


def test_by_what_the_last_contact_was_stands_in_the_reason():
    found = follow_up(made(by="visit"), last_contact_by="by", at=AT)
    assert found.frame["reason"][1] == "grade A, last contact 15 days ago (visit), to be called every 14 days"


def test_no_personal_column_passes_unless_asked_for_even_if_it_stands_in_the_table():
    rows = made(email="x@example.jp", phone="050", first_name="Ann", agent_email="y@example.jp")
    for found in (follow_up(rows, owner="owner", at=AT), follow_up(rows, personal=PEOPLE, at=AT)):
        assert set(found.frame.columns) <= {"user_id", "owner", "grade", "last_contact_at", "days_overdue", "reason"}
        assert "example.jp" not in found.frame.to_csv() + repr(found) + found._repr_html_()
    assert "left out" in follow_up(rows, personal=PEOPLE, at=AT).notes[-1]
    for name in {name for table in tables().values() for name in table.personal}:
        with pytest.raises(UsageError, match="is personal"):
            follow_up(made(**{name: "x"}), owner=name, at=AT)


def test_with_them_the_first_line_and_every_row_say_so_and_nothing_but_names_and_addresses_comes_along(tmp_path):
    found = follow_up(made(), personal=PEOPLE, keep_personal=True, at=AT)
    assert found.notes[0] == repr(found).splitlines()[0]
    assert found.notes[0].startswith("Contains personal data: names and addresses of 2 of the 5 people")
    assert "Contains personal data" in found._repr_html_()[:40]
    assert list(found.frame.columns[:4]) == ["notice", "user_id", "last_name", "email"]
    assert found.frame["notice"].str.contains("personal data").all() and "birthday" not in found.frame
    assert found.frame.set_index("user_id").loc["C1", "email"] == "a@example.jp"
    saved = el.save(found, tmp_path / "list.csv").read_text("utf-8-sig")
    assert "personal data" in saved.splitlines()[1] and "'=cmd()" in saved


@pytest.mark.parametrize(("how", "error", "said"), [
    ({"keep_personal": True}, UsageError, "needs personal="),
    ({"keep_personal": True, "personal": PEOPLE[["user_id", "birthday"]]}, UsageError, "none of the columns"),
    ({"keep_personal": True, "personal": pd.concat([PEOPLE, PEOPLE])}, DataError, "several rows"),
    ({"keep_personal": True, "personal": PEOPLE.rename(columns={"user_id": "id"})}, NoColumn, "user_id"),
    ({"top": 0}, UsageError, "top has to be"),
    ({"every": {"gold": "14 days"}}, UsageError, "no customer has one of the grades 'gold'"),
    ({"every": {"A": 14}}, UsageError, "must be a duration"),
    ({"at": "now"}, UsageError, "at"),
    ({"owner": "no_such"}, NoColumn, "no_such"),
    ({"value": "grade"}, UsageError, "of its own"),
    ({"consent": "owner"}, DataError, "is no number"),
    ({"last_contact": "owner"}, DataError, "not dates"),
])
def test_arguments_that_cannot_be_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        follow_up(made(), **how)


def test_customers_twice_without_a_number_or_with_an_address_for_one_are_refused():
    for ids, said in ((["C1"] * 8, "several rows"), ([None, *"abcdefg"], "row 1"),
                      (["ann@example.jp", *"abcdefg"], "e-mail addresses")):
        with pytest.raises(DataError, match=said):
            follow_up(made(user_id=ids))


def test_where_nobody_was_ever_contacted_all_are_overdue_and_where_nobody_is_the_list_is_empty():
    never = follow_up(made(last_contact_at=pd.NaT))
    assert len(never.frame) == 6 and "6 of them were never contacted" in never.notes[-1]
    lately = follow_up(made(last_contact_at=AT), personal=PEOPLE, keep_personal=True)
    assert lately.frame.empty and lately.summary["count"].sum() == 0 and repr(lately)


def test_it_is_looked_at_in_both_languages():
    with words.speaking("ja"):
        found = follow_up(made(), owner="owner", value="margin", at=AT)
        assert found.frame["reason"][0] == "グレードA、最終接触から15日（14日ごとにフォロー）"
        by = follow_up(made(by="ticket"), last_contact_by="by", value="margin", at=AT)
        assert by.frame["reason"][0] == "グレードA、最終接触から15日・問い合わせ（14日ごとにフォロー）"
        assert "問い合わせ" in repr(by).split("グレードA")[0] and "ticket" not in repr(by) and "粗利" in repr(by)
        assert "超過日数" in repr(found) and "<table>" in found._repr_html_()
