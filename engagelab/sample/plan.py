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
HOME_PLANS = ("light", "standard")
PRICE = {"light": 1980, "standard": 2980, "office": 9800}
# What is left of the price of a month after tax, goods, parcels and fees, on every plan.
MARGIN_SHARE = .40

# Truth 4. Share of answers 4 and 5 on satisfaction with the plan in February 2026: at the office the same
# whether one leaves within the half year that follows or not, at home not. Who refers: shares of
# the referrals of which the referrer had answered the question of recommendation before.
SATISFIED = {"office": .62, "home_stays": .87, "home_leaves": .58}
ANSWERS_ON_PLAN = {"office": .90, "home": .60}
FOLLOWED_DAYS = 182
REFERRERS = {"long_passive": .60, "new_passive": .10, "promoter": .22, "detractor": .08}
REFERRER_KNOWN = .65
LONG_STANDING_MONTHS = 24

# Truth 7. The share of leavers with a ticket in the weeks before, and how much rarer leaving within 60 days of a
# ticket is where the first reply came within four hours.
TICKET_BEFORE_LEAVING = .60
DAYS_OF_TROUBLE = 45
FAST_REPLY_MINUTES = 240
AFTER_TICKET_DAYS = 60
LEAVING_FAST_TO_SLOW = .50

# Truth 12. Of those who start at home 40 % leave at 20 % a month and 60 % at 4 %: by the channel that won
# them how many, the share of the quick kind, the share on the light plan, and what the lifetime value
# (price x margin share x mean life) is as a multiple of what a new subscription costs. Offices are won by sales.
LEAVE_QUICK, LEAVE_SLOW = .20, .04
QUICK_SHARE, MEAN_LIFE = .40, 17.0
WON_BY = {"store": .34, "search": .24, "social": .18, "referral": .12, "campaign": .12}
QUICK_BY_CHANNEL = {"store": .22, "search": .33, "social": .96, "referral": .02, "campaign": .59}
LIGHT_BY_CHANNEL = {"store": .38, "search": .38, "social": .92, "referral": .05, "campaign": .38}
LTV_TO_CAC = {"store": 3.0, "search": 2.4, "social": .8, "referral": 4.5, "campaign": 1.6}
OFFICE_CHANNEL, OFFICE_CAC = "sales", 42_000
REWARD = 1_500

# Truth 14. The office plan's price rises by 8 % in July 2026, and its churn from 3.0 to 3.6 % a month.
REPRICED = "2026-07"
PRICE_RISE = .08
OFFICE_PRICE_REPRICED = round(PRICE["office"] * (1 + PRICE_RISE))
LEAVE_OFFICE, LEAVE_OFFICE_REPRICED = .030, .036

SEGMENTS = ("home", "office", "gift")

# Orders with a coupon, a quarter.
COUPON = (.26, .26, .26, .27, .29, .34)

# Truth 5. Who joins, by month from April 2025 on: weights; the spring campaign begins in April 2026. Before it the
# channel "campaign" wins few of the joiners, since then as many more as make WON_BY right for all of them.
CAMPAIGN = "2026-04"
JOINING = (1.0,) * 12 + (2.0,) * 3 + (1.5,) * 3
CAMPAIGN_BEFORE = .04
# Active in the app in the n-th month after the first, the last figure for all later ones. Users active in each month
# from April 2025 on, as a part of all customers ever: those from before the data make up what is lacking, about 40 %.
ACTIVE = {"before": (1.0, .60, .49, .42, .40, .39, .38), "since": (1.0, .50, .38, .31, .29, .28)}
ACTIVE_USERS = (.156, .163, .169, .174, .178, .182, .186, .190, .193, .197, .201, .206,
                .223, .230, .236, .239, .241, .243)
ACTIVE_GROWTH = .18
# Of the app users who joined before the campaign, those for whom the app becomes a daily habit by the last month,
# and on how many days they use it then.
HEAVY, HEAVY_DAYS = .20, .60

# Truth 11. Hunters of coupons, as a part of all customers: how often they order, and what is taken off each time.
HUNTERS = .04
HUNTED, HUNTED_OFF = .45, "TOKU60"
HUNTED_PERCENT = 60
# Web clicks on offers a month: hunters, others at home or for gifts, offices.
OFFER_CLICKS = {"hunter": 1.3, "home": .035, "gift": .035, "office": .002}
# How many times the quantity of a home an office orders.
OFFICE_QUANTITY = 4

# Truth 13. Both subject lines of the notice are clicked alike; half of the customers is meant for each, but some of
# the active ones of A, as a share of all customers, get B as well: 1,840 against 2,160 of 4,000. With these shares
# of clicks, of all and of the active, B seems to be ahead by 2.4 points. Two by two: clicks by subject and sender.
MOVED, CLICK_ACTIVE = .04, .175
BROKEN_ARM = .024
CELLS = {"short_person": .05, "short_brand": .025, "long_person": .025, "long_brand": .05}

