"""What there is to set for a folder of exports: who the company is and how its files are to be read."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FILE, REGISTER = "engagelab.toml", "experiments.csv"


@dataclass(frozen=True)
class FileSettings:
    """How one file, or every file of a pattern, is read.

    `columns` {their column: ours, or several of ours}; `values` {our column: {theirs: ours}}, where `*`
    is any other; `constants` {our column: what holds for every row}; `joined` {our column: their
    columns}, put together with a blank, or into an id; `dates`, the file's own forms.
    """

    table: str = ""
    format: str = ""
    survey: str = ""
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    joined: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    timezone: str = ""
    dayfirst: bool | None = None
    year: int | None = None


@dataclass(frozen=True)
class SurveySettings:
    """What a survey's questions are, and where it was asked."""

    channel: str = ""
    touchpoint: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventSettings:
    """Which events of the log count as being active, which one begins a life, where, and the steps of a funnel."""

    active: tuple[str, ...] = ()
    begin: tuple[str, ...] = ()
    platform: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class PulseSettings:
    """The questions of the employees' pulse: which is the `outcome` that the drivers explain, which asks whether they
    mean to `stay`, and the lowest and the highest answer of all closed questions."""

    outcome: str = ""
    stay: str = ""
    scale: tuple[int, ...] = ()


@dataclass(frozen=True)
class ValueSettings:
    """What a customer's money is worth: the share of the price that is left as `margin`, and a year's `discount`."""

    margin: float = 1.0
    discount: float = 0.0


@dataclass(frozen=True)
class ExperimentSettings:
    """The experiment to decide on: its `name` in the table of assignments, the `control` arm, how long after the start
    counts (`within`, such as "14 days"), how long before it explains (`before`), the `split` that was planned, and what
    it `cost` beside what its outcome holds already."""

    name: str = ""
    control: str = ""
    within: str = "14 days"
    before: str = "90 days"
    split: Mapping[str, float] = field(default_factory=dict)
    cost: float = 0.0


@dataclass(frozen=True)
class KpiSettings:
    """The company's own tree of its profit: its text as `el.kpi.Tree` reads it, and the `values` of leaves that no
    table tells; the `budget` that is to be decided on (0: none); the `keys` of its key indicators, five at most."""

    tree: str = ""
    keys: tuple[str, ...] = ()
    budget: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignSettings:
    """A campaign, and the day on which it began."""

    name: str = ""
    since: str = ""


GROUPS = {"events": EventSettings, "pulse": PulseSettings, "value": ValueSettings, "experiment": ExperimentSettings,
          "kpi": KpiSettings}


@dataclass(frozen=True)
class Settings:
    """The content of `engagelab.toml`.

    >>> Settings(name="Asanagi Coffee").fiscal_year_starts
    1
    """

    name: str = ""
    logo: str = ""
    colors: tuple[str, ...] = ("#0b5c5a", "#d9822b")
    language: str = "en"
    timezone: str = "UTC"
    currency: str = ""
    fiscal_year_starts: int = 1
    segment: str = "segment"
    events: EventSettings = field(default_factory=EventSettings)
    pulse: PulseSettings = field(default_factory=PulseSettings)
    value: ValueSettings = field(default_factory=ValueSettings)
    experiment: ExperimentSettings = field(default_factory=ExperimentSettings)
    kpi: KpiSettings = field(default_factory=KpiSettings)
    campaigns: tuple[CampaignSettings, ...] = ()
    files: Mapping[str, FileSettings] = field(default_factory=dict)
    surveys: Mapping[str, SurveySettings] = field(default_factory=dict)

    def of_file(self, name: str) -> FileSettings:
        """The settings of a file: by its name, or by the first pattern that it fits."""
        if name in self.files:
            return self.files[name]
        return next((entry for pattern, entry in self.files.items() if fnmatch.fnmatchcase(name, pattern)),
                    FileSettings())

    def of_survey(self, name: str) -> SurveySettings:
        """The settings of a survey."""
        return self.surveys.get(name, SurveySettings())
