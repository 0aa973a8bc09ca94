"""A second made-up company with another trade, country, currency and vocabulary, as its vendors export it."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

NAME = "Bergfreund Outdoor"
PEOPLE = [(f"klara.huber{number}@example.org", "Klara", "Huber") for number in range(240)]


def write(folder: Path) -> None:
    """Orders, a survey, posts and tickets from January to June 2026, and who the company is."""
    chance = random.Random(3)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engagelab.toml").write_text(
        f'name = "{NAME}"\ncolors = ["#3b2f63", "#7fb069"]\nlanguage = "en"\ntimezone = "Europe/Berlin"\n'
        'currency = "EUR"\n[surveys."kundenumfrage"]\nchannel = "newsletter"\n'
        'questions = { "How likely are you to recommend Bergfreund?" = "nps", "Why?" = "text" }\n', encoding="utf-8")
    days = [datetime(2026, 1, 1, 9) + timedelta(days=number) for number in range(181)]
    _table(folder / "orders_export.csv", [
        {"Name": f"B{1000 + number}", "Email": chance.choice(PEOPLE)[0], "Financial Status": "paid",
         "Created at": f"{chance.choice(days):%Y-%m-%d %H:%M:%S} +0100", "Currency": "EUR", "Subtotal": f"{price}.00",
         "Discount Amount": "0.00" if number % 3 else "15.00", "Total": f"{price}.00", "Lineitem quantity": "1",
         "Lineitem name": "Steigeisen", "Lineitem price": f"{price}.00", "Refunded Amount": "0.00",
         "Billing Name": "Klara Huber", "Phone": "+49 30 5550100"}
        for number in range(600) for price in [chance.randrange(40, 240)]])
    _table(folder / "kundenumfrage.csv", [
        {"Timestamp": f"{day:%Y/%m/%d} 10:16:35 AM GMT+1", "Email Address": chance.choice(PEOPLE)[0],
         "How likely are you to recommend Bergfreund?": str(chance.choice([3, 6, 7, 8, 9, 9, 10])),
         "Why?": chance.choice(["Gute Beratung", "Zu teuer, sagt Klara Huber", ""])}
        for day in days for _ in range(3)])
    _table(folder / "posts.csv", [
        {"Post id": str(2_074_000_000_000_000_000 + number), "Date": f"{day:%a, %b %d, %Y}", "Post text": "Gipfelgruß",
         "Post Link": f"https://x.com/bergfreund/status/{number}", "Impressions": "4000",
         "Likes": str(chance.randrange(40, 90)), "Engagements": "150", "Bookmarks": "1", "Shares": "2",
         "New follows": "1", "Replies": "3", "Reposts": "9", "Profile visits": "10", "Detail Expands": "12",
         "URL Clicks": str(chance.randrange(10, 30)), "Hashtag Clicks": "0", "Permalink Clicks": "0"}
        for number, day in enumerate(days)])


def _table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
