"""What a run tells while it goes on: a line a page."""

import sys
import time
from collections.abc import Iterable

from engagelab import words
from engagelab.report.clients import Made
from engagelab.report.reproduce import Finding


def told(run: Iterable[Made | Finding]) -> bool:
    """Print a line for each page and each finding as it comes; whether anything went wrong.

    On a terminal the lines go to the error stream, each page with how many of how many are done and the seconds so far;
    else they are plain, on the standard output.

    >>> told([Made("asanagi", "01_customers"), Finding("asanagi/index.html: the same bytes")])
    asanagi/01_customers
    asanagi/index.html: the same bytes
    False
    """
    began, terminal, bad = time.monotonic(), sys.stderr.isatty(), False
    for one in run:
        if isinstance(one, Finding):
            bad |= one.bad
            line = one.text
        else:
            bad |= bool(one.problems)
            empty = [words.text("report.empty")] if one.empty else []
            line = "; ".join([f"{one.client}/{one.notebook}".rstrip("/"), *empty, *one.problems])
            if terminal:
                done, total = one.so_far
                seconds = time.monotonic() - began
                line = words.text("report.progress", done=done, total=total, seconds=seconds, line=line)
        print(line, file=sys.stderr if terminal else sys.stdout, flush=True)
    return bad
