"""A folder: one table a kind, the newest export wins, people join, and nothing personal is left."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from engagelab.errors import UsageError
from engagelab.sources.folder import read_folder
from engagelab.sources.settings import FileSettings, Settings, SurveySettings

KEY = b"a key for tests"
POSTS = "platform,post_id,posted_at,likes\n"
EXPORTS = Path(__file__).parents[2] / "data" / "exports"


def fill(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return folder


def test_the_newest_export_wins_by_its_stamps_and_not_by_its_name(tmp_path):
    data = read_folder(
        fill(
            tmp_path,
            z_old=POSTS + "x,1,2026-08-30,5\nx,2,2026-08-31,6\n",
            a_new=POSTS + "x,2,2026-08-31,60\nx,3,2026-09-30,7\n",
        ),
        key=KEY,
    )
    assert data["social_posts"].set_index("post_id")["likes"].to_dict() == {"1": 5, "2": 60, "3": 7}
    assert data.frame.set_index("file")["replaced"].to_dict() == {"a_new.csv": 0, "z_old.csv": 1}
    assert data.today == pd.Timestamp("2026-09-30", tz="UTC")


def test_of_two_exports_of_one_age_the_later_name_wins(tmp_path):
    data = read_folder(fill(tmp_path, a=POSTS + "x,1,2026-08-30,5\n", b=POSTS + "x,1,2026-08-30,6\n"), key=KEY)
    assert data["social_posts"]["likes"].tolist() == [6]


FACEBOOK = "Post ID,Page ID,Publish time,Permalink,Views\n"
LINKED = "{id},9,01/1{n}/2026 18:30,https://www.facebook.com/{n},{views}\n"


@pytest.mark.parametrize("later", [False, True])
def test_a_post_with_a_damaged_id_is_not_counted_beside_itself(tmp_path, later):
    """The export that is the newer has the word; of two of one age the one whose ids are sound."""
    sound = "".join(LINKED.format(id=30672 * 10**10 + n, n=n, views=10) for n in (1, 2))
    damaged = "".join(LINKED.format(id="3.0672E+14", n=n, views=20) for n in ((1, 2, 3) if later else (1, 2)))
    data = read_folder(fill(tmp_path, a=FACEBOOK + sound, b=FACEBOOK + damaged), key=KEY)
    views = data["social_posts"].set_index("post_id")["impressions"].to_dict()
    if later:
        assert views == {"306720000000001": 20, "306720000000002": 20, "https://www.facebook.com/3": 20}
        assert data.frame["replaced"].tolist() == [2, 0]
    else:
        assert views == {"306720000000001": 10, "306720000000002": 10}
        assert data.frame["replaced"].tolist() == [0, 2]


def test_a_link_that_two_posts_share_tells_nothing(tmp_path):
    sound = LINKED.format(id=1, n=1, views=10) + LINKED.format(id=2, n=1, views=11)
    data = read_folder(
        fill(tmp_path, a=FACEBOOK + sound, b=FACEBOOK + LINKED.format(id="3.0672E+14", n=1, views=20)), key=KEY
    )
    assert sorted(data["social_posts"]["post_id"]) == ["1", "2", "https://www.facebook.com/1"]


def test_counts_that_still_grow_are_flagged_against_their_own_export(tmp_path):
    data = read_folder(
        fill(
            tmp_path, a=POSTS + "x,1,2026-08-23,5\nx,2,2026-08-24,5\nx,3,2026-08-31,5\n", b=POSTS + "x,9,2026-09-30,5\n"
        ),
        key=KEY,
    )
    assert data["social_posts"].set_index("post_id")["still_growing"].to_dict() == {
        "1": False,
        "2": False,
        "3": True,
        "9": True,
    }


def test_an_order_that_lost_an_item_is_replaced_whole(tmp_path):
    head = "Name,Financial Status,Created at,Lineitem quantity,Lineitem name,Total,Refunded Amount\n"
    first = "#1,paid,2026-08-01 10:00:00 +0900,1,Mug,15,0\n#1,,,1,Bowl,,\n"
    later = "#1,partially_refunded,2026-08-01 10:00:00 +0900,1,Mug,15,5\n#2,paid,2026-09-01 10:00:00 +0900,1,Mug,9,0\n"
    data = read_folder(fill(tmp_path, b_first=head + first, a_later=head + later), key=KEY)
    assert data["orders"].set_index("order_id")["refunded"].to_dict() == {"#1": 5, "#2": 0}
    assert data["order_items"]["order_id"].value_counts().to_dict() == {"#1": 1, "#2": 1}


def test_an_answer_given_in_two_exports_counts_once(tmp_path):
    head, row = "Timestamp,How satisfied are you?,Why?\n", "2025/07/11 10:16:35 AM GMT+9,4,slow\n"
    settings = Settings(files={"csat_*.csv": FileSettings(survey="csat")})
    data = read_folder(
        fill(tmp_path, csat_07=head + row, csat_08=head + row + "2025/08/11 10:16:35 AM GMT+9,5,\n"),
        settings=settings,
        key=KEY,
    )
    assert len(data["surveys"]) == 3
    assert data["surveys"]["survey"].unique().tolist() == ["csat"]


def test_two_systems_complete_one_person(tmp_path):
    fill(
        tmp_path,
        customers="user_id,segment,country\nC1,home,JP\n",
        identities="person,source,source_id\nC1,email,a@example.com\n",
    )
    fill(
        tmp_path,
        subscribed_members="Email Address,MEMBER_RATING,LEID,CC\nA@example.com,4,55,US\nnew@example.com,1,56,JP\n",
    )
    people = read_folder(tmp_path, key=KEY)["customers"].set_index("user_id")
    assert len(people) == 2
    assert people.loc["C1", ["segment", "rating"]].tolist() == ["home", 4]


def test_two_files_of_unknown_vendors_complete_one_person_too(tmp_path):
    fill(tmp_path, a="Mail,Points\na@example.com,7\n", b="Address,Met\nA@example.com,2026-09-30\n")
    mapped = {"a.csv": {"Mail": "email", "Points": "score"}, "b.csv": {"Address": "email", "Met": "created_at"}}
    settings = Settings(files={name: FileSettings(table="customers", columns=columns)
                               for name, columns in mapped.items()})
    people = read_folder(tmp_path, settings=settings, key=KEY)["customers"]
    assert people["score"].tolist() == [7]
    assert people["created_at"].tolist() == [pd.Timestamp("2026-09-30", tz="UTC")]


def test_who_was_referred_is_the_same_person_as_among_the_customers(tmp_path):
    fill(tmp_path, identities="person,source,source_id\nP1,member,C1\nP2,member,C2\n",
         referrals="referral_id,user_id,referred_id,referred_at\nF1,C1,C2,2026-09-30\nF2,C1,,2026-09-30\n")
    referrals = read_folder(tmp_path, key=KEY)["referrals"]
    assert referrals["user_id"].tolist() == ["P1", "P1"]
    assert referrals["referred_id"].fillna("").tolist() == ["P2", ""]


def test_ids_of_all_systems_become_one_person_and_conflicts_are_named(tmp_path):
    fill(
        tmp_path,
        identities="person,source,source_id\nP1,member,C1\nP1,email,a@example.com\nP2,member,C2\nP3,member,C2\n",
    )
    fill(tmp_path, orders="order_id,user_id,ordered_at\n1,C1,2026-09-30\n2,C2,2026-09-30\n3,C9,2026-09-30\n")
    fill(
        tmp_path, form="Timestamp,Email Address,How satisfied are you?\n2025/07/11 10:16:35 AM GMT+9,a@example.com,4\n"
    )
    data = read_folder(tmp_path, key=KEY)
    assert data["orders"]["user_id"].tolist() == ["P1", "C2", "C9"]
    assert data["surveys"]["user_id"].tolist() == ["P1"]
    assert data.conflicts == ("C2",)
    assert data.matches.values.tolist() == [["orders", "surveys", 1, 2, 0, 1]]
    assert "source_id" not in data["identities"]
    assert "C2" in data.report()


def test_an_id_of_another_system_is_not_a_member_number(tmp_path):
    fill(
        tmp_path,
        identities="person,source,source_id\nP1,ga,1001\nP1,line,@1002\nP2,survey,1003\nP3,phone,1004\nP4,phone,1004\n"
        "P5,member,1005\nP6,survey,1005\nP7,member,1004\n",
    )
    fill(tmp_path, orders="order_id,user_id,ordered_at\n" + "".join(f"{n},100{n},2026-09-30\n" for n in range(1, 6)))
    data = read_folder(tmp_path, key=KEY)
    assert data["orders"]["user_id"].tolist() == ["1001", "1002", "P2", "P7", "1005"]
    assert data.conflicts == ("1005", "phone:1004")
    assert "1 ids from 'ga' are known and not applied" in data.report()


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path):
    fill(tmp_path, posts=POSTS + "x,1,2026-08-30,5\n", page="<html>log in</html>", other="a,b\n1,2\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "README.md").write_text("read me")
    data = read_folder(tmp_path, key=KEY)
    problems = data.frame.set_index("file")["problem"]
    assert problems["posts.csv"] == ""
    assert "web page" in problems["page.csv"] and "known headers" in problems["other.csv"]
    assert data.skipped == ("README.md", "logo.png")
    assert list(data) == ["social_posts"] and len(data) == 1 and "orders" not in data
    assert "logo.png" in data.report() and "web page" in data.report()


def test_a_folder_with_nothing_and_one_that_is_not_there(tmp_path):
    assert len(read_folder(tmp_path, key=KEY)) == 0
    with pytest.raises(UsageError, match="there is no folder"):
        read_folder(tmp_path / "none", key=KEY)


def test_settings_name_questions_mappings_and_currency(tmp_path):
    fill(tmp_path, pos="Slip,When,Sum\n1,03/04/2026,5\n", form="Timestamp,Rate us\n2025/07/11 10:16:35,4\n")
    settings = Settings(
        currency="JPY",
        timezone="Asia/Tokyo",
        files={
            "pos.csv": FileSettings(
                table="orders", columns={"Slip": "order_id", "When": "ordered_at", "Sum": "total"}, dayfirst=True
            )
        },
        surveys={"form": SurveySettings(channel="in_app", questions={"Rate us": "csat"})},
    )
    data = read_folder(tmp_path, settings=settings, key=KEY)
    assert data["orders"][["ordered_at", "currency"]].values.tolist() == [[pd.Timestamp("2026-04-02T15:00Z"), "JPY"]]
    assert data["surveys"][["kind", "channel"]].values.tolist() == [["csat", "in_app"]]
    assert data["surveys"]["answered_at"].iloc[0] == pd.Timestamp("2025-07-11T01:16:35Z")


def test_a_key_of_ones_own_is_made_once_and_said(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGAGELAB_KEY", str(tmp_path / "keys" / "one.key"))
    folder = tmp_path / "data"
    folder.mkdir()
    fill(folder, form="Timestamp,Email Address,How satisfied are you?\n2025/07/11 10:16:35 AM GMT+9,a@example.com,4\n")
    first, second = read_folder(folder), read_folder(folder)
    assert "a new key was written" in first.report() and "a new key" not in second.report()
    assert first["surveys"]["user_id"].tolist() == second["surveys"]["user_id"].tolist()


def test_the_same_folder_gives_the_same_tables_wherever_it_lies_and_whenever(tmp_path):
    text = POSTS + "x,1,2026-08-30,5\n"
    (tmp_path / "a").mkdir()
    fill(tmp_path / "a", one=text, two=POSTS + "x,1,2026-08-30,6\n")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "one.csv").touch()
    one, two = read_folder(tmp_path / "a", key=KEY), read_folder(tmp_path / "b", key=KEY)
    pd.testing.assert_frame_equal(one["social_posts"], two["social_posts"])
    assert one.report() == two.report()


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the sample's exports are not there")
def test_the_samples_exports_give_the_samples_own_tables():
    """The exports and the canonical files were written by another hand from the same facts."""
    got, want = read_folder(EXPORTS, key=KEY), read_folder(EXPORTS.parent, key=KEY)
    assert not got.frame["problem"].any()
    spoilt = got.rejects["file"] == "kuchikomi.csv"
    assert spoilt.sum() == 5
    assert set(got.rejects.loc[~spoilt, "reason"]) == {"trial answer of the survey's maker", "total row", "empty row",
                                                       "footer"}
    for table, key, columns in (
        ("orders", ["order_id"], ["user_id", "ordered_at", "total", "refunded", "discount", "coupon", "status"]),
        ("order_items", ["order_id", "line"], ["quantity", "unit_price", "list_price", "sku"]),
        ("tickets", ["ticket_id"], ["user_id", "created_at", "solved_at", "csat", "first_reply_minutes"]),
        ("email_campaigns", ["campaign_id"], ["sent_at", "delivered", "unique_opens", "open_rate_reported", "revenue"]),
        ("customers", ["user_id"], ["status", "rating", "created_at", "consent_marketing", "segment"]),
    ):
        left, right = (data[table].sort_values(key).reset_index(drop=True)[key + columns] for data in (got, want))
        if key[0] == "order_id":        # the mall's file tells less than the web shop's
            left, right = (frame[frame["order_id"].str.startswith("#")] for frame in (left, right))
        pd.testing.assert_frame_equal(left, right, obj=table)
    posts = ["platform", "post_id", "impressions", "likes", "comments", "reach", "clicks"]
    left, right = (data["social_posts"].sort_values(posts[:3]).reset_index(drop=True) for data in (got, want))
    pd.testing.assert_frame_equal(left[posts], right[posts])
    meta = left["platform"] != "x"  # of a post on X the newer files give the day alone
    pd.testing.assert_series_equal(left["posted_at"][meta], right["posted_at"][meta])
    scores = ["survey", "user_id", "answered_at", "kind", "score", "channel"]
    pd.testing.assert_frame_equal(
        got["surveys"][scores].sort_values(scores).reset_index(drop=True),
        want["surveys"][scores].sort_values(scores).reset_index(drop=True),
    )


def test_the_companys_currency_is_that_of_each_file_that_says_none(tmp_path):
    head = "order_id,ordered_at,total"
    (tmp_path / "a.csv").write_text(f"{head}\n1,2026-04-01,100\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"{head},currency\n2,2026-04-01,5,USD\n3,2026-04-01,5,\n", encoding="utf-8")
    orders = read_folder(tmp_path, settings=Settings(currency="JPY"), key=KEY)["orders"].set_index("order_id")
    assert orders["currency"].astype(object).where(orders["currency"].notna(), None).to_dict() == {
        "1": "JPY", "2": "USD", "3": None}
