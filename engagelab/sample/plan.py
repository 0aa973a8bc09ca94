"""What is planted: the true figures on which the sample company is built.

Every subject draws from these, `truth.json` repeats them, and the tests hold the tables against
them: the solution is the truth.
"""

# Truth 1. Recommendation by channel: shares of the answers 0 ... 10, the same in all quarters.
SCORES = {
    "in_app": (.004, .003, .006, .010, .013, .019, .025, .190, .300, .240, .190),
    "email": (.011, .008, .014, .021, .026, .042, .048, .220, .290, .190, .130),
}
NPS = {"in_app": 35.0, "email": 15.0}
# Answers a quarter, as a share of all customers, and the part of them given in the app.
ANSWERS = (.160, .1725, .185, .1975, .210, .2225)
IN_APP = (.20, .20, .20, .20, .20, .70)

# Truth 2. Of the delivered mails, in percent a month from April 2025 on.
HUMAN_OPEN = .22
MACHINE_OPEN = (.02,) * 13 + (.048, .076, .104, .132, .16)
CLICK = .026

# Truth 3. Engagement rate of a post without money behind it, a quarter; x and facebook alike.
ORGANIC = (.031, .031, .031, .031, .031, .036)
PAID = .005
# Paid reach, as a multiple of the organic reach of the quarter.
PAID_REACH = (.0, .0, .0, .0, .0, 1.95)

# Prices of a month in yen, tax included.
PLANS = ("light", "standard", "office")
HOME_PLANS = ("light", "standard")
PRICE = {"light": 1980, "standard": 2980, "office": 9800}

# Truth 12. Of those who start at home 40 % leave at 20 % a month and 60 % at 4 %: the share of the
# quick kind by the channel that won them, and how many each channel wins.
LEAVE_QUICK, LEAVE_SLOW = .20, .04
WON_BY = {"store": .34, "search": .24, "social": .18, "referral": .12, "campaign": .12}
QUICK_BY_CHANNEL = {"store": .214, "search": .36, "social": .92, "referral": .05, "campaign": .60}

# Truth 14. The office plan's price rises by 8 % in July 2026, and its churn from 3.0 to 3.6 % a month.
REPRICED = "2026-07"
PRICE_RISE = .08
LEAVE_OFFICE, LEAVE_OFFICE_REPRICED = .030, .036

SEGMENTS = ("home", "office", "gift")

# Orders with a coupon, a quarter.
COUPON = (.26, .26, .26, .27, .29, .34)
