"""Files that nobody declared, read by what engagelab.toml says of them; what it says wrongly, refused."""

import pandas as pd
import pytest

from engagelab.errors import SourceError, UsageError
from engagelab.sources.folder import read_folder
from engagelab.sources.proposal import propose
from engagelab.sources.settings import FileSettings, Settings
from engagelab.sources.settings_file import read_settings, write_settings

KEY = b"a key for tests"
FILES = {
    "ma_members.csv": (
        "utf-8",
        "Lead ID,E-mail,Lead Score,Last Activity,Unsubscribed,Created\n"
        "L1,ann@example.com,72.5,13.04.2026 18:30,no,01.02.2026 09:00\n"
        "L2,bob@example.com,8,,yes,02.02.2026 09:00\n",
    ),
    "sfa_deals.csv": (
        "cp932",
        "案件名,取引先,先方担当者(姓),先方担当者(名),フェーズ,契約金額,登録日,契約予定日\n"
        '定期便①,朝凪商事,森,花子,受注,"\\1,200,000",2026年4月1日,2026年5月31日\n'
        '定期便①,夕凪商事,林,太郎,失注,"\\300,000",2026年4月2日,2026年5月31日\n'
        '試飲会,夜凪商事,,,提案,"\\50,000",2026年4月3日,2026年6月30日\n',
    ),
    "review_site.csv": (
        "utf-8",
        "投稿日,会社名,総合評価,タイトル,良いポイント,改善してほしいポイント\n"
        "2026/04/13,朝凪商事,5,満足,香りが良い,\n2026/04/14,夕凪商事,3,普通,,高い\n",
    ),
    "cards.csv": (
        "utf-8-sig",
        "姓,名,会社名,部署,e-mail,名刺交換日\n森,花子,朝凪商事,購買,hanako@example.com,2026-04-01\n",
    ),
}
SETTINGS = """
timezone = "Asia/Tokyo"
currency = "JPY"
[files."ma_members.csv"]
table = "customers"
dates = ["%d.%m.%Y %H:%M"]
constants = { stage = "lead" }
[files."ma_members.csv".columns]
"Lead ID" = "user_id"
"E-mail" = "email"
"Lead Score" = "score"
"Last Activity" = "last_activity_at"
"Unsubscribed" = ["status", "consent_marketing"]
"Created" = "created_at"
[files."ma_members.csv".values]
status = { yes = "unsubscribed", no = "subscribed" }
consent_marketing = { yes = false, no = true }
[files."sfa_*.csv"]
table = "deals"
joined = { contact_name = ["先方担当者(姓)", "先方担当者(名)"], deal_id = ["案件名", "取引先", "登録日"] }
values = { won = { "受注" = true, "失注" = false, "*" = "" } }
constants = { tax_included = false }
[files."sfa_*.csv".columns]
"案件名" = "deal_name"
"取引先" = "account_name"
"フェーズ" = ["stage", "won"]
"契約金額" = "amount"
"登録日" = "opened_at"
"契約予定日" = "closed_at"
[files."review_site.csv"]
table = "reviews"
columns = { "投稿日" = "created_at", "総合評価" = "rating", "タイトル" = "title" }
joined = { review_id = ["投稿日", "会社名", "タイトル"], text = ["良いポイント", "改善してほしいポイント"] }
constants = { platform = "itreview", product_id = "asanagi", language = "ja" }
[files."cards.csv"]
table = "customers"
constants = { channel = "business card", stage = "lead" }
[files."cards.csv".columns]
"e-mail" = "email"
"会社名" = "account_name"
"名刺交換日" = "created_at"
"姓" = "last_name"
"名" = "first_name"
"""