# Truth 14, coupon. Who orders the winter set within 14 days, by stratum and with or without a coupon; shares of
# the customers that are in the test; what an order leaves before the coupon and what the coupon takes off, in yen.
BUYING = {"loyal": (.60, .61), "at_risk": (.08, .15), "dormant": (.02, .02)}
STRATA = {"loyal": .200, "at_risk": .325, "dormant": .475}
SET_MARGIN, COUPON_WORTH, COUPON_CODE = 1500, 500, "KUPON500"
GAINED = {"loyal": -290, "at_risk": 30, "dormant": -10}

# The pulse of the employees: first day of each wave; a wave is open for that many days.
WAVES = {"2025-11": "2025-11-10", "2026-02": "2026-02-09", "2026-05": "2026-05-11", "2026-08": "2026-08-17"}
OPEN_DAYS = 12
HEADQUARTERS = .14
# Who leaves before the first wave, between waves, and after the last: share of the posts, how much
# chance decides beside the mood, and by how much better the mood of those is who come instead.
TURNOVER = ((.10, 2.0, 0), (.05, 2.0, 0), (.05, 2.0, 0), (.14, .35, .5), (.02, 2.0, 0))

# Truth 8. eNPS by kind of respondent: shares of the answers 0 ... 10. Those who answer both of the last two waves
# fall by three points from the third wave to the fourth; the other kinds do not change.
ENPS_SHARES = {
    "before": (.030, .024, .028, .039, .044, .092, .103, .174, .191, .152, .123),
    "after": (.031, .026, .030, .042, .047, .097, .106, .170, .187, .147, .117),
    "once": (.036, .030, .035, .046, .052, .105, .116, .165, .175, .135, .105),
    "leavers": (.120, .090, .100, .110, .110, .130, .090, .110, .080, .035, .025),
    "hires": (.010, .008, .010, .015, .022, .060, .075, .180, .220, .210, .190),
}
ENPS = {"before": -8.5, "after": -11.5, "once": -18.0, "leavers": -69.0, "hires": 20.0}
PAIRED_CHANGE, PUBLISHED_CHANGE = -3.0, 9.0

# Truth 9. Each driver: its weight in overall satisfaction, its mean from 0 to 10, and how much of it is mood.
DRIVERS = {"pay": (.03, 4.4, .25), "voice": (.62, 5.7, .40), "manager": (.16, 6.6, .15), "growth": (.20, 6.1, .40),
           "tools": (.05, 6.3, .30), "workload": (.12, 5.6, .40)}
# Shares of the explained variance (Shapley) that these weights give.
SHARES = {"voice": .74, "pay": .01}
SATISFACTION = 5.5
# Overall satisfaction in points above that of all other shops; the other 22 are equal.
APART = {"S07": 2.4, "S23": -2.4}

# Truth 10. In two regions the support by the manager dips in eight shops of twelve in May 2026, and is back in
# August; in one region those eight had talks in between, which are worth a tenth of a point.
PILOT = ("S01", "S02", "S05", "S06", "S08", "S09", "S11", "S12")
ALIKE = ("S13", "S14", "S16", "S17", "S19", "S20", "S22", "S24")
DIPS = (.70, .90, .75, .85, .80, .80, .65, .95)
ONE_ON_ONE = .1

# Truth 6. The share of starters at home who complete the tour, by the kind of leaver; what the nudge adds to
# completing, and to the share whose subscription still runs after so many days.
TOUR_SLOW, TOUR_QUICK = .80, .32
NUDGE_WINDOW = ("2025-07-01", "2026-07-01")
NUDGE_COMPLETES, NUDGE_KEEPS, KEPT_DAYS = .15, .01, 90

# Truth 11. Leads, as a part of all customers; how many of the decided deals are won. What a lead does before the
# decision tells them apart: three measures are normal with one standard deviation and are shifted by so much with
# the won, the price page is seen by these shares. Of a sum of independent normal measures the area under the curve
# is Phi(sqrt(sum of squared shifts) / sqrt(2)) (Hanley and McNeil 1982); the page counts as a shift of about .32.
LEADS, DEALS, WON = .375, .80, .30
SHIFTS = {"views": .35, "seconds": .35, "size": .30}
PRICE_PAGE = {"won": .61, "lost": .45}
# A visit is booked with these; with the won mostly after the decision. Booked or not says nearly all, so the area
# with the leak is a (1 - b) + (a b + (1 - a)(1 - b)) x .68 for shares a and b.
VISIT = {"won": .85, "lost": .06}
AUC, AUC_WITH_LEAK = .68, .93
