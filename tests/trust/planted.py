"""A company whose files hold unmistakable people and hostile names, and the search for what of them came out.

The sample company, small, with every person replaced: a name, address, number, street, handle or comment that is found
in anything written can only have come from the files. What groups, products, files and the company are called is
written to run, to break out of a cell or to lead elsewhere.
"""

import csv
import io
import re
import string

import numpy as np

from engagelab.sample.company import generate
from engagelab.sample.exports import export_files

# every planted value holds one of these, and nothing else in the company does
PERSON = re.compile(r"qz(?:mail|vorna|lumex|street|handle|says)\w*|鵺野|0?90[-–. ]?7777[-–. ]?\d*", re.IGNORECASE)
SCRIPT = "<script>qzhack()</script>"
PICTURE = '"><img src=x onerror=qzhack()>'
HOSTILE = {
    "home": SCRIPT, "gift": PICTURE, "office": "'><svg/onload=qzhack()>",
    "standard": "[x](javascript:qzhack())", "light": "![x](http://qzhack.example/a.png)",
    "premium": '=HYPERLINK("http://qzhack.example","x")',
    "stores": "=cmd|' /C qzhack'!A0", "roasting": "@SUM(1+1)*qzhack", "office_team": "+1+1",
    "search": "-2+3", "campaign": "\t=1+1", "social": r"$\frac{1}{0}$ \qzhack{x}", "referral": "{{ 7*7 }}{% qzhack %}",
    "delivery": "\u202eevil\u202c", "product": "'; DROP TABLE events; --", "billing": "</style></title>qzhack",
    "app": "javascript:qzhack()", "kanto": "**qzhack** `x` | y", "kansai": "<a href='http://qzhack.example'>x</a>"}
COMPANY = f"{SCRIPT} & {PICTURE} Co"


def letters(number):
    """A number as letters, so that no two words of the planted are alike."""
    return "".join(string.ascii_lowercase[int(digit)] for digit in str(number))


def says(number):
    """What one person wrote, in words that nobody else used."""
    return f"qzsays{letters(number)} of 鵺野 Qzlumex{letters(number)} at qzmail{number}@planted.example"


def tables(customers=800):
    """The tables of the company with its people and names replaced."""
    made = generate(customers, 7)
    people, staff, known = made["customers"], made["employees"], made["identities"]
    n = np.arange(len(people))
    made["customers"] = people.assign(
        email=[f"qzmail{i}@planted.example" for i in n], phone=[f"090-7777-{i:04}" for i in n],
        first_name=[f"Qzvorna{letters(i)}" for i in n],
        last_name=["鵺野" if i % 2 else f"Qzlumex{letters(i)}" for i in n])
    made["employees"] = staff.assign(email=[f"qzmail{i}@staff.example" for i in range(len(staff))],
                                     name=[f"Qzlumex{letters(i)} Qzvorna" for i in range(len(staff))])
    new = {column: dict(zip(people[column], made["customers"][column], strict=True)) for column in ("email", "phone")}
    new["employee"] = dict(zip(staff["email"], made["employees"]["email"], strict=True))
    made["identities"] = known.assign(source_id=[
        new["email"].get(one) or new["phone"].get(one) or new["employee"].get(one, one) for one in known["source_id"]])
    for table, columns in {"surveys": ("text",), "pulses": ("text",), "reviews": ("text", "title"),
                           "tickets": ("subject",)}.items():
        frame = made[table]
        for column in columns:
            made[table] = frame = frame.assign(**{column: [
                text if text is None or text != text else f"{text} {says(place)}"
                for place, text in enumerate(frame[column])]})
    posts = made["social_posts"]
    made["social_posts"] = posts.assign(text=[f"{text} @qzhandle{letters(i)}" if author == "customer" else text
                                              for i, (text, author) in enumerate(zip(posts["text"], posts["author"],
                                                                                    strict=True))])
    for name in ("deals", "accounts"):
        owners = made[name]["owner"]
        made[name] = made[name].assign(owner=["鵺野 Qzvorna" + letters(owner[-1]) for owner in owners])
    for name, frame in made.items():
        for column in frame:
            if frame[column].dtype == "str" and column not in ("event", "status", "kind", "stage", "event_id"):
                made[name] = made[name].assign(**{column: made[name][column].replace(HOSTILE)})
    return made


def write(folder, customers=800, newest=False):
    """The folder of exports, with streets and notes in the orders; of each vendor's monthly files `newest` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    files = dict(export_files(tables(customers)))
    if newest:
        files = {name: files[name] for name in {re.sub(r"\d", "#", one): one for one in sorted(files)}.values()}
    for name, file in files.items():
        content = file.content
        if name.startswith("orders_export_"):
            content = _with_streets(content)
        if name == "engagelab.toml":
            text = content.decode("utf-8")
            quoted = COMPANY.replace('"', '\\"')
            content = text.replace('name = "Asanagi Coffee"', f'name = "{quoted}"').encode()
        (folder / name).write_bytes(content)
    hostile = folder / "[x](javascript:qzhack()) <u>&amp; =1+1.csv"
    hostile.write_text('"<img src=x onerror=qzhack()>",b\n1,2\n', encoding="utf-8")
    return folder


def _with_streets(content):
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    heads = rows[0]
    for number, row in enumerate(rows[1:]):
        for column, value in {"Billing Street": f"Qzstreet {number}", "Billing Address1": f"Qzstreet {number}",
                              "Shipping City": "Qzstreet Town", "Notes": f"leave it with Qzlumex, {says(number)}",
                              "Billing Phone": f"090-7777-{number % 10000:04}", "Billing Zip": "Qzstreet 777",
                              "Note Attributes": f"gift for @qzhandle{letters(number)}"}.items():
            row[heads.index(column)] = value
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def leaks(text):
    """What of the planted people a text holds."""
    return sorted({found[0] for found in PERSON.finditer(text)})
