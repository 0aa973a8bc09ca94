"""Pictures: each draws exactly the table that it is given, and knows nothing else.

A function takes a frame as `measure` (or the room named in its docstring) returns it, and `ax=`;
it returns the axes. Colours can be told apart by everybody; an interval is always drawn.
"""

from engagelab.plots.estimates import levels, trend
from engagelab.plots.survival import survival

__all__ = ["levels", "survival", "trend"]
