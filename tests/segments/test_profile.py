"""The joined customer table: counted again in plain pandas and by loops, and attacked for what must not be in it."""

import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engagelab as el
from engagelab import words
from engagelab.display import heading
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.segments.people import PURPOSES
from engagelab.segments.profile import profile
from engagelab.segments.totals import declared
from engagelab.tables import complete
from engagelab.tables import tables as canonical

TOKYO = {"tz": "Asia/Tokyo", "currency": "JPY"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\b0\d{1,3}-\d{3,4}-\d{3,4}\b")


@pytest.fixture(scope="module")
def company():
    return el.example()


@pytest.fixture(scope="module")
def made(company):
    return profile(company, **TOKYO)


def utc(*texts):
    return pd.to_datetime(list(texts), utc=True)


def small(**tables):
    base = {"customers": pd.DataFrame({"user_id": ["a", "b", "c"], "stage": ["customer", "lead", "customer"],
                                       "consent_analysis": [True, True, None], "email": "a@example.jp"})}
    return base | tables


def orders(**more):
    return pd.DataFrame({"order_id": ["1", "2", "3"], "user_id": ["a", "a", "c"], "total": [100.0, 50.0, 70.0],
                         "currency": "JPY", "ordered_at": utc("2026-04-02", "2026-04-09", "2026-04-05"), **more})


def test_counts_and_sums_of_the_sample_are_those_of_plain_pandas(company, made):
    people = company["customers"].loc[company["customers"]["consent_analysis"].fillna(False), "user_id"]
    frame = made.frame.set_index("user_id")
    assert sorted(people) == frame.index.tolist()
    sends, events, tickets = company["email_sends"], company["events"], company["tickets"]
    mine = company["orders"][company["orders"]["status"] != "voided"]
    by = {
        "orders": mine["user_id"].value_counts(), "mails": sends["user_id"].value_counts(),
        "opened": sends[sends["opened"] & ~sends["machine_opened"]]["user_id"].value_counts(),
        "clicked": sends[sends["clicked"]]["user_id"].value_counts(),
        "unsubscribed": sends[sends["unsubscribed"]]["user_id"].value_counts(),
        "events": events["user_id"].value_counts(),
        "views": events["user_id"][events["seconds"].notna()].value_counts(),
        "event_offer_click": events["user_id"][events["event"] == "offer_click"].value_counts(),
        "view_price_list": events["user_id"][events["content_id"] == "price_list"].value_counts(),
        "tickets": tickets["user_id"].value_counts(), "referrals": company["referrals"]["user_id"].value_counts(),
        "referred": company["referrals"].dropna(subset="joined_at")["user_id"].value_counts(),
        "subscriptions_running": company["subscriptions"].query("closed_at.isna()")["user_id"].value_counts(),
        "deals": company["deals"]["user_id"].value_counts(),
        "monthly_amount": company["subscriptions"].query("closed_at.isna()").groupby("user_id")["amount"].sum()}
    for column, counts in by.items():
        np.testing.assert_array_equal(frame[column], counts.reindex(frame.index, fill_value=0), column)
    assert not [name for name in events["event"].unique() if f"event_{name}" not in frame]


def test_rates_and_newest_answers_of_the_sample_are_those_of_plain_pandas(company, made):
    frame = made.frame.set_index("user_id")
    answered = company["tickets"][company["tickets"]["csat"].isin(["good", "bad"])]
    mine = company["orders"][company["orders"]["status"] != "voided"]
    seconds = company["events"].groupby("user_id")["seconds"].mean()
    asked = company["surveys"].query("kind == 'nps' and score.notna()").sort_values("answered_at", kind="stable")
    newest = asked.drop_duplicates("user_id", keep="last").set_index("user_id")
    deal = company["deals"].sort_values("opened_at").drop_duplicates("user_id", keep="last").set_index("user_id")
    for column, values in {
            "ticket_csat": answered["csat"].eq("good").groupby(answered["user_id"]).mean(), "seconds_a_view": seconds,
            "coupon_share": mine["coupon"].notna().groupby(mine["user_id"]).mean(), "nps": newest["score"],
            "nps_at": newest["answered_at"], "last_order_at": mine.groupby("user_id")["ordered_at"].max(),
            "deal_stage": deal["stage"], "deal_amount": deal["amount"], "deal_owner": deal["owner"]}.items():
        pd.testing.assert_series_equal(frame[column], values.reindex(frame.index), check_names=False, check_dtype=False,
                                       obj=column)


def test_revenue_and_margin_of_the_sample_are_what_a_loop_over_the_orders_adds_up(company, made):
    frame, rates = made.frame.set_index("user_id"), company["rates"]
    worth = {(row.currency, f"{row.month.tz_convert('Asia/Tokyo'):%Y-%m}"): row.rate for row in rates.itertuples()}
    lines = company["order_items"].groupby("order_id")
    mine = company["orders"][company["orders"]["status"] != "voided"]
    some = [*frame.index[frame["orders"] > 0][::211], *mine[mine["currency"] != "JPY"]["user_id"].unique()[:5]]
    for user in set(some) & set(frame.index):
        revenue = margin = 0.0
        for row in mine[mine["user_id"] == user].itertuples():
            month = f"{row.ordered_at.tz_convert('Asia/Tokyo'):%Y-%m}"
            rate = 1.0 if row.currency == "JPY" else worth[row.currency, month]
            goods = lines.get_group(row.order_id)
            revenue += rate * (row.total - row.refunded - min(row.points, max(row.total - row.refunded, 0)))
            cost = float((goods["quantity"] * goods["cost"]).sum())
            margin += rate * (row.subtotal - row.points - row.refunded - cost)
        assert frame.loc[user, "revenue"] == pytest.approx(revenue)
        assert frame.loc[user, "margin"] == pytest.approx(margin)


def test_the_newest_contact_is_the_newest_of_its_kinds(made):
    kinds = {m.column: m.contact for columns in declared().values() for m in columns if m.contact}
    frame = made.frame
    newest = frame[list(kinds)].max(axis="columns")
    pd.testing.assert_series_equal(frame["last_contact_at"], newest, check_names=False)
    for column, kind in kinds.items():
        assert (frame.loc[frame["last_contact_by"] == kind, column] == newest[frame["last_contact_by"] == kind]).all()
    assert frame["last_contact_by"].isna().equals(newest.isna())


def test_nobody_without_consent_is_in_any_output(company):
    for purpose in PURPOSES:
        found = profile(company, purpose=purpose, **TOKYO)
        asked = company["customers"].set_index("user_id")[f"consent_{purpose}"]
        assert set(found.frame["user_id"]) == set(asked.index[asked.fillna(False)])
        out = int((~asked.fillna(False)).sum())
        assert found.notes[0] == f"{out:,} of 5,500 left out: no consent to {purpose}"
        contacts = found.accounts().frame["contacts"].sum()
        assert contacts == found.frame["account_id"].notna().sum()


def test_no_personal_column_and_nothing_like_an_address_is_in_any_output(company, made):
    personal = {name for table in canonical().values() for name in table.personal}
    accounts = made.accounts()
    for frame in (made.frame, accounts.frame, made.columns):
        assert not personal & set(frame.columns)
        texts = frame.select_dtypes(include=["str", "object"])
        assert not [column for column in texts if texts[column].dropna().astype(str).str.contains(ADDRESS).any()]
    names = set(company["customers"]["last_name"].dropna()) | set(company["customers"]["first_name"].dropna())
    assert not names & set(made.frame.select_dtypes("str").stack())
    for shown in (repr(made), made._repr_html_(), repr(accounts), accounts._repr_html_()):
        assert not ADDRESS.search(shown)


def test_an_event_that_mostly_comes_after_the_decision_is_told(company):
    deals = company["deals"].query("pipeline == 'new' and won.notna()").drop_duplicates("user_id")
    decided = deals.set_index("user_id")["closed_at"]
    found = profile(company, purpose=None, who="leads", until=decided, **TOKYO)
    events = company["events"].assign(end=company["events"]["user_id"].map(decided)).dropna(subset="end")
    events = events[events["user_id"].isin(found.frame["user_id"])]
    booked = events[events["event"] == "visit_booked"]
    late = int((booked["occurred_at"] >= booked["end"]).sum())
    assert (f"visit_booked: {late} of {len(booked)} rows lie after until: it would let the score look into the future"
            in found.notes)
    assert not [note for note in found.notes if "look into the future" in note and "visit_booked" not in note]
    before = events[events["occurred_at"] < events["end"]].groupby("user_id")
    frame = found.frame.set_index("user_id")
    np.testing.assert_array_equal(frame["views"], before["seconds"].count().reindex(frame.index, fill_value=0))
    assert (frame["stage"] == "lead").all()
    assert "won" not in set(frame.get("deal_stage", pd.Series(dtype="str")).dropna())
    assert frame["mails"].sum() == (company["email_sends"]["user_id"].map(decided)
                                    > company["email_sends"]["sent_at"]).sum()


LOG = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "z", None]), st.sampled_from(["x", "y", "it's"]),
                         st.integers(0, 9), st.one_of(st.none(), st.integers(1, 5))), min_size=1, max_size=15)


