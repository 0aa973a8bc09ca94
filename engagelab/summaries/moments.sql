-- Moments: of each group, how many rows there are, how many values are known, and what they sum to.
--
-- One row is a group of the grouping columns, which stand at the place marked "by". Every value has an anchor
-- near it subtracted first, so that the squares of large numbers keep their digits (Chan, Golub and LeVeque 1983);
-- the anchor is added again outside. The lines between the other marks are an example for the mean of x0: as many are
-- written as the metrics need, and metrics that need the same sum share it.
-- reads: x0
WITH parts AS (
    SELECT
    /*by*/
    /*parts*/
    x0 - 100.0 AS d0
    /*end*/
    FROM events
)
SELECT
    /*by*/
    count(*) AS n_rows,
    /*sums*/
    count(d0) AS n_0,
    sum(d0) AS s_0,
    sum(d0 * d0) AS s_0_0
    /*end*/
FROM parts
GROUP BY /*by*/ ()
