"""Random trees for Hypothesis: sums, differences, products and ratios of 2 to 12 leaves, with shared nodes."""

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Made:
    """A tree as text; its formulas in an order in which they can be worked out, the root last; its leaves' values."""

    text: str
    formulas: dict[str, str]
    before: dict[str, float]
    after: dict[str, float]

    @property
    def root(self) -> str:
        """The name of the root."""
        return list(self.formulas)[-1]

    def values(self, leaves: dict[str, float]) -> dict[str, float]:
        """What Python itself makes of the formulas: a second opinion, for tests alone."""
        known = dict(leaves)
        for name, formula in self.formulas.items():
            known[name] = eval(formula, {"__builtins__": {}}, known)
        return known

    def scale(self, leaves: dict[str, float]) -> float:
        """How large anything in it gets: the values with every minus a plus, against which rounding is judged."""
        unsigned = {name: formula.replace("-", "+") for name, formula in self.formulas.items()}
        return max(map(abs, Made("", unsigned, {}, {}).values(leaves).values()))


@st.composite
def trees(draw, most=12, signs="+-*/", constants=True):
    """A random tree. A divisor never comes near zero: it is made of positive leaves without any minus."""
    leaves = [f"x{at}" for at in range(draw(st.integers(2, most)))]
    formulas, open_, positive = {}, list(leaves), set(leaves)
    while len(open_) > 1 or not formulas:
        size = draw(st.integers(2, min(4, len(open_))))
        shared = draw(st.lists(st.sampled_from(leaves + list(formulas)), max_size=2))
        numbers = draw(st.lists(st.sampled_from(["2", "0.5", "12"]), max_size=1)) if constants else []
        terms = draw(st.permutations([*open_[:size], *shared, *numbers]))
        formula = terms[0]
        for term in terms[1:]:
            sign = draw(st.sampled_from([one for one in signs if one != "/" or term in positive or term in numbers]))
            formula = f"({formula})" if draw(st.booleans()) and " " in formula else formula
            formula = f"{formula} {sign} {term}" if sign in "+*" or draw(st.booleans()) else (
                f"{formula} {sign} ({term})")
        if "-" in signs and draw(st.integers(0, 5)) == 0:
            formula = f"-{formula}"
        name = f"n{len(formulas)}"
        positive |= {name} if "-" not in formula and positive.issuperset(
            term for term in terms if term not in numbers) else set()
        formulas[name] = formula
        open_ = [*open_[size:], name]
    rows = draw(st.permutations([f"{name} = {formula}" for name, formula in formulas.items()]))
    values = [draw(st.lists(st.floats(.1, 100), min_size=len(leaves), max_size=len(leaves))) for _ in range(2)]
    before, after = (dict(zip(leaves, value, strict=True)) for value in values)
    return Made("\n".join(rows), formulas, before, after)