@settings(max_examples=30, deadline=None)
@given(log=LOG, end=st.one_of(st.none(), st.integers(0, 10)), each=st.dictionaries(
    st.sampled_from(["a", "b", "z"]), st.one_of(st.none(), st.integers(0, 10)), max_size=3), one=st.booleans())
def test_a_log_is_counted_as_a_loop_counts_it(log, end, each, one):
    start = pd.Timestamp("2026-04-01", tz="UTC")
    def day(n):
        return pd.NaT if n is None else start + pd.Timedelta(days=n)
    events = pd.DataFrame(log, columns=["user_id", "event", "day", "seconds"]).assign(
        event_id=[str(i) for i in range(len(log))])
    events = events.assign(occurred_at=[day(n) for n in events.pop("day")]).astype({"seconds": "float64"})
    events["user_id"] = events["user_id"].astype("str")
    limits = {user: end for user in "abcz"} if one else each
    until = (None if end is None else day(end)) if one else pd.Series(
        pd.DatetimeIndex([day(n) for n in each.values()], tz="UTC"), index=pd.Index(list(each), dtype="str"))
    if not len(limits):
        return
    tables = {"customers": pd.DataFrame({"user_id": ["a", "b", "c"]}), "events": events}
    frame = profile(tables, until=until).frame.set_index("user_id")
    seen = {}
    for user, event, n, seconds in log:
        if user in limits and (limits[user] is None or n < limits[user]):
            seen.setdefault(user, []).append((event, n, seconds))
    strange = {"z"} & {user for user, *_ in log} & set(limits)
    assert set(frame.index) == ({"a", "b", "c"} & set(limits)) | strange
    for user in frame.index if "events" in frame else ():
        mine = seen.get(user, [])
        assert frame.loc[user, "events"] == len(mine)
        newest = max((n for _, n, _ in mine), default=None)
        assert (frame.loc[user, "last_event_at"] == day(newest)) if mine else pd.isna(frame.loc[user, "last_event_at"])
        for event in {event for _, event, _, _ in log} & {name[6:] for name in frame if name.startswith("event_")}:
            assert frame.loc[user, f"event_{event}"] == sum(one == event for one, _, _ in mine)
        if "views" in frame:
            assert frame.loc[user, "views"] == sum(seconds is not None for _, _, seconds in mine)


