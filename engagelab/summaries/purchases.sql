-- Purchases: of each customer, how many purchases, when the first, the second and the last, and how much in all.
--
-- One row is a customer. Rows of one period (a local day) are one purchase, known by the number of its period (the days
-- since 1970). The groups of a customer (by_1, by_2 ...) are those of the earliest row. The lines between the
-- marks are an example without a time zone that sums x0; without groups the last join is left out.
-- reads: u0 t0 x0
WITH bought AS (
    SELECT
    /*by*/
    /*value*/
    x0 AS value,
    /*end*/
    /*period*/
    (t0 + 6048000000000000) // 86400000000 - 70000 AS period,
    /*end*/
    u0, t0
    FROM events
    WHERE u0 IS NOT NULL AND t0 IS NOT NULL
),
baskets AS (
    SELECT u0, period, min(t0) AS t_low, count(*) AS orders, count(value) AS known, sum(value) AS value
    FROM bought
    GROUP BY u0, period
),
earliest AS (
    SELECT u0, min(period) AS first_period, min(t_low) AS t_first
    FROM baskets
    GROUP BY u0
),
opening AS (
    SELECT
    /*by*/
    bought.u0 AS opener,
    row_number() OVER (PARTITION BY bought.u0 ORDER BY /*order*/ t0 /*end*/) AS nth
    FROM bought JOIN earliest ON bought.u0 = earliest.u0 AND bought.t0 = earliest.t_first
),
summed AS (
    SELECT
    baskets.u0 AS customer, earliest.t_first AS first_at, earliest.first_period,
    min(CASE WHEN baskets.period > earliest.first_period THEN baskets.period END) AS second_period,
    max(baskets.period) AS last_period,
    count(*) AS purchases,
    CAST(sum(baskets.orders) AS BIGINT) AS orders,
    CAST(sum(baskets.orders - baskets.known) AS BIGINT) AS orders_without_amount,
    sum(baskets.value) AS amount,
    sum(CASE WHEN baskets.period = earliest.first_period THEN baskets.value END) AS first_amount
    FROM baskets JOIN earliest ON baskets.u0 = earliest.u0
    GROUP BY baskets.u0, earliest.t_first, earliest.first_period
)
SELECT
    /*by*/
    customer, first_at, first_period, second_period, last_period, purchases, orders, orders_without_amount, amount,
    first_amount
FROM summed
    /*groups*/
    JOIN opening ON customer = opener AND nth = 1
    /*end*/
