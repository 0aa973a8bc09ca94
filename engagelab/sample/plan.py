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

# Prices of a month in yen and the share of subscriptions that close in a month.
PLANS = ("light", "standard", "office")
PRICE = {"light": 1980, "standard": 2980, "office": 9800}
CHURN = {"light": .042, "standard": .036, "office": .020}
SEGMENTS = ("home", "office", "gift")

# Orders with a coupon, a quarter.
COUPON = (.26, .26, .26, .27, .29, .34)
