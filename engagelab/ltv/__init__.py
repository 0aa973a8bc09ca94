"""What a customer is worth."""

from engagelab.ltv.formulas import from_churn, from_purchases
from engagelab.ltv.purchases import purchases

__all__ = ["from_churn", "from_purchases", "purchases"]
