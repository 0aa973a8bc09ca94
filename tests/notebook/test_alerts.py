"""What a reader should know of the data is said: unread files, set-aside rows, growing counts, odd targets."""

from pathlib import Path

from engagelab.notebook.alerts import alerts
from engagelab.notebook.setup import open_data

ROOT = Path(__file__).parents[2]


def test_the_sample_has_counts_that_still_grow_and_nothing_else():
    said = alerts(open_data("sample"))
    assert [line.split(":")[0] for line in said] == ["e-mail campaigns", "social posts"]


def test_each_trouble_is_said(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order_id,user_id,ordered_at,total\n1,C1,2026-09-30T12:00:00Z,1200\n2,C1,never,1200\n"
        "3,C1,2026-09-30T12:00:00Z,x\n", "utf-8")
    (tmp_path / "reviews.csv").write_text("review_id,created_at,rating\n1,2026-05-01T00:00:00Z,5\n", "utf-8")
    (tmp_path / "targets.csv").write_text("metric,target\nnpss,30\n", "utf-8")
    (tmp_path / "page.csv").write_text("<html>log in</html>", "utf-8")
    said = "\n".join(alerts(open_data(str(tmp_path))))
    for part in ("Not read: page.csv", "1 rows were set aside", "1 cells could not be read",
                 "reviews end on 2026-05-01", "metrics that the catalogue does not have: npss"):
        assert part in said, part
