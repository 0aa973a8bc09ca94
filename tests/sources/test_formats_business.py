"""Files of surveys, mailings, shops and deals as vendors really write them: variants, totals, footers, arms."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.sources.declarations import declaration
from engagelab.sources.read import read, sniff

FACTS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parents[1] / "reference" / "export_formats.json").read_text("utf-8"))
}
OTHER = "a row of another kind than the table holds, such as shipping or a text message"


def rows_of(name, *rows):
    """A file of a listed format: its header, and rows given by their columns (the first of a name)."""
    header = FACTS[name]["header_rows"][0]
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(header)
    for row in rows:
        assert set(row) <= set(header)
        cells = [""] * len(header)
        for column, value in row.items():
            cells[header.index(column)] = value
        writer.writerow(cells)
    return lines.getvalue()


def written(tmp_path, text, name="file.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


# --- surveys

MONKEY = (
    "Respondent ID,Collector ID,Start Date,End Date,Email Address,"
    "<p>How satisfied are you with<br>our &quot;beans&quot;?</p>,"
    "Which do you use?,,,Please rate,\r\n"
    ",,,,,Response,Web,App,Other (please specify),Price,Taste\r\n"
    "1,7,04/13/2026 09:00:00 AM,04/13/2026 12:03:00 AM,,5,Web,,,4,5\r\n"
    "2,7,04/13/2026 09:00:00 AM,04/13/2026 12:03:00 PM,,4,,App,tablet,3,5\r\n"
)


def test_surveymonkey_has_two_header_rows_and_blank_cells_belong_to_the_question_at_their_left(tmp_path):
    reading = read(written(tmp_path, MONKEY), tz="America/Los_Angeles")
    assert reading.codebook["question"].tolist() == [
        'How satisfied are you with our "beans"?',
        "Which do you use? - Web",
        "Which do you use? - App",
        "Which do you use? - Other (please specify)",
        "Please rate - Price",
        "Please rate - Taste",
    ]
    assert reading.codebook["kind"].tolist()[0] == "csat"
    assert reading.frame["answered_at"].unique().tolist() == [
        pd.Timestamp("2026-04-13T07:03:00Z"),
        pd.Timestamp("2026-04-13T19:03:00Z"),
    ]
    price = reading.frame[reading.frame["question"] == "Please rate - Price"]
    assert price["score"].tolist() == [4, 3]
    assert len(reading.raw) == 2


def test_surveymonkey_with_one_merged_header_row_and_without_dates_loses_no_row(tmp_path):
    text = "RespondentID,How satisfied are you?,Which do you use? - Web\r\n11,5,Web\r\n12,4,\r\n"
    reading = read(written(tmp_path, text))
    assert sniff(tmp_path / "file.csv").name == "surveymonkey"
    assert (reading.source.rows, reading.source.kept) == (2, 2)
    assert reading.frame["respondent_id"].unique().tolist() == ["11", "12"]


def test_the_same_answers_give_the_same_table_from_one_header_row_and_from_two(tmp_path):
    two = "Respondent ID,Collector ID,Tools?,\r\n,,Web,App\r\n1,7,Web,\r\n2,7,,App\r\n"
    one = "RespondentID,CollectorID,Tools? - Web,Tools? - App\r\n1,7,Web,\r\n2,7,,App\r\n"
    pd.testing.assert_frame_equal(read(written(tmp_path, two)).frame, read(written(tmp_path, one)).frame)


@pytest.mark.parametrize("answer", ["I don’t know", "“Good”", "café", "It’s good; they’re kind", "plan–b"])
def test_one_byte_of_windows_makes_no_japanese_letter(tmp_path, answer):
    text = f"Respondent ID,Collector ID,Why?\r\n1,7,{answer}\r\n2,7,plain\r\n"
    reading = read(written(tmp_path, text, encoding="cp1252"))
    assert reading.source.encoding == "cp1252"
    assert reading.frame["text"].tolist() == [answer, "plain"]


@pytest.mark.parametrize("answer", ["山", "東京", "良い。", "ｱﾌﾟﾘの山", "I like 山 and 川"])
def test_short_japanese_answers_in_cp932_stay_japanese(tmp_path, answer):
    text = f"Respondent ID,Collector ID,理由は？\r\n1,7,{answer}\r\n"
    reading = read(written(tmp_path, text, encoding="cp932"))
    assert reading.source.encoding == "cp932" and reading.frame["text"].tolist() == [answer]


def test_typeform_shows_what_was_put_into_a_question_as_dots_and_hides_the_network(tmp_path):
    text = (
        "#,How likely are you to recommend us?,You gave {{answer_42471732}}. Why?,Response Type,Start Date (UTC),"
        "Stage Date (UTC),Submit Date (UTC),Network ID,Tags,Ending\r\n"
        "a1,9,Fast,completed,2026-05-01 10:00:00,,2026-05-01 10:05:00,ff,,\r\n"
        "a2,3,,partial,2026-05-01 11:00:00,2026-05-01 11:02:00,,fe,,\r\n"
    )
    reading = read(written(tmp_path, text), tz="Asia/Tokyo")
    assert reading.codebook["question"].tolist() == ["How likely are you to recommend us?", "You gave …. Why?"]
    assert reading.frame["answered_at"].unique().tolist() == [
        pd.Timestamp("2026-05-01T10:05:00Z"),
        pd.Timestamp("2026-05-01T11:02:00Z"),
    ]
    assert "Network ID" in reading.source.personal and "Network ID" not in reading.raw


def test_qualtrics_insights_with_single_quotes_in_the_third_row(tmp_path):
    text = (
        "ResponseID,ResponseSet,Name,ExternalDataReference,StartDate,EndDate,Status,Q1\r\n"
        "ResponseID,ResponseSet,Name,ExternalDataReference,StartDate,EndDate,Status,¿Recomendaría?\r\n"
        "{'ImportId': 'responseId'},{'ImportId': 'responseSet'},{'ImportId': 'name'},{'ImportId': 'ext'},"
        "\"{'ImportId': 'startDate', 'timeZone': 'Asia/Tokyo'}\",\"{'ImportId': 'endDate', 'timeZone': 'Asia/Tokyo'}\","
        "{'ImportId': 'status'},{'ImportId': 'QID1'}\r\n"
        "R_1,Default,Anonymous,E1,2026-04-01 09:00:00,2026-04-01 09:02:00,0,9\r\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.source.format == "qualtrics" and reading.codebook["question_id"].tolist() == ["QID1"]
    assert reading.frame["answered_at"][0] == pd.Timestamp("2026-04-01T00:02:00Z")


# --- mail


def test_klaviyo_rates_as_percent_and_as_fractions_give_the_same_table(tmp_path):
    row = {
        "Campaign Name": "A",
        "Send Time": "2026-04-06 11:00:00",
        "Total Recipients": "12140.0",
        "Unique Placed Order": "23.0",
        "Unique Opens": "5864.0",
        "Revenue": "¥1,222",
        "Campaign ID": "01J",
        "Campaign Channel": "Email",
        "Open Rate": "48.43%",
        "Click Rate": "0.64%",
    }
    percent = read(written(tmp_path, rows_of("klaviyo_campaigns", row))).frame
    bare = row | {"Open Rate": "0.4843", "Click Rate": "0.0064", "Revenue": "1222円"}
    fraction = read(written(tmp_path, rows_of("klaviyo_campaigns", bare))).frame
    pd.testing.assert_frame_equal(percent, fraction)
    assert percent.loc[0, ["recipients", "open_rate_reported", "currency"]].tolist() == [12140, 0.4843, "JPY"]


def test_text_messages_of_klaviyo_are_set_aside_and_said(tmp_path):
    row = {"Campaign Name": "A", "Send Time": "2026-04-06 11:00:00", "Campaign ID": "1", "Campaign Channel": "Email"}
    reading = read(
        written(tmp_path, rows_of("klaviyo_campaigns", row, row | {"Campaign ID": "2", "Campaign Channel": "SMS"}))
    )
    assert reading.frame["campaign_id"].tolist() == ["1"]
    assert reading.rejects[["line", "reason"]].values.tolist() == [[3, OTHER]]


ARM = (
    '"Total Recipients:","1,751"\r\n"Successful Deliveries:","1,742"\r\n"Bounces:","9 (0.5%)"\r\n'
    '"Recipients Who Opened:","{opened}"\r\n"Total Opens:","201"\r\n"Last Open Date:","1/7/26 17:40"\r\n'
    '"Recipients Who Clicked:","20 (1.1%)"\r\n"Total Clicks:","157"\r\n"Total Unsubs:","1"\r\n'
    '"Total Abuse Complaints:","0"\r\n"Total Sales:","CA$1,020.50"\r\n'
)
HEAD = '"Title:","May test"\r\n"Delivery Date/Time:","Sat, May 2, 2026 10:15"\r\n\r\n'
LINKS = '\r\n"Combination 1 Clicks by URL"\r\n"URL","Total Clicks","Unique Clicks"\r\n"https://example.com/a,b","126","1"\r\n'
TWO = (
    "Campaign Report\r\n"
    + HEAD
    + '"Combination 1 Stats"\r\n"Subject Line:","A"\r\n"From Email:","x@example.com"\r\n'
    + ARM.format(opened="141 (8.1%)")
    + '\r\n"Combination 2 Stats"\r\n"Subject Line:","B"\r\n"From Email:","x@example.com"\r\n'
    + ARM.format(opened="125 (7.2%)")
)


def test_each_arm_of_mailchimps_report_is_a_row(tmp_path):
    reading = read(written(tmp_path, TWO + LINKS), tz="Asia/Tokyo")
    frame = reading.frame
    assert frame["variant"].tolist() == ["Combination 1", "Combination 2"]
    assert frame["subject"].tolist() == ["A", "B"]
    assert frame["unique_opens"].tolist() == [141, 125]
    assert frame["open_rate_reported"].tolist() == [0.081, 0.072]
    assert frame["campaign_name"].tolist() == ["May test"] * 2 and frame["campaign_id"].is_unique
    assert frame[["revenue", "currency"]].values.tolist() == [[1020.5, "CAD"]] * 2
    assert (frame["sent_at"] == pd.Timestamp("2026-05-02T01:15:00Z")).all()
    assert reading.source.rows == 5 and reading.rejects["reason"].tolist() == ["footer"] * 3
    assert reading.rejects["line"].tolist() == [35, 36, 37]
    assert "x@example.com" not in reading.raw.to_string()


def test_the_sum_over_the_arms_is_a_total_row_and_alone_it_is_the_campaign(tmp_path):
    total = '\r\n"Overall Stats"\r\n' + ARM.format(opened="266 (7.6%)")
    both = read(written(tmp_path, TWO + total))
    assert both.frame["variant"].tolist() == ["Combination 1", "Combination 2"]
    assert both.rejects["reason"].tolist() == ["total row"]
    alone = read(written(tmp_path, "Email Campaign Report\r\n" + HEAD + '"Subject Line:","A"\r\n' + total))
    assert alone.frame["variant"].isna().all() and alone.frame["unique_opens"].tolist() == [266]
    assert alone.frame["subject"].tolist() == ["A"]


def test_mailchimps_other_lists_of_members_know_why_somebody_left(tmp_path):
    text = (
        "Email Address,First Name,Last Name,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
        "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,"
        "UNSUB_REASON,UNSUB_REASON_OTHER,LEID,EUID,NOTES,TAGS\r\n"
        "a@example.com,A,B,04/01,2,2024-03-14 09:12:31,,,,,,,,,JP,,2026-01-02 03:04:05,May,1,NO_LONGER,,55,ab,,"
        '"""vip"",""osaka"""\r\n'
    )
    frame = read(written(tmp_path, text, "unsubscribed_members_export_1.csv")).frame
    assert frame.loc[0, ["user_id", "status", "consent_marketing", "tags"]].tolist() == [
        "55",
        "unsubscribed",
        False,
        '"vip","osaka"',
    ]


# --- deals


def test_hubspot_in_japanese_gives_the_same_table(tmp_path):
    english = (
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date,Create Date,Deal owner,"
        "Associated Company\r\n"
        '1,New,Closed won,Sales,"1,200,000",JPY,2026-05-01 09:00,2026-04-01 09:00,Mori,Acme\r\n'
        "2,Old,Closed lost,Sales,300,JPY,2026-05-02 09:00,2026-04-01 09:00,Mori,Beta\r\n"
    )
    japanese = (
        "レコードID,取引名,取引ステージ,パイプライン,金額,通貨,クローズ日,作成日,取引担当者,関連する会社\r\n"
        "1,New,受注,Sales,1200000,JPY,2026-05-01 09:00,2026-04-01 09:00,Mori,Acme\r\n"
        "2,Old,失注,Sales,300,JPY,2026-05-02 09:00,2026-04-01 09:00,Mori,Beta\r\n"
    )
    first = read(written(tmp_path, english), tz="Asia/Tokyo").frame
    second = read(written(tmp_path, japanese), tz="Asia/Tokyo").frame
    pd.testing.assert_frame_equal(first.drop(columns="stage"), second.drop(columns="stage"))
    assert first["won"].tolist() == [True, False]
    assert first["closed_at"][0] == pd.Timestamp("2026-05-01T00:00:00Z")


FOOTER = (
    '\r\n"Grand Totals (2 records)"\r\n\r\n\r\n"Pipeline 2026"\r\n'
    "Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.\r\n"
    '"Confidential Information - Do Not Distribute"\r\n"By: Taro Sato  2026/03/31 10:00"\r\n'
)
SALES_EN = (
    '"Opportunity Owner","Account Name","Opportunity Name","Stage","Amount Currency","Amount",'
    '"Close Date","Created Date","Opportunity ID"\r\n'
    '"Sato","Example Co","Renewal","Closed Won","JPY","1,200,000","2026/03/31","2026/01/10","0061x00000AbCdE"\r\n'
    '"Mori","Other Co","Upgrade","Closed Lost","JPY","300,000","2026/05/31","2026/02/10","0061x00000aBcDe"\r\n'
)
SALES_JA = (
    '"商談 所有者","取引先名","商談名","フェーズ","金額 通貨","金額","完了予定日","作成日","商談 ID"\r\n'
    '"Sato","Example Co","Renewal","受注","JPY","1,200,000","2026/03/31","2026/01/10","0061x00000AbCdE"\r\n'
    '"Mori","Other Co","Upgrade","失注","JPY","300,000","2026/05/31","2026/02/10","0061x00000aBcDe"\r\n'
)


def test_salesforce_in_each_language_and_encoding_gives_the_same_table(tmp_path):
    english = read(written(tmp_path, SALES_EN + FOOTER, encoding="latin-1"), tz="Asia/Tokyo")
    frame = english.frame.drop(columns="stage")
    assert frame["deal_id"].tolist() == ["0061x00000AbCdE", "0061x00000aBcDe"]  # two: capitals matter
    assert frame["won"].tolist() == [True, False]
    assert frame["closed_at"][0] == pd.Timestamp("2026-03-30T15:00:00Z")
    for encoding in ("cp932", "utf-8", "utf-8-sig"):
        japanese = read(written(tmp_path, SALES_JA + FOOTER, encoding=encoding), tz="Asia/Tokyo")
        pd.testing.assert_frame_equal(frame, japanese.frame.drop(columns="stage"))


def test_salesforces_footer_is_counted_and_no_deal(tmp_path):
    reading = read(written(tmp_path, SALES_EN + FOOTER))
    assert (reading.source.rows, reading.source.kept) == (7, 2)
    assert reading.rejects["reason"].tolist() == ["total row", *["footer"] * 4]


def test_salesforces_footer_in_a_workbook_is_no_deal_either(tmp_path):
    book = openpyxl.Workbook()
    whole = FOOTER.replace("Copyright", '"Copyright').replace("reserved.", 'reserved."')
    for cells in csv.reader(io.StringIO(SALES_EN + whole, newline="")):
        book.active.append(cells)
    book.save(tmp_path / "report.xlsx")
    reading = read(tmp_path / "report.xlsx")
    assert len(reading.frame) == 2 and len(reading.rejects) == reading.source.rejected


def test_a_deal_without_a_number_keeps_its_made_id_when_its_stage_and_amount_change(tmp_path):
    header = "Opportunity Name,Account Name,Stage,Amount,Created Date\r\n"
    first = read(written(tmp_path, header + "Renewal,Acme,Proposal,100,2026/01/13\r\n")).frame
    later = read(written(tmp_path, header + "Renewal,Acme,Closed Won,120,2026/01/13\r\n")).frame
    assert first["deal_id"].tolist() == later["deal_id"].tolist()
    assert first["won"].isna().all() and later["won"].all()
    twice = header + "Renewal,Acme,Proposal,100,2026/01/13\r\nRenewal,Acme,Proposal,200,2026/01/13\r\n"
    with pytest.raises(SourceError, match="line 3"):
        read(written(tmp_path, twice))


# --- shops

EC = {
    "注文ID": "1",
    "注文番号": "A1",
    "会員ID": "10",
    "お名前(姓)": "森",
    "メールアドレス": "a@example.com",
    "小計": "3000",
    "送料": "500",
    "合計": "3500",
    "支払合計": "3500",
    "対応状況(名称)": "発送済み",
    "受注日": "2026-04-01 10:00:00",
}


def test_eccube_repeats_the_order_and_writes_shipping_as_an_item(tmp_path):
    text = rows_of(
        "eccube4_orders",
        EC | {"商品名": "送料", "価格": "500", "個数": "1", "明細区分(名称)": "送料"},
        EC | {"商品名": "抹茶①", "価格": "1364", "個数": "2", "明細区分(名称)": "商品"},
        EC | {"注文番号": "A2", "対応状況(名称)": "注文取消し", "明細区分(名称)": "値引き"},
    )
    reading = read(written(tmp_path, text, encoding="cp932"), pseudonymise=b"a key for tests")
    orders, items = reading.tables["orders"], reading.tables["order_items"]
    assert orders[["order_id", "total", "shipping", "currency", "tax_included", "status"]].values.tolist() == [
        ["A1", 3500, 500, "JPY", True, "shipped"],
        ["A2", 3500, 500, "JPY", True, "voided"],
    ]
    assert items[["order_id", "line", "product", "tax_included"]].values.tolist() == [["A1", 1, "抹茶①", False]]
    assert orders["ordered_at"][0] == pd.Timestamp("2026-04-01T01:00:00Z")
    assert reading.rejects[["line", "reason"]].values.tolist() == [[2, OTHER]]
    assert "森" not in reading.raw.to_string() and "email" not in orders


def test_an_order_whose_rows_say_different_totals_is_a_fault_and_not_the_first_of_them(tmp_path):
    row = EC | {"商品名": "豆", "価格": "1", "個数": "1", "明細区分(名称)": "商品"}
    path = written(tmp_path, rows_of("eccube4_orders", row, row | {"合計": "3600"}), encoding="cp932")
    with pytest.raises(SourceError, match="line 3"):
        read(path)
    assert len(read(path, on_bad="return").tables["order_items"]) == 1


RMS = {
    "注文番号": "1-20260701-1",
    "ステータス": "700",
    "注文日時": "2026-07-01 10:00:00",
    "商品合計金額": "3000",
    "送料合計": "500",
    "請求金額": "3100",
    "合計金額": "3500",
    "ポイント利用額": "100",
    "クーポン利用総額": "300",
    "注文者姓": "森",
    "注文者メールアドレス": "x@pc.fw.rakuten.ne.jp",
    "商品名": "抹茶㈱",
    "商品管理番号": "m1",
    "単価": "1500",
    "個数": "1",
    "税込別": "1",
}


def test_rakuten_repeats_the_order_and_takes_coupons_from_the_total(tmp_path):
    text = rows_of("rakuten_rms_orders", RMS, RMS | {"商品名": "湯のみ", "税込別": "0"})
    reading = read(written(tmp_path, text, encoding="cp932"), pseudonymise=b"a key for tests")
    orders, items = reading.tables["orders"], reading.tables["order_items"]
    assert orders[["total", "subtotal", "points", "discount"]].values.tolist() == [[3200, 2700, 100, 300]]
    assert orders[["currency", "tax_included", "status"]].values.tolist() == [
        ["JPY", True, "paid"]
    ]  # 3,100 in money and 100 in points
    assert items["tax_included"].tolist() == [True, False] and items["line"].tolist() == [1, 2]
    assert orders["user_id"].notna().all() and "森" not in reading.raw.to_string()


def test_an_order_of_rakuten_with_a_blank_coupon_keeps_its_total(tmp_path):
    text = rows_of("rakuten_rms_orders", RMS | {"クーポン利用総額": ""}, RMS | {"注文番号": "1-20260701-2"})
    orders = read(written(tmp_path, text, encoding="cp932")).tables["orders"]
    assert orders[["total", "subtotal"]].values.tolist() == [[3500, 3000], [3200, 2700]]
    assert orders["discount"].isna().tolist() == [True, False]


def test_what_rakuten_has_not_settled_yet_is_missing_and_not_minus_9999_yen(tmp_path):
    text = rows_of(
        "rakuten_rms_orders", RMS | {"合計金額": "-9999", "送料合計": "-9999"}, RMS | {"注文番号": "1-20260701-2"}
    )
    orders = read(written(tmp_path, text, encoding="cp932")).tables["orders"]
    assert orders["total"].isna().tolist() == [True, False] and orders["shipping"].isna().tolist() == [True, False]


def test_rakutens_further_columns_are_known(tmp_path):
    header = [
        "注文番号",
        "ステータス",
        "注文日時",
        "合計金額",
        "商品名",
        "商品管理番号",
        "SKU管理番号",
        "SKU情報",
        "項目・選択肢",
        "商品毎税込価格",
        "単価",
        "個数",
    ]
    text = ",".join(header) + "\r\n1,100,2026-07-01 10:00:00,300,豆,m1,sku-9,200g,挽き方:粗,330,300,1\r\n"
    path = written(tmp_path, text, encoding="cp932")
    assert not sniff(path).unknown
    got = read(path)
    assert got.tables["order_items"]["sku"].tolist() == ["sku-9"]
    assert got.tables["orders"]["total"].tolist() == [300]  # of a template without coupons and points
    assert {"discount", "points", "subtotal"} <= set(got.source.lacking)


def test_rakutens_login_page_saved_as_csv_is_refused(tmp_path):
    with pytest.raises(SourceError, match="web page"):
        read(written(tmp_path, "<!DOCTYPE html><html><head><title>認証</title></head></html>"))


def test_shopify_of_2022_with_73_columns_gives_the_same_tables(tmp_path):
    entry = FACTS["shopify_orders"]
    header = entry["header_rows"][0]
    rows = [next(csv.reader([line])) for line in entry["sample"]]
    gone = {
        "Duties",
        "Billing Province Name",
        "Shipping Province Name",
        "Payment ID",
        "Payment Terms Name",
        "Next Payment Due At",
        "Payment References",
    } - {"Duties"}
    kept = [place for place, name in enumerate(header) if name not in gone]
    assert len(kept) == 73
    new = written(tmp_path, "\r\n".join([",".join(header), *entry["sample"]]) + "\r\n", "new.csv")
    old = io.StringIO(newline="")
    csv.writer(old).writerows([[row[place] for place in kept] for row in (header, *rows)])
    first, second = read(new).tables, read(written(tmp_path, old.getvalue(), "old.csv")).tables
    for name in ("orders", "order_items"):
        pd.testing.assert_frame_equal(first[name], second[name])
    assert "tax_included" not in first["orders"]  # the file does not tell


def test_eccube_without_the_kind_of_its_rows_says_so_and_the_code_of_the_kind_is_as_good(tmp_path):
    header = "注文ID,注文番号,会員ID,合計,受注日,商品名,価格,個数"
    rows = ["1,A1,10,3500,2026-04-01 10:00:00,豆,1500,2", "1,A1,10,3500,2026-04-01 10:00:00,送料,500,1"]
    blind = read(written(tmp_path, "\r\n".join([header, *rows]), encoding="cp932"))
    assert "明細区分(名称)" in blind.source.lacking and len(blind.tables["order_items"]) == 2
    coded = [header + ",明細区分(ID)", rows[0] + ",1", rows[1] + ",2"]
    told = read(written(tmp_path, "\r\n".join(coded), encoding="cp932"))
    assert told.tables["order_items"]["product"].tolist() == ["豆"] and "明細区分(名称)" not in told.source.lacking


def test_a_row_of_a_csv_with_its_first_cell_alone_is_a_row_and_no_footer(tmp_path):
    text = "Opportunity Name,Stage,Amount\r\nA,Talk,5\r\nB,,\r\n"
    assert read(written(tmp_path, text)).frame["deal_name"].tolist() == ["A", "B"]
    with pytest.raises(SourceError, match="line 3"):
        read(written(tmp_path, "order_id,ordered_at,total\r\n1,2026-04-01,5\r\n2,,\r\n"))


def test_each_key_of_mailchimps_report_in_the_facts_is_the_column_that_they_say():
    for theirs, ours in FACTS["mailchimp_single_report"]["canonical"].items():
        assert theirs.removesuffix(":") in declaration("mailchimp_single_report").columns[ours]


def test_an_option_that_stands_alone_in_its_column_is_a_choice(tmp_path):
    text = "RespondentID,Tools? - Web,Tools? - Other\r\n1,Web,my own\r\n2,Web,\r\n"
    assert read(written(tmp_path, text)).codebook["kind"].tolist() == ["choice", "text"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["商品", "送料", "値引き", ""])), max_size=12))
def test_each_order_of_eccube_comes_once_and_each_row_is_an_item_or_an_order_or_said(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("ec") / "orders.csv"
    text = rows_of("eccube4_orders", *(
        EC | {"注文番号": f"A{order}", "合計": str(order * 100), "個数": "1", "商品名": kind, "明細区分(名称)": kind}
        for order, kind in rows))
    path.write_bytes(text.encode("cp932"))
    reading = read(path)
    orders, items = reading.tables["orders"], reading.tables["order_items"]
    goods = [order for order, kind in rows if kind in ("商品", "")]
    assert sorted(orders["order_id"]) == sorted({f"A{order}" for order, _ in rows})
    assert (orders["total"] == orders["order_id"].str[1:].astype(float) * 100).all()
    assert sorted(items["order_id"]) == sorted(f"A{order}" for order in goods)
    alone = {order for order, _ in rows} - set(goods)
    assert reading.source.rejected == len(rows) - len(goods) - len(alone)