def test_the_order_of_rows_and_of_tables_changes_nothing(company, made):
    mixed = {name: company[name].sample(frac=1, random_state=3) for name in reversed(list(company))}
    again = profile(mixed, **TOKYO)
    pd.testing.assert_frame_equal(again.frame, made.frame)
    pd.testing.assert_frame_equal(again.columns, made.columns)


def test_a_file_and_a_relation_give_what_the_frame_gives(company, made, tmp_path):
    files = {}
    for name in ("customers", "orders", "order_items", "events", "rates"):
        duckdb.register(f"t_{name}", company[name])
        duckdb.sql(f"COPY t_{name} TO '{tmp_path / name}.parquet' (FORMAT parquet)")
        duckdb.unregister(f"t_{name}")
        files[name] = tmp_path / f"{name}.parquet"
    files["events"] = duckdb.sql(f"SELECT * FROM '{files['events']}'")
    found = profile(files, **TOKYO).frame
    alike = [name for name in found if not name.startswith("last_contact")]     # of fewer tables here
    pd.testing.assert_frame_equal(found[alike], made.frame[alike])


def test_tables_whose_columns_hold_nothing_make_no_columns():
    whole = {name: complete(frame, name) for name, frame in small(orders=orders()).items()}
    found = profile(whole)
    assert {"coupon_share", "margin", "segment", "account_id"}.isdisjoint(found.frame.columns)
    assert found.frame["revenue"].tolist() == [150.0, 0.0]


