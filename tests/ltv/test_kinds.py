"""Ages by hand, the likelihood against a plain one, and its gradient and optimum against scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from engagelab.activity.spells import spells
from engagelab.ltv.kinds import Lives, lives_of, one_kind, two_kinds

DAY = 86_400_000_000


def moment(text):
    return pd.Timestamp(text).value // 1000


def aged(rows, every="month", since=None, until="2026-07-01"):
    frame = pd.DataFrame(rows, columns=["opened", "closed"]).apply(pd.to_datetime, utc=True)
    found = spells(frame, "opened", "opened", "closed", [], None, None, None, None)
    lives, said = lives_of(found, every, since and moment(since), moment(until))
    return list(zip(lives.entry.tolist(), lives.last.tolist(), lives.ended.tolist(), strict=True)), lives, said


def test_ages_by_hand():
    rows, lives, said = aged([
        ("2026-01-31", "2026-02-01"),    # left in the first month in which one can
        ("2026-01-01", "2026-04-30"),    # the third month after joining
        ("2026-02-10", None),            # four months seen: March to June
        ("2026-02-10", "2026-07-02"),    # leaves after the end: still open
        ("2026-02-10", "2026-02-20"),    # in the month of joining: counts as the next
        ("2026-06-10", None),            # joined in the last whole month: nothing seen of it
        ("2026-06-10", "2026-06-20"),    # left in it: not seen either, as its fellows could not leave yet
        ("2026-07-10", None)])           # joined after the end
    assert rows == [(1, 1, True), (1, 3, True), (1, 4, False), (1, 4, False), (1, 1, True)]
    assert lives.missing.tolist() == [3] and lives.began.all()
    assert len(said) == 2 and "1 left in the month of joining" in said[0] and "3 began in the last" in said[1]


def test_who_was_there_before_the_data_counts_from_then_on():
    rows, lives, said = aged([
        ("2026-01-15", "2026-04-10"),    # at risk from the third month after joining on, in which it left
        ("2025-06-15", None),            # tenth to twelfth month
        ("2026-01-15", "2026-03-10"),    # had left by then
        ("2026-03-15", "2026-05-01"),    # the first month after joining is April
        ("2026-04-15", None)], since="2026-04-01")
    assert rows == [(3, 3, True), (10, 12, False), (1, 2, True), (1, 2, False)]
    assert lives.began.tolist() == [False, False, False, True]
    assert [text.split(" ")[0] for text in said] == ["1", "3"]
    later = aged([("2026-01-15", "2026-04-10"), ("2026-01-15", "2026-05-10"), ("2026-05-15", None)],
                 since="2026-04-05")    # April was not seen as a whole
    assert later[0] == [(4, 4, True), (1, 1, False)]


def test_a_period_in_progress_is_not_counted():
    rows, _, said = aged([("2026-01-15", "2026-06-10"), ("2026-01-15", None)], until="2026-06-20")
    assert rows == [(1, 4, False), (1, 4, False)]
    assert said == ["the month in progress at the end is not counted"]


@pytest.mark.parametrize(("every", "until", "expected"), [
    ("day", "2026-07-01", [(1, 31, True), (1, 150, False)]), ("week", "2026-07-01", [(1, 5, True), (1, 21, False)]),
    ("quarter", "2026-07-01", [(1, 1, True), (1, 1, False)]), ("year", "2028-01-01", [(1, 1, True), (1, 1, False)])])
def test_periods_are_those_of_the_calendar(every, until, expected):
    rows, _, _ = aged([("2026-01-31", "2026-03-03"), ("2026-01-31", None)], every, until=until)
    if every == "quarter":
        rows, _, _ = aged([("2026-01-31", "2026-04-03"), ("2026-01-31", None)], every, until=until)
    if every == "year":
        rows, _, _ = aged([("2026-01-31", "2027-04-03"), ("2026-01-31", None)], every, until=until)
    assert rows == expected


def drawn(n=900, groups=2, seed=1, quick=.3, slow=.05, share=(.6, .2)):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, n)
    life = rng.geometric(np.where(rng.random(n) < np.array(share)[group], quick, slow))
    seen, entry = rng.integers(1, 30, n), np.where(rng.random(n) < .4, rng.integers(2, 20, n), 1)
    seen = np.maximum(seen, entry)
    kept = life >= entry
    last, ended = np.minimum(life, seen), life <= seen
    return Lives(group[kept], entry[kept], last[kept], ended[kept], [(str(i),) for i in range(groups)],
                 entry[kept] == 1, np.zeros(groups, dtype=int))


def plain(theta, lives, firth=.5):
    """The log-likelihood, written out person by person."""
    chance = 1 / (1 + np.exp(-np.asarray(theta)))
    quick, slow, share = chance[0], chance[1], chance[2:]
    total = firth * np.log(share * (1 - share)).sum()
    for group, entry, last, ended in zip(lives.group, lives.entry, lives.last, lives.ended, strict=True):
        def part(churn, entry=entry, last=last, ended=ended):
            return (1 - churn)**(last - 1) * churn if ended else (1 - churn)**last
        pi = share[group]
        total += np.log(pi * part(quick) + (1 - pi) * part(slow))
        total -= np.log(pi * (1 - quick)**(entry - 1) + (1 - pi) * (1 - slow)**(entry - 1))
    return total


def test_two_kinds_are_at_the_optimum_that_scipy_finds():
    lives = drawn()
    found = two_kinds(lives)
    best = minimize(lambda theta: -plain(theta, lives), [-1, -3, 0, 0], method="Nelder-Mead",
                    options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000})
    assert found.inner and found.at == pytest.approx(best.x, abs=1e-4)
    assert found.loglik == pytest.approx(plain(found.at, lives, 0.0))


def test_errors_are_those_of_the_second_differences():
    lives, step = drawn(n=400), 1e-3
    found = two_kinds(lives)
    size = len(found.at)
    hessian = np.array([[(plain(found.at + a + b, lives) - plain(found.at + a - b, lives)
                          - plain(found.at - a + b, lives) + plain(found.at - a - b, lives)) / (4 * step**2)
                         for b in step * np.eye(size)] for a in step * np.eye(size)])
    assert found.covariance == pytest.approx(np.linalg.inv(-hessian), rel=1e-3)


def test_one_kind_is_the_share_that_leaves_of_those_at_risk():
    lives = drawn()
    found = one_kind(lives)
    for group in range(2):
        own = lives.group == group
        left, chances = lives.ended[own].sum(), (lives.last - lives.entry + 1)[own].sum()
        assert 1 / (1 + np.exp(-found.at[group])) == pytest.approx((left + .5) / (chances + 1))
    both = np.array([*found.at, *found.at])     # a mixture of two that are alike
    likely = sum(plain(np.array([each, each, 0.0]), drawn_group, 0.0)
                 for each, drawn_group in zip(both, parts(lives), strict=False))
    assert found.loglik == pytest.approx(likely)


def parts(lives):
    """Each group by itself."""
    for group in range(len(lives.labels)):
        own = lives.group == group
        yield Lives(np.zeros(own.sum(), dtype=int), lives.entry[own], lives.last[own], lives.ended[own], [("all",)],
                    lives.began[own], np.zeros(1, dtype=int))


def test_the_quick_kind_is_the_one_that_leaves_more_often():
    for seed in range(12):
        found = two_kinds(drawn(n=600, seed=seed, share=(.85, .9)))
        if found.inner:
            assert found.at[0] > found.at[1]
            again = two_kinds(drawn(n=600, seed=seed, share=(.85, .9)))
            assert (again.at == found.at).all()


def test_a_group_without_quick_leavers_still_has_an_interval():
    found = two_kinds(drawn(n=3000, share=(.6, 0.0), seed=3))
    assert found.inner and np.isfinite(found.covariance).all()
