"""What must never run and never hang, whoever wrote the text of the tree."""

import builtins
import threading
import time

import pytest

from engagelab.errors import UsageError
from engagelab.kpi.formula import parse

TOUCH = "open('{path}', 'w')"
HOSTILE = [
    TOUCH, "__import__('os').system('touch {path}')", "exec(\"open('{path}', 'w')\")", "eval('1')", "(lambda: 1)()",
    "[" + TOUCH + " for x in (1,)]", "{x: 1 for x in y}", "{x for x in y}", "(x for x in y)", "f'{b}'",
    "(x := " + TOUCH + ")", "await " + TOUCH, "yield " + TOUCH, "b.__class__",
    "b.__class__.__bases__[0].__subclasses__()", "().__class__",
    "''.join(b)", "b[0]", "b['x']", "b[" + TOUCH + "]", "b if " + TOUCH + " else c", "b and " + TOUCH,
    "not b", "b < c", "b == " + TOUCH, "b is c", "b in c", "b @ c", "b | c", "b & c", "b << 1000000000", "~b",
    "9 ** 9 ** 9 ** 9", "9**9**9", "2 ^ 99999999", "1e308 * 1e308 * b", "1e999", "9" * 900, "b // c", "b % c", "True",
    "None", "...", "b; " + TOUCH, "b\\\n", "b'x'", "'x' * 1000000000", "(" * 900, ")" * 900,
    "(" * 400 + "b" + ")" * 400,
    "-" * 990 + "(", "b" * 990, "b," * 450, "*b", "**b", "print(b)", "b(c)", "globals()", "__builtins__", "_", "1j * b",
    "0x10", "0b1", "0o7", "1_000", "b\x00c", "b\u202ec", "b\u200bc", "b \u2028 " + TOUCH, "\u202eb + c",
    "lambda x: x", "import os", "`b`", "$b", "b?", "b!", "@b", "\\u0062", "b -> c", "b := 2", "0/0", "b / 0",
    "b / (c * 0)", "1e15" + "*1e15" * 150]


def survives(text):
    """The error of a text, read in a thread of its own; how much of a processor it took."""
    found = []

    def run():
        start = time.thread_time()
        try:
            found.append(parse(text))
        except UsageError as error:
            found.append(error)
        found.append(time.thread_time() - start)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    assert len(found) == 2, "it hangs, or fails in another way"
    assert found[1] < 1
    return found[0]


@pytest.fixture
def nothing_runs(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the text of a tree was run")
    monkeypatch.setattr(builtins, "eval", refuse)
    monkeypatch.setattr(builtins, "exec", refuse)
    monkeypatch.setattr(builtins, "open", refuse)


@pytest.mark.parametrize("formula", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_formula_is_refused_in_a_line_and_never_run(formula, tmp_path, nothing_runs):
    path = tmp_path / "touched"
    for text in (f"a = {formula.format(path=path) if '{path}' in formula else formula}",
                 f"a ~ {formula.format(path=path) if '{path}' in formula else formula}"):
        error = survives(text)
        assert isinstance(error, UsageError) and str(error).startswith("line ")
        assert len(str(error).split("\n")) == 3 and len(str(error)) < 600
    assert not path.exists()


@pytest.mark.parametrize("text", [
    "\n" * 20_000, "a = b\n" * 3_333, "=" * 20_000, "[" * 20_000, "#" * 20_000, "| " * 10_000, " " * 20_000,
    "\u3000" * 20_000, "a = b # " + "|" * 19_000, "(" * 20_000, "a = " + "+".join(["b"] * 490),
    "a = " + "b*" * 490 + "b",
    "a =" + "-" * 990 + "b", "a = " + "(" * 50 + "b" + ")" * 50, "a = " + "(b+(c*" * 25 + "d" + "))" * 25,
    "a" * 20_000, "\ufdfa" * 20_000,
    "\n".join(f"n{at} = n{at + 1} * n{at + 1}" for at in range(499)),
    "\n".join(f"n{at} = n{at + 1} * n{at + 1} [JPY]" for at in range(498)),
    "\n".join(f"n{at} = n{(at + 1) % 450} * 2" for at in range(450)),
    "\n".join(f"n{at} = n{at + 1}*n{at + 1}" for at in range(400)) + "\nn400 [JPY]",
    "\n".join(f"n{at} = n{at + 1}*m{at}\nm{at} [u{at}]" for at in range(240)),
    "n0 = " + "+".join(f"customersx{chr(97 + at % 26)}" for at in range(70)),
    "a [" + "*".join(["b"] * 9_000) + "]", "a [" + "*".join(f"b{at}" for at in range(3_000)) + "]",
    "r = " + " + ".join(f"r{at}" for at in range(60)) + "\n" + "\n".join(
        f"{'x' * 20}{chr(97 + at % 26)}{chr(97 + at // 26)} = {'x' * 19}{chr(97 + at // 26)}{chr(97 + at % 26)}y"
        for at in range(240))])
def test_a_long_or_twisted_text_is_read_or_refused_at_once(text, nothing_runs):
    survives(text)


def test_far_down_in_somebodys_program_a_text_is_read_or_refused():
    """With hundreds of calls open a formula of full length is still read; at Python's own limit it is refused."""
    def deep(calls):
        return deep(calls - 1) if calls else parse("a = " + "b-" * 490 + "b")
    assert len(deep(300).program.steps[0].ins) == 491
    with pytest.raises(UsageError, match="at most 1,000 letters"):
        deep(700)
