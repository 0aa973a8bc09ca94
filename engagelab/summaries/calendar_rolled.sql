-- Days, or other short periods, rolled up to longer ones: active in a month who was active on one of its days.
--
-- `spans` says which bits of which word are which bit of a longer period's word; the example rolls the days of
-- February and March 2026 up to two months. A value is added up.
-- reads: user_id word bits
WITH spans AS (
    SELECT word, mask, longer, bit FROM (VALUES
    /*spans*/
    (-1, CAST(576460752303423488 AS BIGINT), -1, CAST(576460752303423488 AS BIGINT)),
    (0, CAST(268435455 AS BIGINT), 0, CAST(1 AS BIGINT)),
    (0, CAST(576460752034988032 AS BIGINT), 0, CAST(2 AS BIGINT))
    /*end*/
    ) AS listed (word, mask, longer, bit)
)
SELECT
    /*by*/
    /*keys*/
    events.user_id,
    spans.longer AS word,
    bit_or(spans.bit) AS bits
    /*end*/
FROM events JOIN spans ON events.word = spans.word
WHERE (events.bits & spans.mask) <> 0
GROUP BY /*by*/ /*groups*/ events.user_id, spans.longer /*end*/
