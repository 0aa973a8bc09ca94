"""What keeps people out of the numbers: keyed pseudonyms, small-cell suppression, a ledger of what was published."""

from engagelab.privacy.ledger import Ledger

__all__ = ["Ledger"]