def test_consent_that_nobody_was_asked_for_is_said_and_leaves_nobody_out():
    for customers in (pd.DataFrame({"user_id": ["a"]}), pd.DataFrame({"user_id": ["a"], "consent_analysis": [None]})):
        found = profile({"customers": customers})
        assert found.frame["user_id"].tolist() == ["a"]
        assert "customers has no answer in 'consent_analysis'" in found.notes[0]
    assert "consent was not looked at" in profile(small(), purpose=None).notes[0]
    with pytest.raises(DataError, match="consent_analysis"):
        profile({"customers": pd.DataFrame({"user_id": ["a"], "consent_analysis": ["perhaps"]})})


def test_ids_that_customers_does_not_know_are_left_out_where_consent_is_asked_for_and_kept_elsewhere():
    log = orders(user_id=["a", "z", "z"])
    strict = profile(small(orders=log))
    assert strict.frame["user_id"].tolist() == ["a", "b"]
    assert "orders: 1 ids (2 rows) are not in customers and were left out" in strict.notes
    everybody = profile(small(orders=log), purpose=None)
    assert everybody.frame["user_id"].tolist() == ["a", "b", "c", "z"]
    assert pd.isna(everybody.frame["stage"].iloc[3]) and everybody.frame["orders"].iloc[3] == 2
    assert "orders: 1 ids (2 rows) are not in customers; they have a row without attributes" in everybody.notes
    alone = profile({"orders": log})
    assert alone.frame["user_id"].tolist() == ["a", "z"]
    assert "there is no table customers" in alone.notes[0]


def test_rows_without_a_customer_or_a_stamp_are_counted():
    log = orders(user_id=["a", None, ""], ordered_at=utc("2026-04-02", "2026-04-03", None))
    found = profile(small(orders=log))
    assert found.frame["orders"].tolist() == [1, 0]
    assert "orders: 2 rows without a customer were left out" in found.notes
    log = orders(ordered_at=utc("2026-04-02", None, None))
    found = profile(small(orders=log), until="2026-05-01", purpose=None)
    assert found.frame["orders"].tolist() == [1, 0, 0]
    assert "orders: 2 rows without a stamp were left out" in found.notes


def test_unlike_currencies_are_refused_or_converted():
    mixed = orders(currency=["JPY", "USD", "JPY"])
    with pytest.raises(DataError, match="several currencies"):
        profile(small(orders=mixed))
    rates = pd.DataFrame({"currency": ["USD"], "month": utc("2026-04-01"), "to": ["JPY"], "rate": [150.0]})
    found = profile(small(orders=mixed, rates=rates), currency="JPY")
    assert found.frame["revenue"].tolist() == [100 + 50 * 150.0, 0.0]
    assert "total in JPY" in found.columns.set_index("column").loc["revenue", "rule"]
    without = orders().drop(columns="currency")
    with pytest.raises(DataError, match="currency"):
        profile(small(orders=without))
    assert profile(small(orders=without), currency="JPY").frame["revenue"].tolist() == [150.0, 0.0]


