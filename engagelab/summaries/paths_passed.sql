-- Paths passed through: of the paths that end in each way, how many have an event of each kind.
--
-- Stands over the moves of `paths_moves.sql`. The events of a path are the bits of one number; one row is a group, an event
-- and the way in which paths end: 2 at the goal, 1 without it, 3 not known yet, 0 where the path had begun before it was
-- observed. `n` is the number of those paths.
-- reads: u0 place came k outcome
WITH placed AS (
    SELECT
    /*by*/
    u0, k, outcome, sum(CASE WHEN came = -1 THEN 1 ELSE 0 END)
        OVER (PARTITION BY /*by*/ u0 ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS path
    FROM events
),
walked AS (
    SELECT
    /*by*/
    u0, path, CASE WHEN path = 0 THEN 0 ELSE max(outcome) END AS outcome, bit_or(CAST(1 AS BIGINT) << k) AS bits
    FROM placed
    GROUP BY /*by*/ u0, path
),
kinds AS (
    SELECT k FROM events GROUP BY k
)
SELECT
    /*by*/
    walked.outcome, kinds.k, count(*) AS n, sum(CASE WHEN ((bits >> kinds.k) & 1) = 1 THEN 1 ELSE 0 END) AS count
FROM walked CROSS JOIN kinds
GROUP BY /*by*/ walked.outcome, kinds.k
