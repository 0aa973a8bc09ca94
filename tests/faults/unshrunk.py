"""A plugin of pytest: Hypothesis stops at the first example that fails, and does not look for a smaller one."""

from hypothesis import Phase, settings

settings.register_profile("unshrunk", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