def test_a_gap_in_a_cost_or_an_amount_makes_no_customer_look_better():
    items = pd.DataFrame({"order_id": ["1", "2", "2", "3"], "line": [1, 1, 2, 1], "quantity": 1,
                          "cost": [30.0, None, 5.0, 20.0]})
    found = profile(small(orders=orders(subtotal=[90.0, 40.0, 60.0]), order_items=items), purpose=None)
    assert found.frame["margin"].isna().tolist() == [True, False, False]
    assert found.frame["margin"].iloc[1:].tolist() == [0.0, 40.0]
    assert any(note.startswith("orders: of 1 the margin is not known") for note in found.notes)
    found = profile(small(orders=orders(total=[100.0, None, 70.0])), purpose=None)
    assert found.frame["revenue"].isna().tolist() == [True, False, False]


def test_voided_orders_are_none():
    found = profile(small(orders=orders(status=["Voided", "paid", "cancelled"])), purpose=None)
    assert found.frame["orders"].tolist() == [1, 0, 0]
    assert "orders: 2 voided orders are none" in found.notes


def test_what_was_not_known_yet_is_not_told():
    subscriptions = pd.DataFrame({
        "subscription_id": ["1", "2"], "user_id": ["a", "b"], "plan": ["light", "pro"], "currency": "JPY",
        "opened_at": utc("2026-01-01", "2026-01-01"), "closed_at": utc("2026-05-01", "2026-03-01"),
        "amount": [20.0, 9.0], "former_amount": [10.0, None], "repriced_at": utc("2026-04-20", None)})
    deals = pd.DataFrame({"deal_id": ["1"], "user_id": ["b"], "stage": ["won"], "won": [True], "owner": ["sales 1"],
                          "opened_at": utc("2026-03-01"), "closed_at": utc("2026-04-10"),
                          "last_activity_at": utc("2026-04-10")})
    tickets = pd.DataFrame({"ticket_id": ["1", "2"], "user_id": ["a", "a"], "csat": ["good", "bad"],
                            "created_at": utc("2026-03-01", "2026-03-02"),
                            "solved_at": utc("2026-03-05", "2026-04-09")})
    customers = pd.DataFrame({"user_id": ["a", "b", "n"], "stage": "customer", "created_at": utc(
        "2026-01-01", "2026-01-01", "2026-04-05"), "converted_at": utc("2026-01-01", "2026-04-10", None)})
    tables = {"customers": customers, "subscriptions": subscriptions, "deals": deals, "tickets": tickets}
    then = profile(tables, until="2026-04-01").frame.set_index("user_id")
    assert then.index.tolist() == ["a", "b"]
    assert then["stage"].tolist() == ["customer", "lead"]
    assert then["subscriptions_running"].tolist() == [1, 0] and then["monthly_amount"].tolist() == [10.0, 0.0]
    assert then["running_plan"].tolist()[0] == "light" and pd.isna(then["closed_at"].iloc[0])
    assert then["deals"].tolist() == [0, 1] and ("deal_stage" not in then or then["deal_stage"].isna().all())
    assert then["ticket_csat"].tolist()[0] == 1.0
    assert profile(tables, who="leads", until="2026-04-01").frame["user_id"].tolist() == ["b"]
    now = profile(tables).frame.set_index("user_id")
    assert now.loc["b", "deal_stage"] == "won" and now.loc["a", "ticket_csat"] == .5
    assert now["monthly_amount"].tolist() == [0.0, 0.0, 0.0] and now.loc["a", "closed_at"] == utc("2026-05-01")[0]


def test_an_until_without_a_zone_is_in_the_zone_that_was_said():
    log = orders(ordered_at=utc("2026-03-31 14:59", "2026-03-31 15:00", "2026-03-31 15:01"), user_id="a")
    assert profile(small(orders=log), until="2026-04-01", tz="Asia/Tokyo").frame["orders"].iloc[0] == 1
    each = pd.Series([pd.Timestamp("2026-04-01")], index=["a"])
    assert profile(small(orders=log), until=each, tz="Asia/Tokyo").frame["orders"].tolist() == [1]
    naive = log.assign(ordered_at=log["ordered_at"].dt.tz_localize(None))
    assert "orders: stamps without a zone were taken as UTC" in profile(small(orders=naive)).notes


