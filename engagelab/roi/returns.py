"""What a campaign or a lever brings, less what it costs, and how sure that is.

A return is a gain less a cost. Whatever goes in is a number, (mean, standard error), or a row of an answer with its
`estimate` and `se`; errors are carried on by the delta method, exact where the gain is linear in the one uncertain
input, or by draws: effects from a normal distribution, amounts from a log-normal, shares from a beta, each with that
mean and error. All inputs are taken as independent. Lifetime value follows Gupta and Lehmann (2003, Journal of
Interactive Marketing 17(1), 9-24), as in `engagelab.ltv`. What a return rests on (its rung of evidence) always stands
beside it, for no arithmetic mends an effect that nobody tested.

Every return also takes (`how`) `rung`, what it rests on (one of RUNGS, the surest first); `unit`, such as "JPY", for
display; `confidence`; `draws`, 0 for the delta method, with their `seed`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from engagelab import words
from engagelab.display import heading, interval, metric_name, named, shown, tick
from engagelab.errors import DataError, UsageError, one_of
from engagelab.experiments.comparison import Comparison
from engagelab.ltv.delta import spread
from engagelab.ltv.formulas import payments, per_period, periods_of
from engagelab.metrics.intervals import z_value
from engagelab.metrics.looks import page, plain
from engagelab.roi.formulas import Input, drawing, fieller, known

RUNGS = ("experiment", "control_group", "control_series", "own_past", "before_after", "assumed")
LIFETIME = "lifetime"
STEP = 1e-2  # by which the unit of `spread` is smaller than a standard error, so that its own step does not drown


@dataclass(frozen=True)
class Return:
    """A return: `.frame`, a row a metric (and horizon), `.chance` that it pays, `.rung` of evidence, `.notes`.

    chances : of a net value above 0, by horizon ("" where there is one); NaN where no input has an error, or a check of
    the experiment failed. units : of each metric, for display.
    """

    frame: pd.DataFrame
    chances: Mapping[str, float]
    rung: str
    notes: tuple[str, ...]
    units: Mapping[str, str]
    confidence: float

    @property
    def chance(self) -> float:
        """The chance of a net value above 0; of the last horizon where there are several."""
        return list(self.chances.values())[-1]

    def say(self) -> list[str]:
        """What came out, a sentence a horizon, with what it rests on."""
        return [self._sentence(place, chance) for place, chance in self.chances.items()]

    def _sentence(self, place: str, chance: float) -> str:
        rows = self.frame[self.frame["within"] == place] if place else self.frame
        net = rows.iloc[0]
        kind = "off" if math.isnan(chance) and net["flag"] else "sure" if math.isnan(chance) else (
            "gain" if net["low"] > 0 else "loss" if net["high"] < 0 else "open")
        cells = self.cells(rows)
        told = dict(zip(rows["metric"][cells.index], cells[heading("estimate")], strict=True))
        on_cost = "" if "roi" not in told else words.text("roi.over_cost") if (
            rows["estimate"][rows["metric"] == "value"] < 0).all() else words.text("roi.on_cost", roi=told["roi"])
        said = words.text(f"roi.said_{kind}", net=told["net_value"], interval=cells.iloc[0, -1], roi=on_cost,
                          chance=odds(chance), rung=words.text(f"rung.{self.rung}"))
        return (words.text("roi.at", within=_horizon(place)) if place else "") + said + (
            words.text("roi.said_breakeven", effect=told["breakeven"]) if "breakeven" in told else "")

    def cells(self, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """The table (or some of its rows) as it is looked at; without a cost the net value says it all."""
        rows = self.frame if rows is None else rows
        rows = rows[rows["metric"] == "net_value"] if rows["estimate"].isna().any() else rows
        out: dict[str, Any] = {heading("metric"): rows["metric"].map(metric_name)}
        if "within" in rows:
            out[heading("within")] = rows["within"].map(_horizon)
        units = [(self.units[metric], metric == "breakeven") for metric in rows["metric"]]
        out[heading("estimate")] = [shown(value, unit, signed=signed) for value, (unit, signed) in zip(
            rows["estimate"], units, strict=True)]
        out[words.text("compare.interval", share=tick(self.confidence, "share"))] = [
            interval(low, high, unit, signed=signed) if low == low else shown(None)
            for low, high, (unit, signed) in zip(rows["low"], rows["high"], units, strict=True)]
        return pd.DataFrame(out)

    def __repr__(self) -> str:
        return plain([self.cells()], (*self.say(), *self.notes))

    def _repr_html_(self) -> str:
        return page([], tuple(self.say())) + page([self.cells()], self.notes)


def odds(chance: float) -> str:
    """A chance as a person reads it: never quite 0 or 1.

    >>> odds(.8413), odds(.99999)
    ('84.1%', '>99.9%')
    """
    edge = "<" if chance < .001 else ">" if chance > .999 else ""
    return edge + shown(min(max(chance, .001), .999), "share")


def _horizon(place: str) -> str:
    return words.text("roi.lifetime") if place == LIFETIME else named(place, "within")


def incremental(effect: Input | Comparison, se: float | None = None, reach: Input | None = None, value: Input = 1.0,
                cost: Input | None = None, *, metric: str | None = None, arm: str | None = None, **how: Any
                ) -> Return:
    """What a campaign brings: effect for each person reached x people reached x value of one - cost.

    effect : a number, with its `se`; (mean, standard error); a row of an answer, whose rung of evidence is kept; or a
        comparison (`el.compare`), with `metric` and `arm` where there are several. Of a comparison a difference towards
        the better is a gain, and the rung is an experiment; the error is taken from its interval, so that looking
        often, clusters and weights are in it. Where a failed check turned its verdicts off there is no chance.
    reach : people who are reached (offered it, whether or not they take it up). value : what one more of the metric is
        worth, 1 where it is money already. cost : of the campaign; without one (0) there is no roi.

    Returns `Return` with the rows net_value, roi (net / cost), value, cost, breakeven (the effect that just pays).
    Raises UsageError, and DataError where the comparison gives no interval.

    >>> found = incremental(.012, .004, reach=50_000, value=3_000, cost=1_200_000, unit="JPY", rung="experiment")
    >>> found.say()
    ['Whether it pays cannot be told: net value ¥600,000 (−¥575,978 to ¥1,775,978), 50.0% of the cost; the chance that
    it pays is 84.1%. It rests on a randomised experiment. It breaks even at an effect of +0.0080 a person.']
    """
    if reach is None or cost is None:
        raise UsageError("roi.unsaid", name="reach" if reach is None else "cost")
    sign, flag, effect_unit, notes = 1, "", "number", ()
    given: Any = effect if se is None else (effect, se)
    if isinstance(given, Comparison):
        given, sign, flag, effect_unit, notes = _compared(given, metric, arm)
        how["rung"] = "experiment"
    elif isinstance(given, pd.Series) and "rung" in given.index:
        how = {"rung": given["rung"], **how}
    return _returned(lambda effect, reach, value: [effect * reach * value],
                     {"effect": (given, "number"), "reach": (reach, "positive"), "value": (value, "positive"),
                      "cost": (cost, "amount")},
                     breakeven=lambda _effect, reach, value, cost: sign * cost / (reach * value),
                     notes=notes, flag=flag, effect_unit=effect_unit, **how)


def _compared(found: Comparison, metric: str | None, arm: str | None) -> tuple[pd.Series, int, str, str, tuple]:
    """The effect of one metric and arm, which way is better, why it is not to be relied on, its unit, and notes."""
    rows, others = found.frame, 1
    for name, wanted in (("metric", metric or found.settings["primary"]), ("arm", arm)):
        choices = list(dict.fromkeys(rows[name]))
        wanted = choices[0] if wanted is None and len(choices) == 1 else one_of(name, wanted, choices)
        rows, others = rows[rows[name] == wanted], len(choices)
    row = rows.iloc[0]
    if not np.isfinite([row["difference"], row["low"], row["high"]]).all():
        raise DataError("roi.no_effect", metric=repr(row["metric"]), arm=repr(row["arm"]))
    lower = found.nouns[row["metric"]].better == "lower"
    sign = -1 if lower else 1
    reach = (row["high"] - row["low"]) / 2 / z_value(found.settings["confidence"])
    notes = [words.text("roi.lower")] if lower else []
    notes += [words.text("roi.several", n=others)] if others > 1 else []
    off = row["verdict"] == "no_verdict"
    if off:
        failed = found.checks[(found.checks["status"] == "failed") & found.checks["metric"].isin(["", row["metric"]])]
        notes += list(failed["sentence"])
    effect = pd.Series({"estimate": sign * row["difference"], "se": reach, "n": row["n_control"] + row["n_arm"]})
    return effect, sign, words.text("roi.off") if off else "", found.units[row["metric"]], tuple(notes)


def ltv_uplift(before: Input, after: Input, customers: Input, cost: Input = 0.0, **how: Any) -> Return:
    """What a higher lifetime value brings: (after - before) x customers - cost.

    >>> round(ltv_uplift((24_000, 500), (25_000, 600), customers=2_000, cost=1_500_000).chance, 3)
    0.626
    """
    return _returned(lambda before, after, customers: [(after - before) * customers],
                     {"before": (before, "number"), "after": (after, "number"), "customers": (customers, "positive"),
                      "cost": (cost, "amount")}, **how)


def cac_saving(cac_before: Input, cac_after: Input, customers: Input, cost: Input = 0.0, **how: Any) -> Return:
    """What a lower acquisition cost saves: (before - after) x customers won - cost of the change.

    >>> cac_saving(7_000, (6_400, 200), customers=1_000).frame[["metric", "estimate", "se"]].round(0).values[0].tolist()
    ['net_value', 600000.0, 200000.0]
    """
    return _returned(lambda before, after, customers: [(before - after) * customers],
                     {"cac_before": (cac_before, "amount"), "cac_after": (cac_after, "amount"),
                      "customers": (customers, "positive"), "cost": (cost, "amount")}, **how)


def churn_reduction(churn_before: Input, churn_after: Input, arpu: Input, margin: Input, customers: Input,
                    cost: Input = 0.0, horizon: str | Sequence[str | None] | None = None, discount: float = 0.0, *,
                    arpu_after: Input | None = None, every: str = "month", **how: Any) -> Return:
    """What it brings that fewer leave: customers x arpu x margin x payments more of those who stay, - cost.

    churn_before, churn_after : share that leaves each period (`every`). arpu : revenue of a customer and period.
    margin : the share of it that is kept. Payments are at the start of each period, the first at once by all.
    horizon : a duration such as "12 months"; None for the whole lifetime; a list of these for a column `within`.
    discount : of a year. arpu_after : where that changes too, as in `horizons()`.

    >>> found = churn_reduction(.05, (.04, .004), arpu=1_000, margin=.4, customers=1_000, horizon="12 months")
    >>> found.frame[["metric", "estimate", "se"]].round(0).values[0].tolist(), round(found.chance, 3)
    (['net_value', 195783.0, 80935.0], 0.992)
    """
    inputs = {"churn_before": (churn_before, "share"), "churn_after": (churn_after, "share"),
              "arpu": (arpu, "positive"), "margin": (margin, "share"), "customers": (customers, "positive"),
              **({} if arpu_after is None else {"arpu_after": (arpu_after, "positive")}), "cost": (cost, "amount")}
    listed = isinstance(horizon, list | tuple) and len(horizon) > 0
    ends: list[Any] = list(dict.fromkeys(horizon)) if listed else [horizon]  # type: ignore[arg-type]
    per, counts = per_period(discount, every), [periods_of(end, every) for end in ends]
    if math.inf in counts and not per and 0 in [known(*one)[0] for one in (
            ("churn_before", churn_before, "share"), ("churn_after", churn_after, "share"))]:
        raise UsageError("ltv.no_end")

    def gain(before: Any, after: Any, old: Any, margin: Any, customers: Any, *new: Any) -> list[Any]:
        with np.errstate(invalid="ignore"):  # two drawn churns of 0
            return [customers * margin * ((*new, old)[0] * payments(1 - after, per, "start", n)
                                          - old * payments(1 - before, per, "start", n)) for n in counts]

    notes = [words.text("roi.payments", every=words.text(f"activity.every_{every}"), discount=tick(discount, "share"))]
    return _returned(gain, inputs, tuple(end or LIFETIME for end in ends) if listed else ("",), notes=notes, **how)


def horizons(*, arpu_before: Input, arpu_after: Input, churn_before: Input, churn_after: Input, customers: Input,
             margin: Input = 1.0, horizon: Sequence[str | None] = ("3 months", "12 months", None), **how: Any
             ) -> Return:
    """The short and the long term side by side, of a new price, say, that also changes who stays.

    All else as in `churn_reduction()`; where the margin changes too, give what is kept as arpu and leave margin out.

    >>> price = horizons(arpu_before=9_800, arpu_after=10_584, churn_before=.030, churn_after=.036, margin=.4,
    ...                  customers=500)
    >>> price.frame.query("metric == 'net_value'")[["within", "estimate"]].round().values.tolist()
    [['3 months', 419165.0], ['12 months', 927140.0], ['lifetime', -6533333.0]]
    >>> price.notes[-1]
    'Short and long term disagree: by the estimates a gain (3 months), then a loss (whole lifetime). Judge by the ...'
    """
    return churn_reduction(churn_before, churn_after, arpu_before, margin, customers, horizon=horizon,
                           arpu_after=arpu_after, **how)


def _returned(gain: Callable[..., list], inputs: dict[str, tuple[Input, str]], within: tuple[str, ...] = ("",), *,
              breakeven: Callable | None = None, notes: Sequence[str] = (), flag: str = "", effect_unit: str = "number",
              rung: str = "assumed", unit: str = "number", confidence: float = .95, draws: int = 0, seed: int = 0
              ) -> Return:
    """The return of a gain for each horizon, a function of all inputs but the last, which is the cost."""
    one_of("rung", rung, RUNGS)
    z_value(confidence)
    parts = [known(name, given, kind) for name, (given, kind) in inputs.items()]
    at, errors = (np.array([part[i] for part in parts], dtype=float) for i in (0, 1))
    metrics = ["net_value", "roi", "value", "cost", *(["breakeven"] if breakeven else [])]

    def figures(*x: Any) -> np.ndarray:
        gains = np.stack(gain(*x[:-1]))
        cost = np.broadcast_to(x[-1], gains.shape)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.where(cost > 0, (gains - cost) / cost, np.nan)
        return np.concatenate([gains - cost, share, gains, cost, *([[breakeven(*x)]] if breakeven else [])])

    if draws:
        random = drawing(draws, seed)
        drawn = figures(*(_drawn(random, draws, *part[:2], kind) for part, (_, kind) in zip(
            parts, inputs.values(), strict=True)))
        if not np.isfinite(drawn[:len(within)]).all():
            raise UsageError("ltv.no_end")
        moves = np.ptp(drawn, axis=1) > 0
        low, high = np.where(moves, np.percentile(drawn, [50 - 50 * confidence, 50 + 50 * confidence], axis=1), np.nan)
        found = {"estimate": figures(*at), "low": low, "high": high, "se": np.where(moves, drawn.std(axis=1), np.nan)}
        sure = np.where(moves, (drawn > 0).mean(axis=1), np.nan)
    else:
        found = spread(lambda u: figures(*(at + u * errors / STEP)), 0 * at, STEP**2 * np.eye(len(at)), scale="plain",
                       confidence=confidence)
        sure = np.array([NormalDist().cdf(z) if z == z else np.nan for z in found["estimate"] / found["se"]])
    method = "ltv.no_interval" if not errors.any() else "roi.by_draws" if draws else "ltv.delta"
    frame = pd.DataFrame({"metric": [name for name in metrics for _ in within], "within": [*within] * len(metrics),
                          **found, "n": min((part[2] for part in parts if part[2] is not None), default=pd.NA),
                          "method": words.text("roi.method_return") + words.text(method, n=draws), "flag": flag})
    frame = frame.astype({"n": "Int64"}).drop(columns=[] if within != ("",) else "within")
    frame.loc[frame["estimate"].isna(), "flag"] = words.text("roi.no_cost")
    if errors[-1] and not draws:
        _on_cost(frame, (z_value(confidence) * errors[-1])**2)
    first, last = np.sign(frame["estimate"].iloc[[0, len(within) - 1]])
    if first * last < 0:
        key = "roi.gain_then_loss" if first > 0 else "roi.loss_then_gain"
        notes = [*notes, words.text(key, first=_horizon(within[0]), last=_horizon(within[-1]))]
    return Return(frame, {place: math.nan if flag else float(chance) for place, chance in zip(
        within, sure, strict=False)}, rung, tuple(notes),
        dict(zip(metrics, (unit, "share", unit, unit, effect_unit), strict=False)), confidence)


def _on_cost(frame: pd.DataFrame, squared: float) -> None:
    """Fieller's interval for each roi, where the cost has an error: it is above 0 where that of the net value is."""
    for net, roi, cost in zip(*(frame.index[frame["metric"] == name] for name in ("net_value", "roi", "cost")),
                              strict=True):
        gain, below, above = frame.loc[net, ["estimate", "low", "high"]]
        low, high, flag = fieller(gain, frame.loc[cost, "estimate"], ((above - below) / 2)**2, squared, -squared)
        if flag and (low <= 0 <= high) != (below <= 0 <= above):
            low, high, flag = -math.inf, math.inf, words.text("roi.no_end")
        frame.loc[roi, ["low", "high", "method", "flag"]] = (
            low, high, words.text("roi.method_fieller") + words.text("roi.normal"), frame.loc[roi, "flag"] or flag)


def _drawn(random: np.random.RandomState, draws: int, value: float, se: float, kind: str) -> np.ndarray:
    """So many draws of an input: a share from a beta, an amount from a log-normal, all else from a normal."""
    if not se:
        return np.full(draws, value)
    if kind == "share":
        size = value * (1 - value) / se**2 - 1
        return random.beta(value * size, (1 - value) * size, draws)
    if kind == "number":
        return random.normal(value, se, draws)
    square = math.log1p((se / value)**2)
    return random.lognormal(math.log(value) - square / 2, math.sqrt(square), draws)
