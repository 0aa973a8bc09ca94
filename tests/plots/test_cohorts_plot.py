"""The triangle draws exactly its frame: a number a cell, blank where nothing was observed."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from engagelab import words
from engagelab.errors import DataError, NoColumn, UsageError
from engagelab.plots import cohorts, style
from engagelab.plots.cohorts import BEGINNING, RAMP

mpl.use("Agg")


def triangle(months, *, metric="cohort_retention", value=lambda cohort, age: 1 / (1 + age + cohort), running=True):
    """What `activity.cohorts` gives for so many months, of which the last still runs."""
    label = [f"2025-{month:02}" if month < 13 else f"2026-{month - 12:02}" for month in range(1, months + 1)]
    rows = [{"metric": metric, "cohort": label[cohort], "month": label[cohort + age], "age": age,
             "estimate": 1.0 if age == 0 and metric == "cohort_retention" else value(cohort, age), "n": 100 + cohort,
             "flag": "period not complete" if running and cohort + age == months - 1 else ""}
            for cohort in range(months) for age in range(months - cohort)]
    return pd.DataFrame(rows)


def cells(ax):
    """(column, row) -> what is written there."""
    return {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in ax.texts}


def face(ax, column, row):
    red, green, blue, opaque = ax.images[0].get_array()[row, column]
    return to_hex((red, green, blue)) if opaque else None


def test_each_cell_says_its_share_and_the_left_column_the_size_of_the_cohort():
    ax = cohorts(triangle(3))
    assert cells(ax) == {(-1, 0): "100", (-1, 1): "101", (-1, 2): "102", (0, 0): "100%", (1, 0): "50%", (2, 0): "33%",
                         (0, 1): "100%", (1, 1): "33%", (0, 2): "100%"}
    assert [text.get_text() for text in ax.get_yticklabels()] == ["2025-01", "2025-02", "2025-03"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["size", "0", "1", "2"]
    assert ax.get_xlim() == (-1.5, 2.5) and ax.get_ylim() == (2.5, -.5)


def test_over_periods_each_cell_stands_below_its_month():
    ax = cohorts(triangle(3), over="period")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["size", "2025-01", "2025-02", "2025-03"]
    assert cells(ax)[2, 1] == "33%" and cells(ax)[2, 2] == "100%" and (0, 1) not in cells(ax)


def test_what_was_not_observed_is_blank_and_an_observed_nought_is_not():
    frame = triangle(4, value=lambda cohort, age: 0.0, running=False)
    frame.loc[1, "estimate"] = np.nan
    ax = cohorts(frame)
    assert face(ax, 3, 1) is None and (3, 1) not in cells(ax)
    assert face(ax, 1, 0) is None and (1, 0) not in cells(ax)
    assert face(ax, 2, 0) is not None and cells(ax)[2, 0] == "0%"


def test_the_period_in_progress_is_hollow_and_said():
    ax = cohorts(triangle(3))
    hollow = sorted((round(patch.get_x() + .44), round(patch.get_y() + .38)) for patch in ax.patches)
    assert hollow == [(0, 2), (1, 1), (2, 0)]
    assert all(face(ax, *place) is None for place in hollow)
    assert ax.get_xlabel() == "months since the first   hollow: period not complete"
    assert "hollow" not in cohorts(triangle(3, running=False)).get_xlabel()


def test_neither_the_beginning_nor_a_running_period_stretches_the_colours():
    frame = triangle(4, value=lambda cohort, age: {1: .4, 2: .3, 3: .01}[age])  # .01 only where the month still runs
    ax = cohorts(frame)
    assert face(ax, 0, 0) == BEGINNING
    assert face(ax, 1, 0) == RAMP[2] and face(ax, 2, 0) == RAMP[0]


def test_the_ramp_only_gets_darker_also_in_grey_print():
    shades = [float(np.dot(mpl.colors.to_rgb(color), (.2126, .7152, .0722))) for color in RAMP]
    assert shades == sorted(shades, reverse=True)


def test_counts_and_amounts_are_written_in_the_unit_that_the_line_beneath_says():
    users = cohorts(triangle(2, metric="cohort_users", value=lambda cohort, age: 1234.0))
    assert cells(users)[1, 0] == "1,234" and users.get_xlabel().startswith("months since the first")
    money = triangle(2, metric="cohort_value", value=lambda cohort, age: 1190239.5 / (1 + 5 * age))
    assert cells(cohorts(money, unit="JPY"))[0, 0] == "1,190" and cells(cohorts(money, unit="JPY"))[1, 0] == "198"
    assert "in 1,000 JPY" in cohorts(money, unit="JPY").get_xlabel()
    for top, said, beneath in ((20000.0, "20,000", "in JPY"), (99000.0, "99,000", "in JPY"), (99.0, "99", "in JPY"),
                               (150000.0, "150.0", "in 1,000 JPY"), (3.5e8, "350.0", "in 1,000,000 JPY")):
        ax = cohorts(triangle(2, metric="cohort_value", value=lambda cohort, age, top=top: top), unit="JPY")
        assert cells(ax)[1, 0] == said and beneath in ax.get_xlabel().split("   ")
    small = triangle(2, metric="cohort_value", value=lambda cohort, age: -45.25)
    assert cells(cohorts(small, unit="USD"))[1, 0] == "−45.2" and "in USD" in cohorts(small, unit="USD").get_xlabel()
    assert cells(cohorts(triangle(2, value=lambda cohort, age: .0123)))[1, 0] == "1.2%"


@pytest.mark.parametrize("months", [1, 3, 24])
@pytest.mark.parametrize("over", ["age", "period"])
def test_every_number_of_the_frame_is_drawn_once_for_few_cohorts_and_for_many(months, over):
    frame = triangle(months)
    ax = cohorts(frame, over=over)
    assert len(ax.texts) == len(frame) + months
    places = {(age if over == "age" else cohort + age, cohort): round(float(share), 2)
              for cohort, (_, group) in enumerate(frame.groupby("cohort"))
              for age, share in zip(group["age"], group["estimate"], strict=True)}
    drawn = {place: text for place, text in cells(ax).items() if place[0] >= 0}
    assert drawn == {place: f"{share:.0%}" for place, share in places.items()}


def test_numbers_do_not_run_into_each_other():
    ax = cohorts(triangle(24))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    rows = pd.DataFrame({"left": [box.x0 for box in boxes], "right": [box.x1 for box in boxes],
                         "row": [text.get_position()[1] for text in ax.texts]}).sort_values(["row", "left"])
    gaps = rows["left"] - rows.groupby("row")["right"].shift()
    assert gaps.min() > 1


def test_with_too_many_cells_for_numbers_a_scale_of_the_colours_stands_beside():
    ax = cohorts(triangle(24), ax=pyplot.subplots(figsize=(3, 3))[1])
    assert not ax.texts and len(ax.figure.axes) == 2
    assert "%" in ax.figure.axes[1].get_yticklabels()[0].get_text()
    assert "size" not in [text.get_text() for text in ax.get_xticklabels()]


def test_without_any_estimate_the_sizes_are_still_drawn():
    ax = cohorts(triangle(3).assign(estimate=np.nan))
    assert list(cells(ax).values()) == ["100", "101", "102"]
    ax.figure.canvas.draw()


def test_it_is_drawn_in_japanese(monkeypatch):
    monkeypatch.setattr(style, "japanese_font", lambda: "DejaVu Sans")
    with words.speaking("ja"):
        ax = cohorts(triangle(3, metric="cohort_value", value=lambda cohort, age: 2e6), unit="JPY")
    assert ax.get_xlabel().split("   ")[:2] == ["初回からの月数", "単位：1,000 JPY"]
    assert ax.get_xticklabels()[0].get_text() == "人数"


def test_it_draws_on_the_axes_it_is_given_and_leaves_the_settings_alone():
    before, ax = dict(mpl.rcParams), pyplot.subplots()[1]
    assert cohorts(triangle(3), ax=ax) is ax
    assert dict(mpl.rcParams) == before


def test_a_frame_that_is_not_one_triangle_is_refused():
    two = pd.concat([triangle(2).assign(plan=plan) for plan in ("a", "b")])[["plan", *triangle(2).columns]]
    with pytest.raises(UsageError, match=r"2025-01, 0 has several rows, by 'plan'"):
        cohorts(two)
    with pytest.raises(DataError, match="no rows"):
        cohorts(triangle(2).head(0))
    with pytest.raises(NoColumn, match="'cohort'"):
        cohorts(triangle(2).drop(columns="cohort"))
    with pytest.raises(UsageError, match="over must be one of"):
        cohorts(triangle(2), over="month")