def test_numbers_as_ids_join_with_the_same_numbers_as_text():
    customers = pd.DataFrame({"user_id": [7, 8]})
    found = profile({"customers": customers, "orders": orders(user_id=[7.0, None, 7.0])})
    assert found.frame["user_id"].tolist() == ["7", "8"] and found.frame["orders"].tolist() == [2, 0]


def test_rare_names_of_events_have_no_column_and_are_counted():
    log = pd.DataFrame({"user_id": "a", "occurred_at": utc(*["2026-04-01"] * 70),
                        "event": [f"e{i % 35:02}" for i in range(70)]})
    found = profile(small(events=log))
    assert sum(name.startswith("event_") for name in found.frame) == 30
    assert "5 further names of events have no column of their own: the 30 commonest have" in found.notes


@pytest.mark.parametrize(("kind", "message", "call"), [
    (DataError, "customers, row 3: the customer of row 1 again \\(1 such rows\\)",
     lambda: profile({"customers": pd.DataFrame({"user_id": ["a", "b", "a"]})})),
    (DataError, "1 ids of customers are e-mail addresses",
     lambda: profile({"customers": pd.DataFrame({"user_id": ["a", "hana@example.jp"]})})),
    (DataError, "1 ids of customers are e-mail addresses",
     lambda: profile({"orders": orders(user_id=["a", "b", "hana@example.jp"])})),
    (UsageError, "purpose must be one of", lambda: profile(small(), purpose="selling")),
    (UsageError, "who must be one of", lambda: profile(small(), who="everybody")),
    (UsageError, "who='leads' needs the column stage", lambda: profile({"orders": orders()}, who="leads")),
    (UsageError, "who='leads' needs the column stage",
     lambda: profile({"customers": pd.DataFrame({"user_id": ["a"]})}, who="leads")),
    (UsageError, "tables must be a mapping", lambda: profile(orders())),
    (UsageError, "tables must be a mapping", lambda: profile({"order": orders()})),
    (UsageError, "until", lambda: profile(small(), until="soon")),
    (UsageError, "until must be a moment or a Series", lambda: profile(small(), until=pd.Series([1], index=["a"]))),
    (UsageError, "until names the customer 'a' twice", lambda: profile(small(), until=pd.Series(
        utc("2026-04-01", "2026-04-02"), index=["a", "a"]))),
    (DataError, "2 ids of customers are e-mail addresses", lambda: profile(small(), until=pd.Series(
        utc("2026-04-01", "2026-04-02"), index=["ann@example.jp"] * 2))),
    (NoColumn, "orders has no column 'ordered_at'",
     lambda: profile(small(orders=orders().drop(columns="ordered_at")), until="2026-04-01")),
    (NoColumn, "customers has no column 'user_id'", lambda: profile({"customers": pd.DataFrame({"id": ["a"]})})),
    (DataError, "'seconds'", lambda: profile(small(events=pd.DataFrame({
        "user_id": ["a"], "event": ["x"], "occurred_at": utc("2026-04-01"), "seconds": ["long"]})))),
    (DataError, "'occurred_at'", lambda: profile(small(events=pd.DataFrame({
        "user_id": ["a"], "event": ["x"], "occurred_at": ["2026-04-01"]})))),
])
def test_bad_input_is_one_clear_line(kind, message, call):
    with pytest.raises(kind, match=message):
        call()


def test_hostile_names_of_events_and_values_are_only_names():
    names = ["'; DROP TABLE data; --", 'a"b', "{kept}", "/*by*/", "イベント", "late", "a\nb"]
    log = pd.DataFrame({"user_id": "a", "event": names, "occurred_at": utc(*["2026-04-01"] * len(names))})
    frame = profile(small(events=log)).frame
    assert [frame[f"event_{name}"].iloc[0] for name in names] == [1] * len(names)