@pytest.fixture
def folder(tmp_path):
    for name, (encoding, text) in FILES.items():
        (tmp_path / name).write_bytes(text.encode(encoding))
    (tmp_path / "engagelab.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def test_four_undeclared_files_are_read_by_their_saved_mappings(folder):
    data = read_folder(folder, key=KEY)
    assert not data.frame["problem"].str.len().any(), data.report()
    people, deals, reviews = data["customers"], data["deals"], data["reviews"]
    members = people[people["user_id"].isin(["L1", "L2"])]
    assert members[["score", "status", "consent_marketing", "stage"]].values.tolist() == [
        [72.5, "subscribed", True, "lead"],
        [8, "unsubscribed", False, "lead"],
    ]
    assert members["last_activity_at"].tolist()[0] == pd.Timestamp("2026-04-13T09:30:00Z")
    assert deals["won"].tolist() == [True, False, pd.NA] and deals["deal_id"].is_unique
    assert deals[["amount", "currency", "tax_included"]].values.tolist()[0] == [1_200_000, "JPY", False]
    assert deals["opened_at"][0] == pd.Timestamp("2026-03-31T15:00:00Z")
    assert reviews["text"].tolist() == ["香りが良い", "高い"] and set(reviews["platform"]) == {"itreview"}
    card = people[people["channel"] == "business card"].iloc[0]
    assert card["account_name"] == "朝凪商事" and card["user_id"] not in ("", "hanako@example.com")
    whole = "".join(frame.to_string() for frame in data.tables.values())
    assert not any(name in whole for name in ("花子", "hanako", "ann@"))
    assert not any(name in data.readings[file].raw.to_string() for file in data.readings for name in ("花子", "hanako"))


def test_columns_are_joined_with_a_blank_where_personal_ones_are_kept(folder):
    deals = read_folder(folder, key=KEY, keep_personal=True)["deals"]
    assert deals["contact_name"].fillna("").tolist() == ["森 花子", "林 太郎", ""]


def test_a_made_id_is_the_same_in_the_next_export_and_new_for_another_row(folder):
    first = read_folder(folder, key=KEY)["deals"]["deal_id"].tolist()
    text = FILES["sfa_deals.csv"][1].replace("提案", "受注")
    (folder / "sfa_deals.csv").write_bytes(text.encode("cp932"))
    assert read_folder(folder, key=KEY)["deals"]["deal_id"].tolist() == first and len(set(first)) == 3


def test_values_and_constants_work_for_declared_formats_too(tmp_path):
    (tmp_path / "deals.csv").write_text(
        "Record ID,Deal Name,Deal Stage\n1,A,Signed\n2,B,Closed lost\n3,C,Talk\n", encoding="utf-8"
    )
    (tmp_path / "engagelab.toml").write_text(
        '[files."deals.csv"]\nvalues = { won = { "Signed" = true } }\nconstants = { currency = "EUR" }',
        encoding="utf-8",
    )
    deals = read_folder(tmp_path, key=KEY)["deals"]
    assert deals["won"].tolist() == [True, False, pd.NA] and set(deals["currency"]) == {"EUR"}


def test_a_constant_fills_gaps_and_replaces_nothing(tmp_path):
    (tmp_path / "d.csv").write_text("deal_id,currency,opened_at\n1,USD,2026-04-01\n2,,2026-04-01\n", encoding="utf-8")
    (tmp_path / "engagelab.toml").write_text(
        '[files."d.csv"]\ntable = "deals"\nconstants = { currency = "JPY" }', encoding="utf-8"
    )
    assert read_folder(tmp_path, key=KEY)["deals"]["currency"].tolist() == ["USD", "JPY"]


def problem(tmp_path, settings, text="伝票,日付\n1,2026/04/01\n"):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (tmp_path / "engagelab.toml").write_text(settings, encoding="utf-8")
    return read_folder(tmp_path, key=KEY).frame["problem"].iloc[0]


def test_a_mapping_without_a_required_column_names_it_and_three_remedies(tmp_path):
    said = problem(tmp_path, '[files."a.csv"]\ntable = "orders"\ncolumns = { "伝票" = "order_id" }')
    assert "worth nothing without 'ordered_at'" in said and "joined" in said and "constants" in said


def test_a_joined_column_that_the_file_lacks_is_named(tmp_path):
    said = problem(
        tmp_path,
        '[files."a.csv"]\ntable = "orders"\ncolumns = { "日付" = "ordered_at" }\n'
        'joined = { order_id = ["伝票", "行"] }',
    )
    assert "'行'" in said and "order_id" in said


def test_a_value_that_no_rule_names_is_a_fault_of_its_cell(tmp_path):
    (tmp_path / "a.csv").write_text("案件,受注\n1,○\n2,未定\n", encoding="utf-8")
    (tmp_path / "engagelab.toml").write_text(
        '[files."a.csv"]\ntable = "deals"\ncolumns = { "案件" = "deal_id", "受注" = "won" }\n'
        'values = { won = { "×" = false } }',
        encoding="utf-8",
    )
    data = read_folder(tmp_path, key=KEY)
    assert data["deals"]["won"].tolist() == [True, pd.NA]
    assert data.rejects[["line", "value", "reason"]].values.tolist() == [[3, "未定", "is neither yes nor no"]]


WRONG = {
    'joined = { deal_id = "案件" }': """joined.deal_id cannot be '案件'; it takes names of columns""",
    'joined = { deal_id = ["案件", "氏名"] }': "joined.deal_id cannot be '氏名'; it takes columns that name nobody",
    "joined = { deal_id = [] }": "joined.deal_id cannot be []",
    'joined = { dealid = ["a"] }': "joined cannot be 'dealid'; it takes a column of deals: deal_id, ",
    'values = { won = "yes" }': "values.won cannot be 'yes'; it takes names with their values",
    'values = { wonn = { "a" = true } }': "did you mean 'won'?",
    'values = { won = { "受注" = "maybe" } }': "values.won.受注 cannot be 'maybe'; it takes a value that the",
    'constants = { tax_included = "perhaps" }': "constants.tax_included cannot be 'perhaps'; it takes a value that",
    'constants = { amount = "1,2O0" }': "constants.amount cannot be '1,2O0'",
    'constants = { opened_at = "April" }': "constants.opened_at cannot be 'April'",
    'constants = { stage = ["a"] }': "constants.stage cannot be ['a']; it takes text",
    "constants = 3": "constants cannot be 3; it takes names with their values",
    'dates = ["%Q"]': "dates cannot be '%Q'; it takes date forms such as",
    'dates = "%Y"': "dates cannot be '%Y'; it takes a list",
    "dates = [3]": "dates cannot be 3",
    'columns = { "a" = [] }': "columns.a cannot be []; it takes a column of deals",
    'columns = { "a" = ["won", "stge"] }': "columns.a cannot be 'stge'; it takes a column of deals",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_a_mapping_cannot_mean_is_refused_by_its_key(tmp_path, text):
    (tmp_path / "engagelab.toml").write_text(f'[files."a.csv"]\ntable = "deals"\n{text}', encoding="utf-8")
    with pytest.raises((SourceError, UsageError)) as error:
        read_settings(tmp_path)
    assert WRONG[text] in str(error.value) and "files.a.csv." in str(error.value)


def test_a_mapping_is_read_back_as_written(folder, tmp_path_factory):
    there, other = read_settings(folder), tmp_path_factory.mktemp("again")
    write_settings(other, there)
    assert read_settings(other) == there


def test_init_proposes_a_mapping_for_files_of_no_known_format(folder):
    (folder / "engagelab.toml").unlink()
    (folder / "notes.csv").write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    got = propose(folder).files
    assert {name: entry.table for name, entry in got.items()} == {
        "ma_members.csv": "customers",
        "sfa_deals.csv": "deals",
        "review_site.csv": "reviews",
        "cards.csv": "customers",
    }
    assert got["sfa_deals.csv"] == FileSettings(
        table="deals",
        columns={
            "案件名": "deal_name",
            "取引先": "account_name",
            "フェーズ": "stage",
            "契約金額": "amount",
            "登録日": "opened_at",
            "契約予定日": "closed_at",
        },
    )
    assert dict(got["cards.csv"].columns) == {
        "姓": "last_name",
        "名": "first_name",
        "会社名": "account_name",
        "e-mail": "email",
        "名刺交換日": "created_at",
    }
    write_settings(folder, Settings(timezone="Asia/Tokyo", files=got))
    data = read_folder(folder, key=KEY)
    problems = data.frame.set_index("file")["problem"]
    assert problems["cards.csv"] == ""  # enough was known of it
    assert "worth nothing without 'deal_id'" in problems["sfa_deals.csv"]  # a stub says what it still lacks


def test_values_by_other_names_hold_for_numbers_and_days_too(tmp_path):
    (tmp_path / "r.csv").write_text(
        "番号,星,日\n1,★★★★★,2026-04-01\n2,★,不明\n3,4,2026-04-02\n4,9,2026-04-02\n", encoding="utf-8")
    (tmp_path / "engagelab.toml").write_text(
        '[files."r.csv"]\ntable = "reviews"\ncolumns = { "番号" = "review_id", "星" = "rating", "日" = "created_at" }\n'
        'values = { rating = { "★★★★★" = 5, "★" = 1 }, created_at = { "不明" = "2026-03-31" } }', encoding="utf-8")
    data = read_folder(tmp_path, key=KEY)
    assert data["reviews"]["rating"].tolist() == [5, 1, 4] and data.rejects["line"].tolist() == [5]
    assert data["reviews"]["created_at"][1] == pd.Timestamp("2026-03-31", tz="UTC")


JOINED = 'timezone = "Asia/Tokyo"\n[files."o.csv"]\ntable = "orders"\ncolumns = { n = "order_id" }\n'


def joined(folder, text, more):
    (folder / "o.csv").write_text(text, encoding="utf-8")
    (folder / "engagelab.toml").write_text(JOINED + more, encoding="utf-8")
    return read_folder(folder, key=b"a key for tests")


def test_a_day_and_an_hour_that_are_joined_are_a_stamp_in_the_zone_of_the_settings(tmp_path):
    text = "n,d,h,t,x\n1,2026/04/01,10:00,\"1,000\",はい\n2,2026-04-02 00:00:00,23:30:00,-,no\n3,soon,9:00,5,no\n"
    data = joined(tmp_path, text, 'joined = { ordered_at = ["d", "h"], total = ["t"], tax_included = ["x"] }')
    frame = data["orders"]
    assert frame["ordered_at"].tolist() == [pd.Timestamp("2026-04-01T01:00Z"), pd.Timestamp("2026-04-02T14:30Z")]
    assert frame["total"].tolist()[:1] == [1000] and frame["total"].isna().tolist() == [False, True]
    assert frame["tax_included"].tolist() == [True, False]
    told = data.rejects[["line", "column", "value", "severity"]].to_numpy().tolist()
    assert told == [[4, "d + h", "soon 9:00", "row"]]


def test_the_form_and_the_order_of_joined_days_are_those_of_the_settings(tmp_path):
    text = "n,d,h\n1,2026年4月1日,10時00分\n"
    more = 'joined = { ordered_at = ["d", "h"] }\n'
    frame = joined(tmp_path, text, more + 'dates = ["%Y年%m月%d日 %H時%M分"]')["orders"]
    assert frame["ordered_at"].tolist() == [pd.Timestamp("2026-04-01T01:00Z")]
    text = "n,d,h\n1,03/04/2026,10:00\n"
    assert "'03/04/2026 10:00' could be two days" in joined(tmp_path, text, more).frame["problem"][0]
    frame = joined(tmp_path, text, more + "dayfirst = true")["orders"]
    assert frame["ordered_at"].tolist() == [pd.Timestamp("2026-04-03T01:00Z")]


def test_a_sign_and_an_amount_that_are_joined_say_the_currency(tmp_path):
    text = "n,d,s,t\n1,2026-04-01,¥,\"1,000\"\n2,2026-04-01,€,5\n"
    more = 'joined = { ordered_at = ["d"], total = ["s", "t"] }\nconstants = { currency = "円" }\n'
    frame = joined(tmp_path, text, more)["orders"]
    assert frame["currency"].tolist() == ["JPY", "JPY"]
    assert frame["total"].tolist()[:1] == [1000] and frame["total"].isna().tolist() == [False, True]
