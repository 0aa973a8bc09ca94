"""Whom to look after: customers in one table, cut into segments one can act on, scored, and put on lists."""

__all__: list[str] = []
