-- Of each user the first and the last period, and whether there was anything in each of two windows at the end.
--
-- `recent` looks at the last periods and `former` at those before them. The highest bit is found in halves, because a
-- logarithm of a large whole number may be rounded up. The example: periods 58 and 59 are recent, 56 and 57 former.
-- reads: user_id word bits
SELECT
    /*by*/
    user_id,
    min(word * 60 + CAST(round(log2(bits & (0 - bits))) AS BIGINT)) AS first,
    max(word * 60 + CASE WHEN bits >= 1073741824 THEN 30 + CAST(floor(log2(bits >> 30) + 1e-10) AS BIGINT)
        ELSE CAST(floor(log2(bits) + 1e-10) AS BIGINT) END) AS last,
    /*windows*/
    max(CASE WHEN word = 0 AND (bits & 864691128455135232) <> 0 THEN 1 ELSE 0 END) AS recent,
    max(CASE WHEN word = 0 AND (bits & 216172782113783808) <> 0 THEN 1 ELSE 0 END) AS former
    /*end*/
FROM events
WHERE user_id IS NOT NULL
GROUP BY /*by*/ user_id
