-- Recent purchases: of each customer, the day of the last, how much in all, and in which periods there was one, as bits.
--
-- One row is a customer and an era of 420 periods; bit i of word w stands for period 60 w + i of the era. A purchase is a
-- period with orders, so their number is that of the bits: one pass over the rows, where distinct counts take twice as
-- long. The lines between the marks are an example that counts days since 1 February 2026.
-- reads: u0 t0 x0
WITH bought AS (
    SELECT
    /*placed*/
    u0 AS customer, x0 AS value,
    (t0 + 6048000000000000) // 86400000000 - 70000 AS day,
    (t0 + 6048000000000000) // 86400000000 - 90485 AS period
    /*end*/
    FROM events
    WHERE u0 IS NOT NULL AND t0 IS NOT NULL
),
marked AS (
    SELECT
    customer, value, day,
    period // 420 AS era,
    period // 60 % 7 AS word,
    CAST(1 AS BIGINT) << (period % 60) AS bit
    FROM bought
)
SELECT
    customer, era,
    max(day) AS last_day,
    count(*) AS orders,
    sum(value) AS amount,
    coalesce(bit_or(CASE WHEN word = 0 THEN bit END), 0) AS word_0,
    coalesce(bit_or(CASE WHEN word = 1 THEN bit END), 0) AS word_1,
    coalesce(bit_or(CASE WHEN word = 2 THEN bit END), 0) AS word_2,
    coalesce(bit_or(CASE WHEN word = 3 THEN bit END), 0) AS word_3,
    coalesce(bit_or(CASE WHEN word = 4 THEN bit END), 0) AS word_4,
    coalesce(bit_or(CASE WHEN word = 5 THEN bit END), 0) AS word_5,
    coalesce(bit_or(CASE WHEN word = 6 THEN bit END), 0) AS word_6
FROM marked
GROUP BY customer, era
