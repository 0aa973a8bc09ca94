"""The shop at the mall: a Rakuten RMS order file. cp932, everything quoted, the order's totals on every item's row."""

import pandas as pd

from engagelab.sample.dates import local, written
from engagelab.sample.exports.vendor import SECOND, filled, number
from engagelab.sample.purchases import MALL
from engagelab.sample.text_files import Written, csv_file

# The codes of the states that an order there can have: waiting, done, cancelled.
STATUS = {"pending": "100", "paid": "700", "voided": "900"}


def mall_files(orders: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame) -> dict[str, Written]:
    """One file of all orders. The address is the customer's own; the mall itself gives an alias in its place."""
    own = orders[orders["channel"] == MALL]
    lines = items[items["order_id"].isin(own["order_id"])].reset_index(drop=True)
    order = own.set_index("order_id").loc[lines["order_id"]].reset_index()
    who = customers.set_index("user_id").loc[order["user_id"]].reset_index()
    clock = written(local(order["ordered_at"]), SECOND)
    frame = filled("rakuten_rms_orders", {
        "注文番号": order["order_id"], "ステータス": order["status"].map(STATUS), "注文日時": clock,
        "注文日": clock.str.slice(0, 10), "注文時間": clock.str.slice(11), "商品合計金額": number(order["subtotal"]),
        "消費税合計": number(order["tax"]), "送料合計": number(order["shipping"]), "代引料合計": "0",
        "請求金額": number(order["total"] - order["points"]), "合計金額": number(order["total"]),
        "ポイント利用額": number(order["points"]), "クーポン利用総額": "0", "注文者姓": who["last_name"],
        "注文者名": who["first_name"], "注文者メールアドレス": who["email"], "商品名": lines["product"],
        "商品管理番号": lines["sku"], "単価": number(lines["unit_price"]), "個数": lines["quantity"], "税込別": "1",
    }, lines.index)
    return {"rakuten_orders.csv": csv_file(frame, encoding="cp932", newline="\r\n", quote_all=True)}
