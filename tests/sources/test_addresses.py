"""Addresses and telephone numbers inside texts: masked, and nothing else with them."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagelab.errors import SourceError
from engagelab.privacy.pseudonyms import pseudonym
from engagelab.sources.addresses import hidden, masked, mostly_addresses
from engagelab.sources.job import Options
from engagelab.sources.read import read, read_with


@pytest.mark.parametrize(
    "secret",
    [
        "ann@example.com",
        "a.b+c@mail.example.co.jp",
        "090-1234-5678",
        "09012345678",
        "03-1234-5678",
        "(03) 1234-5678",
        "+81 90 1234 5678",
        "+1 (555) 123-4567",
        "(212) 555-0123",
        "212-555-0123",
        "1-212-555-0123",
        "212.555.0123",
        "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "taro＠example.com",
        "０９０－１２３４－５６７８",
        "０９０１２３４５６７８",
        "090ー1234ー5678",
        "090－1234－5678",
        "０３−１２３４−５６７８",
        "（０３）１２３４−５６７８",
        "0（3）12345678",
        "212−555−4123",
        "＋８１　９０　１２３４　５６７８",
    ],
)
def test_they_are_masked_in_a_sentence(secret):
    for text in ("Write to {} please", "連絡先は{}です", "{}"):
        told, n = masked(pd.Series([text.format(secret)]))
        assert (told.iloc[0], n) == (text.format("***"), 1)


@pytest.mark.parametrize(
    "text",
    [
        "9 of 10",
        "2026-04-01 10:00:00",
        "order #1001, ¥12,000",
        "04-01-2026",
        "@asanagi says hi",
        "1900000000000000001",
        "https://x.com/a/status/1900000000000000001",
        "0.123456789012",
        "122-555-0123",             # no area of North America begins with 1
        "order 212-555-01234",
        "4212-555-0123",
        "192.168.100.2001",
        "１０月３日、第２回の５００円",
        "コーヒー＠カフェ",
    ],
)
def test_other_figures_stay(text):
    assert masked(pd.Series([text, None]))[1] == 0


def test_a_column_is_known_by_its_cells():
    assert mostly_addresses(pd.Series(["a@example.com", "", "b@example.com", "none"]))
    assert not mostly_addresses(pd.Series(["", ""]))


def test_a_free_answer_does_not_carry_its_writers_address(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Timestamp,Why?\n2025/07/11 10:16:35 AM GMT+9,call 090-1234-5678\n", encoding="utf-8")
    reading = read(path)
    assert reading.frame["text"].tolist() == ["call ***"]
    assert "1234" not in reading.raw.to_csv()
    assert "1 texts" in reading.report()
    assert read(path, keep_personal=True).frame["text"].tolist() == ["call 090-1234-5678"]


def test_an_address_half_in_letters_of_full_width_is_masked():
    assert masked(pd.Series(["ｔａｒｏ@example.com", "－@a．a"]))[0].tolist() == ["***", "***"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*"a0@+-. ()1あ\x1e\n＠０＋－．　（）ー2", "ann@example.com", "090-1234-5678",
                                          "+81 90 1234 5678", "212-555-0123", "(212) ", "０９０", "－１２３４",
                                          "ー5678", "－5678", "ｔａｒｏ＠ｘ．ｊｐ"]))))
def test_looking_at_all_texts_at_once_finds_what_looking_at_each_does(pieces):
    texts = pd.Series(["".join(piece) for piece in pieces], dtype=object)
    told, n = masked(texts)
    assert told.tolist() == [hidden(text) for text in texts]
    assert n == sum(hidden(text) != text for text in texts)


def read_text(folder, text, name="f.csv", **options):
    (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return read(folder / name, **options)


def everything(reading):
    told = [frame.to_csv() for frame in [*reading.tables.values(), reading.raw, reading.rejects, reading.codebook]]
    return "\n".join([*told, reading.report(), repr(reading), reading._repr_html_(), *reading.source.preamble])


HIDDEN_IN = {
    "events": "event_id,event,occurred_at,page,source\n1,view,2026-04-01T00:00:00Z,/thanks?email={}&x=1,{}\n",
    "deals": "deal_id,deal_name,stage,owner,reason,opened_at\n1,for {},won,{},{} said so,2026-04-01T00:00:00Z\n",
    "employees": "user_id,team,hired_at,reason\n1,{},2026-04-01,went to {}\n",
    "customers": "user_id,created_at,segment,channel\n1,2026-04-01,{},{}\n",
}


@pytest.mark.parametrize("secret", ["taro@x.jp", "090-1234-5678", "0312345678", "+81 90 1234 5678"])
@pytest.mark.parametrize("table", HIDDEN_IN)
def test_no_text_and_no_category_of_a_table_carries_an_address_or_number(tmp_path, table, secret):
    text = HIDDEN_IN[table].replace("{}", secret)
    reading = read_text(tmp_path, text)
    assert secret not in everything(reading)
    assert reading.source.masked == HIDDEN_IN[table].count("{}")
    assert secret in read_text(tmp_path, text, keep_personal=True).frame.to_csv()


def test_a_report_of_pages_and_its_preamble_carry_no_address(tmp_path):
    text = ("# ----\n# Pages and screens\n# Account: taro@x.jp\n# ----\n# Start date: 20260901\n# End date: 20260930\n"
            "Page title and screen class,Views,Active users\n/thanks?mail=taro@x.jp,600,60\nHome,6,6\n")
    reading = read_text(tmp_path, text)
    assert "taro@" not in everything(reading)
    assert reading.frame["page_title"].tolist() == ["/thanks?mail=***", "Home"]


CONTACT = (
    "Respondent ID,Collector ID,End Date,Contact Information,,,,,How likely would you recommend us?,How to reach you?,"
    ",How useful is it?,\n"
    ",,,Name,Address,ZIP/Postal Code,Email Address,Phone Number,Response,Email,Phone,Email,Instagram\n"
    "1,9,2026/04/01 10:00:00,Taro Yamada,1-2-3 Ginza,104-0061,t@x.jp,0901234,10,Email,,5,2\n"
    "2,9,2026/04/01 10:00:00,Hana Sato,2-2-3 Ginza,105-0062,h@x.jp,0901235,3,,Phone,4,1\n"
)
CONTACT_JA = (
    "Respondent ID,Collector ID,End Date,ご連絡先,,,,推奨度（0〜10）\n,,,お名前,郵便番号,住所,電話番号,Response\n"
    "1,9,2026/04/01 10:00:00,山田太郎,104-0061,銀座1-2-3,0901234,10\n"
    "2,9,2026/04/01 10:00:00,佐藤花,105-0062,銀座1-2-4,0901235,3\n"
)
TYPEFORM = (
    "#,First name,Your address,Instagram handle,LinkedIn,Why?,Submit Date (UTC),Network ID\n"
    "1,Taro,Ginza 1,@taro,https://linkedin.com/in/taro,good,2026-04-01 10:00:00,n\n"
)


@pytest.mark.parametrize(("text", "secrets"), [
    (CONTACT, ["Taro", "Sato", "Ginza", "104", "0901"]), (CONTACT_JA, ["山田", "佐藤", "104", "銀座", "0901"]),
    (TYPEFORM, ["Taro", "Ginza", "@taro", "in/taro"])])
def test_the_contact_block_of_a_form_is_no_question(tmp_path, text, secrets):
    told = everything(read_text(tmp_path, text))
    assert not [secret for secret in secrets if secret in told]


def test_an_option_that_is_ticked_and_an_item_that_is_rated_name_nobody(tmp_path):
    asked = read_text(tmp_path, CONTACT).codebook.set_index("question")["kind"]
    assert asked.to_dict() == {
        "How likely would you recommend us?": "nps", "How to reach you? - Email": "choice",
        "How to reach you? - Phone": "choice", "How useful is it? - Email": "scale",
        "How useful is it? - Instagram": "scale"}


ME = b"a key for tests"


@pytest.mark.parametrize("boss", ["boss@x.jp", "090-1234-5678"])
def test_the_manager_goes_by_the_pseudonym_under_which_he_is_an_employee(tmp_path, boss):
    text = f"user_id,manager_id,hired_at\n{boss},,2026-04-01\nE2,{boss},2026-04-01\n"
    with pytest.raises(SourceError, match="pseudonymise=key"):
        read_text(tmp_path, text)
    frame = read_text(tmp_path, text, pseudonymise=ME).frame
    assert frame["manager_id"].iloc[1] == frame["user_id"].iloc[0] != boss
    assert frame["user_id"].iloc[1] == "E2"
    referred = "referral_id,user_id,referred_id,referred_at\n1,C1,taro@x.jp,2026-04-01\n"
    assert "taro" not in everything(read_text(tmp_path, referred, pseudonymise=ME))


def test_an_address_in_letters_of_full_width_is_the_same_person(tmp_path):
    text = "email,created_at\n{},2026-04-01\n"
    wide, plain = (read_text(tmp_path, text.format(address), pseudonymise=ME).frame["user_id"].item()
                   for address in ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ", "taro@example.com"))
    assert wide == plain and len(wide) == 32


def mapped(folder, text, **options):
    columns = {"番号": "order_id", "日": "ordered_at", "額": "total"}
    who = next(name for name in ("顧客名", "会員") if name in text)
    return read_text(folder, text, mapping=columns | {who: "user_id"}, table="orders", **options)


@pytest.mark.parametrize(("column", "who"), [
    ("顧客名", "山田太郎"), ("会員", "090-1234-5678"), ("会員", "09012345678")])
def test_a_name_or_number_in_the_place_of_an_id_gives_way_to_its_pseudonym(tmp_path, column, who):
    text = f"番号,日,額,{column}\n1,2026-04-01,100,{who}\n2,2026-04-02,50,{who}\n"
    with pytest.raises(SourceError, match="pseudonymise=key"):
        mapped(tmp_path, text)
    reading = mapped(tmp_path, text, pseudonymise=ME)
    assert who not in everything(reading)
    assert reading.frame["user_id"].nunique() == 1 and len(reading.frame["user_id"].iloc[0]) == 32
    assert mapped(tmp_path, text, keep_personal=True).frame["user_id"].tolist() == [who] * 2


@pytest.mark.parametrize("who", ["C1", "0000012345", "1234567890", "2026-000123"])
def test_the_number_of_a_member_is_no_telephone(tmp_path, who):
    assert mapped(tmp_path, f"番号,日,額,会員\n1,2026-04-01,100,{who}\n").frame["user_id"].tolist() == [who]


PEOPLE = {
    "山田太郎": "user_id,manager_id,hired_at\n{},,2026-04-01\nE2,{},2026-04-01\n佐藤 花子,{},2026-04-01\n",
    "Taro O’Yamada-Sato Jr.": "user_id,manager_id,hired_at\nE1,,2026-04-01\nE2,{},2026-04-01\n",
    "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏｍ": "user_id,manager_id,hired_at\n{},,2026-04-01\nE2,{},2026-04-01\n",
}


@pytest.mark.parametrize("who", PEOPLE)
def test_names_in_the_place_of_ids_give_way_to_pseudonyms_and_it_is_said(tmp_path, who):
    text = PEOPLE[who].replace("{}", who)
    with pytest.raises(SourceError, match=r"column '(user|manager)_id': people are named .* pseudonymise=key"):
        read_text(tmp_path, text)
    reading = read_text(tmp_path, text, pseudonymise=ME)
    assert who not in everything(reading)
    assert reading.frame["manager_id"].dropna().unique().tolist() == pseudonym(pd.Series([who]), ME).tolist()
    assert "in the place of ids, told by a keyed pseudonym: " in reading.report()
    assert "manager_id" in reading.source.renamed
    assert who in read_text(tmp_path, text, keep_personal=True).frame.to_csv()


@pytest.mark.parametrize("who", ["E1", "taro", "SALES", "営業1課", "8f14e45fceea167a5a36dedd4bea2543", "K-Ab", "花子2"])
def test_codes_and_logins_are_no_names(tmp_path, who):
    reading = read_text(tmp_path, f"user_id,manager_id,hired_at\n{who},,2026-04-01\nE2,{who},2026-04-01\n")
    assert reading.frame["manager_id"].dropna().tolist() == [who] and not reading.source.renamed


def test_a_colleague_who_is_told_by_name_is_a_pseudonym_or_masked(tmp_path):
    text = "deal_id,stage,owner,opened_at\n1,won,{},2026-04-01T00:00:00Z\n2,won,{},2026-04-01T00:00:00Z\n"
    for names in (("佐藤花子", "山田太郎"), ("Hanako Sato", "Taro Yamada")):
        bare = read_text(tmp_path, text.format(*names))
        assert bare.frame["owner"].tolist() == ["***"] * 2 and bare.source.masked == 2
        keyed = read_text(tmp_path, text.format(*names), pseudonymise=ME)
        assert keyed.frame["owner"].tolist() == pseudonym(pd.Series(names), ME).tolist()
        for reading in (bare, keyed):
            assert not [name for name in names if name in everything(reading)]
        assert read_text(tmp_path, text.format(*names), keep_personal=True).frame["owner"].tolist() == [*names]
    assert read_text(tmp_path, text.format("sales 1", "sales 2")).frame["owner"].tolist() == ["sales 1", "sales 2"]


OTHER_IDS = {
    "orders": "order_id,ordered_at,shop_id,total\n{},2026-04-01,S1,5\n2,2026-04-01,S2,5\n",
    "order_items": "order_id,line,quantity,sku\n{},1,2,{}\n{},2,2,A1\n",
    "shops": "shop_id,month\n{},2026-04-01\nS2,2026-04-01\n",
    "surveys": "survey,respondent_id,question_id,question,kind,score,answered_at\na,{},q,Good?,csat,5,2026-04-01\n"
               "a,{},r,Easy?,ces,5,2026-04-01\n",
}


@pytest.mark.parametrize("secret", [
    "taro@x.jp", "taro@x.jp-2026", "090-1234-5678", "+81 90 1234 5678", "（212）555−4123"])
@pytest.mark.parametrize("table", OTHER_IDS)
def test_an_id_of_something_else_is_no_address_or_number_either(tmp_path, table, secret):
    text = OTHER_IDS[table].replace("{}", secret)
    with pytest.raises(SourceError, match="pseudonymise=key"):
        read_text(tmp_path, text)
    reading = read_text(tmp_path, text, pseudonymise=ME)
    assert secret not in everything(reading)
    same = pseudonym(pd.Series([secret]), ME).iloc[0]
    key = next(name for name in reading.frame if name in ("order_id", "shop_id", "respondent_id"))
    assert reading.frame[key].iloc[0] == same and key in reading.source.renamed
    assert (reading.frame == same).sum().sum() == text.count(secret)
    assert secret in read_text(tmp_path, text, keep_personal=True).frame.to_csv()


@pytest.mark.parametrize("number", [
    "0312345678", "00012345", "https://www.tiktok.com/@a.b/video/70000", "2026-000123", "@a"])
def test_the_number_of_an_order_is_no_telephone_and_a_link_no_address(tmp_path, number):
    reading = read_text(tmp_path, OTHER_IDS["orders"].replace("{}", number))
    assert reading.frame["order_id"].tolist() == [number, "2"]


def test_mobile_numbers_are_known_without_hyphens_where_half_of_the_ids_are_such(tmp_path):
    text = OTHER_IDS["orders"].replace("{}", "09012345678")
    with pytest.raises(SourceError, match="column 'order_id'"):
        read_text(tmp_path, text)
    reading = read_text(tmp_path, text + "3,2026-04-01,S2,5\n")
    assert reading.frame["order_id"].tolist() == ["09012345678", "2", "3"]


def test_an_id_joined_of_addresses_is_made_under_the_key(tmp_path):
    text = "n,d,m,t\n1,2026-04-01,taro@x.jp,5\n2,2026-04-02,,7\n"
    one, deal = {"user_id": ("m", "n")}, {"order_id": ("m", "n")}
    columns = {"n": "order_id", "d": "ordered_at", "t": "total"}
    found = []
    for joined, mapping in ((one, columns), (deal, {"d": "ordered_at", "t": "total"})):
        (tmp_path / "o.csv").write_text(text, encoding="utf-8")
        for key in (ME, b"another key"):
            options = Options(key=key, joined=joined)
            reading = read_with(tmp_path / "o.csv", options, mapping=mapping, table="orders")
            assert "taro" not in everything(reading)
            found.append(reading.frame[next(iter(joined))].iloc[0])
        with pytest.raises(SourceError, match="pseudonymise=key"):
            read_with(tmp_path / "o.csv", Options(joined=joined), mapping=mapping, table="orders")
    assert found[0] != found[1] and found[2] != found[3]


@pytest.mark.parametrize("name", ["Generated By: Taro Yamada 2026/05/14 10:00", "作成者: Taro Yamada"])
def test_the_footer_of_a_report_names_nobody(tmp_path, name):
    text = ('"Opportunity Name","Account Name","Stage","Amount","Close Date","Created Date"\n'
            f'"A","ACME","Closed Won","1000","2026-04-13","2026-03-01"\n\n"{name}"\n')
    for content in (text, text.replace(f'"{name}"', f'"{name}",,,,,')):
        reading = read_text(tmp_path, content, on_bad="return")
        assert "Yamada" not in everything(reading)
        assert len(reading.raw) == 2 and reading.raw.iloc[0, 0] == "A"
