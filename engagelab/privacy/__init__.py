"""What keeps people out of the numbers: consent, pseudonyms, small cells hidden, a ledger of what was published."""

from engagelab.arguments import offer
from engagelab.privacy.consent import consenting
from engagelab.privacy.ledger import Ledger

__all__ = ["Ledger", "consenting"]

offer(globals(), __all__)