def test_empty_tables_and_customers_alone_are_answered():
    assert profile(small()).frame["user_id"].tolist() == ["a", "b"]
    found = profile(small(orders=orders().head(0)))
    assert "orders: no row names a customer, so it is not in the table" in found.notes
    nobody = profile({"customers": pd.DataFrame({"user_id": ["a", "b"], "consent_analysis": [False, True]})}, who=None)
    assert nobody.frame["user_id"].tolist() == ["b"]
    none = profile({"customers": pd.DataFrame({"user_id": ["a"], "consent_analysis": [False]}), "orders": orders()})
    assert none.frame.empty or none.frame["user_id"].tolist() == []
    assert repr(none)


def test_every_column_has_its_rule_in_words_and_its_origin(made):
    assert made.columns["column"].tolist() == [name for name in made.frame if name != "user_id"]
    assert not made.columns["rule"].eq("").any() and made.columns["source"].ne("").all()
    for name in (made.column for columns in declared().values() for made in columns if made.table != "customers"):
        assert words.has(f"profile.rule_{name}")
    assert (made.columns["missing"] == made.frame.drop(columns="user_id").isna().sum().to_numpy()).all()


def test_it_is_looked_at_in_both_languages(company, made):
    assert "\n4,780 customers and leads, " in repr(made)
    try:
        words.set_language("ja")
        found = profile({"customers": company["customers"]})
        assert "顧客・見込み客4,780人" in found._repr_html_() and "分析への同意がありません" in repr(found)
    finally:
        words.set_language("en")


def test_orders_of_a_csv_file_are_counted_like_those_of_a_frame(tmp_path):
    at = pd.to_datetime(["2026-04-02", "2026-04-09"], utc=True)
    orders = pd.DataFrame({"order_id": ["1", "2"], "user_id": ["a", "a"], "ordered_at": at, "total": [100.0, 50.0],
                           "refunded": [0.0, 10.0], "currency": "JPY"})
    orders.to_csv(tmp_path / "orders.csv", index=False)
    pd.testing.assert_frame_equal(profile({"orders": str(tmp_path / "orders.csv")}).frame,
                                  profile({"orders": orders}).frame)


@pytest.mark.parametrize("name", ["customers", "orders", "tickets"])
@pytest.mark.parametrize("wrong", [1.5, np.inf, 2.0**53 + 2])
def test_ids_that_lost_digits_are_refused_wherever_they_stand(name, wrong):
    at = pd.to_datetime(["2026-04-02", "2026-04-09"], utc=True)
    tables = {"customers": pd.DataFrame({"user_id": ["1", "2"]}),
              "orders": pd.DataFrame({"user_id": ["1", "2"], "ordered_at": at}),
              "tickets": pd.DataFrame({"user_id": ["1", "2"], "created_at": at})}
    tables[name]["user_id"] = [1.0, wrong]
    with pytest.raises(DataError, match=f"column 'user_id': {wrong!r}".replace("+", r"\+") + " cannot be an id"):
        profile(tables)


def test_the_names_of_columns_and_stages_are_words_in_both_languages():
    made = profile({"customers": pd.DataFrame({"user_id": ["a"], "stage": ["lead"], "account_id": ["k"]}),
                    "accounts": pd.DataFrame({"account_id": ["k"], "account_name": ["Aoi"]})})
    assert heading("event_offer_click") == "offer_click (events)"
    with words.speaking("ja"):
        assert [heading(name) for name in ("event_offer_click", "view_faq", "deals", "who", "referrals")] == [
            "offer_click（イベント）", "faq（閲覧）", "商談数", "対象", "紹介数"]
        assert made.cells()["段階"].tolist() == ["見込み客"]
        assert "取引先名" in made.accounts().cells()
        at = pd.to_datetime(["2026-04-02"], utc=True)
        late = profile({"orders": pd.DataFrame({"user_id": ["a"], "ordered_at": at})}, until="2026-04-01")
        assert any(note.startswith("基準時点以降の行を除きました：注文") for note in late.notes)
