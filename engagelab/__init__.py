"""Engagement measurement in notebooks: of customers and of employees.

    import engagelab as el

    answers = el.example("surveys")
    el.measure(answers, el.nps("score"), by="channel", time="answered_at", every="quarter")

The names below are loaded when they are first used, so that the import is quick.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# what a notebook types, by the module that holds it
MODULES = {
    "notebook.setup": "setup", "notebook.periods": "periods", "notebook.profit": "profit_tree",
    "notebook.tables": "show pick label",
    "notebook.cards": "cards say_verdicts", "notebook.alerts": "alerts",
    "notebook.campaign": "campaign", "notebook.exercises": "check",
    "notebook.sentences": "say say_change say_changes say_level direction paragraphs",
    "display": "shown",
    "sample.committed": "example", "sources.read": "read sniff formats", "sources.folder": "read_folder",
    "metrics.nouns": "rate mean ratio quantile nps csat ces", "metrics.social": "engagement_rate",
    "surveys.change": "change", "experiments.compare": "compare", "experiments.plan": "plan",
    "metrics.measure": "measure", "metrics.design": "Design", "summaries.engine": "query", "money": "net",
    "report.save": "save",
}
FACE = {name: f"{__name__}.{module}" for module, names in MODULES.items() for name in names.split()}
ROOMS = ("activity", "experiments", "kpi", "ltv", "metrics", "plots", "privacy", "roi", "segments", "surveys")

__all__ = [*FACE, *ROOMS]

if TYPE_CHECKING:  # for editors and type checkers: what __getattr__ finds
    from engagelab import activity as activity
    from engagelab import experiments as experiments
    from engagelab import kpi as kpi
    from engagelab import ltv as ltv
    from engagelab import metrics as metrics
    from engagelab import plots as plots
    from engagelab import privacy as privacy
    from engagelab import roi as roi
    from engagelab import segments as segments
    from engagelab import surveys as surveys
    from engagelab.display import shown as shown
    from engagelab.experiments.compare import compare as compare
    from engagelab.experiments.plan import plan as plan
    from engagelab.metrics.design import Design as Design
    from engagelab.metrics.measure import measure as measure
    from engagelab.metrics.nouns import ces as ces
    from engagelab.metrics.nouns import csat as csat
    from engagelab.metrics.nouns import mean as mean
    from engagelab.metrics.nouns import nps as nps
    from engagelab.metrics.nouns import quantile as quantile
    from engagelab.metrics.nouns import rate as rate
    from engagelab.metrics.nouns import ratio as ratio
    from engagelab.metrics.social import engagement_rate as engagement_rate
    from engagelab.money import net as net
    from engagelab.notebook.alerts import alerts as alerts
    from engagelab.notebook.campaign import campaign as campaign
    from engagelab.notebook.cards import cards as cards
    from engagelab.notebook.cards import say_verdicts as say_verdicts
    from engagelab.notebook.exercises import check as check
    from engagelab.notebook.periods import periods as periods
    from engagelab.notebook.profit import profit_tree as profit_tree
    from engagelab.notebook.sentences import direction as direction
    from engagelab.notebook.sentences import paragraphs as paragraphs
    from engagelab.notebook.sentences import say as say
    from engagelab.notebook.sentences import say_change as say_change
    from engagelab.notebook.sentences import say_changes as say_changes
    from engagelab.notebook.sentences import say_level as say_level
    from engagelab.notebook.setup import setup as setup
    from engagelab.notebook.tables import label as label
    from engagelab.notebook.tables import pick as pick
    from engagelab.notebook.tables import show as show
    from engagelab.report.save import save as save
    from engagelab.sample.committed import example as example
    from engagelab.sources.folder import read_folder as read_folder
    from engagelab.sources.read import formats as formats
    from engagelab.sources.read import read as read
    from engagelab.sources.read import sniff as sniff
    from engagelab.summaries.engine import query as query
    from engagelab.surveys.change import change as change


def __getattr__(name: str):
    if name in FACE:
        look = importlib.import_module(f"{__name__}.arguments").checked  # at the arguments, before anything is done
        value = look(getattr(importlib.import_module(FACE[name]), name))
    elif name in ROOMS:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
