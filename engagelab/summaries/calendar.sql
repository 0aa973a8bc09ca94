-- Calendar: of each user, in which periods there was something, as the bits of words of 60 periods.
--
-- One row is a user and a word; bit i of word w stands for period 60 w + i, counted from the first one observed. What was
-- before that is one bit in word -1. The lines between the marks are an example that counts days since 1 February 2026;
-- with a value, a row is a user and a period, and carries the sum of the value in it.
-- reads: u0 t0
WITH placed AS (
    SELECT
    /*by*/
    /*placed*/
    u0 AS user_id,
    (t0 + 6048000000000000) // 86400000000 - 90485 AS period
    /*end*/
    FROM events
    WHERE u0 IS NOT NULL AND t0 IS NOT NULL
)
SELECT
    /*by*/
    /*keys*/
    user_id,
    (period + 60) // 60 - 1 AS word,
    bit_or(CAST(1 AS BIGINT) << ((period + 60) % 60)) AS bits
    /*end*/
FROM placed
GROUP BY /*by*/ /*groups*/ user_id, (period + 60) // 60 - 1 /*end*/
