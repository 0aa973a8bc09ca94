"""The page on experiments from whatever data there are: whole exports, small folders, broken experiments, none."""

import random

import pytest
from test_pages import EXPORTS, ROOT, english, made
from test_value_pages import write

from engagelab import cli

pytestmark = pytest.mark.slow
__all__ = ["english"]  # the fixture that each page starts with


def page(data, out):
    assert cli.main(["report", "06", "--data", str(data), "--out", str(out)]) == 0
    return made(out, "06_experiments")


def small(folder, *, people=400, arms=("control", "offer"), effect=0, tables=("assignments", "orders"), settings="",
          missing=0, twice=0, stratum=False, language="en", shops=0, foreign=0, begun=False):
    """A made-up shop with one experiment."""
    dollars = foreign * people
    chance = random.Random(6)
    folder.mkdir()
    (folder / "engagelab.toml").write_text(f'name = "Kiefer"\nlanguage = "{language}"\ncurrency = "EUR"\n{settings}',
                                           encoding="utf-8")
    made = {"assignments": [], "orders": [], "email_sends": []}
    for number in range(people):
        shop = chance.randrange(shops) if shops else number
        who, arm = f"c{number:04}", arms[shop % len(arms)]
        row = {"experiment": "spring", "user_id": who, "arm": arm if chance.random() >= missing else "",
               "assigned_at": "2025-06-27T00:00:00Z" if begun else "2025-06-01T00:00:00Z",
               "stratum": chance.choice(["new", "old"]) if stratum else "", "cluster": f"s{shop}" if shops else ""}
        made["assignments"].append(row)
        if number < twice:
            made["assignments"].append(row | {"arm": arms[(number + 1) % len(arms)]})
        for day in ("2025-05-10", "2025-06-03", "2025-06-28"):
            if chance.random() < (.4 if not shops else .1 + .8 * (shop * 7 % shops) / shops):
                extra = effect if arm != arms[0] and day == "2025-06-03" else 0
                made["orders"].append({
                    "order_id": f"{who}-{day}", "user_id": who, "total": (amount := chance.randint(5, 60) + extra),
                    "subtotal": amount, "currency": "USD" if number < dollars else "EUR",
                    "status": "paid", "ordered_at": f"{day}T03:00:00Z"})
        made["email_sends"].append({"send_id": who, "user_id": who, "sent_at": "2025-06-02T03:00:00Z",
                                    "delivered": "true", "clicked": "true" if chance.random() < .2 else "false"})
        made["email_sends"].append({"send_id": f"{who}-2", "user_id": who, "sent_at": "2025-06-29T03:00:00Z",
                                    "delivered": "true", "clicked": "false"})
    for name in tables:
        write(folder, name, made[name])
    return folder


def test_the_exports_say_what_the_sample_says(tmp_path):
    text = page(EXPORTS, tmp_path)
    assert "Do not roll it out: coupon does worse than holdout." in text and "It harms with: loyal" in text
    assert "Vote" not in text and "Key points" not in text
    assert "@" not in text.replace("@context", "") and "050-0000" not in text


def test_a_page_without_assignments_says_so(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/orders.csv").write_bytes((ROOT / "data/orders.csv").read_bytes())
    text = page(tmp_path / "data", tmp_path / "out")
    assert "There is no experiment with two arms" in text
    assert "No page for lack of data: “Experiments" in text


@pytest.mark.parametrize(("how", "said"), [
    ({"effect": 30}, "Yes: offer beats control."),
    ({"effect": -30}, "Do not roll it out: offer does worse than control."),
    ({}, "No difference shown between offer and control."),
    ({"people": 900, "arms": ("control", "small", "large"), "stratum": True}, "No difference shown"),
    ({"people": 400, "arms": ("control", "offer", "offer")}, "No verdict on offer against control"),
    ({"people": 6}, "offer"),
    ({"people": 1}, "There is no experiment with two arms"),
    ({"arms": ("control",)}, "There is no experiment with two arms"),
    ({"missing": .3, "twice": 9}, "were drawn into several arms and are left out"),
    ({"tables": ("assignments", "email_sends")}, "offer"),
    ({"tables": ("assignments",)}, "neither orders nor mails"),
    ({"settings": '[experiment]\nname = "spring"\ncontrol = "offer"\nwithin = "21 days"\n'}, "control and offer"),
    ({"effect": 30, "language": "ja"}, "効果あり"),
    ({"people": 1200, "shops": 12}, "Units: 6 in control, 6 in offer"),
    ({"foreign": .3}, "are not in EUR"),
    ({"foreign": 1}, "$"),
    ({"begun": True}, "Too early: for nobody the 14 days"),
    ({"arms": ("coupon", "no_coupon")}, "Which of the arms coupon, no_coupon is the control?"),
    ({"arms": ("a", "b", "control")}, "control is taken as the control"),
    ({"arms": ("control", "offer", "offer"), "settings": '[experiment]\nsplit = {control = 1, offer = 2}\n'},
     "No difference shown between offer and control."),
    ({"settings": '[experiment]\nname = "summer"\ncontrol = "holdout"\n'}, "The table has no arm holdout"),
])
def test_a_small_shop_gets_a_page_that_reads_right(how, said, tmp_path):
    text = page(small(tmp_path / "data", **how), tmp_path / "out")
    assert said in text
    assert "nan" not in text.lower().split() and "Vote" not in text
    assert "Yes: offer beats control" not in text or how.get("effect", 0) > 0
