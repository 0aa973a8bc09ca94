-- trino: transpiled by sqlglot 30.30.0, not executed

-- calendar
WITH placed AS (
  SELECT
    u0 AS user_id,
    CAST(TRUNCATE(CAST((
      t0 + 6048000000000000
    ) AS DOUBLE) / 86400000000) AS BIGINT) - 90485 AS period
  FROM events
  WHERE
    NOT u0 IS NULL AND NOT t0 IS NULL
)
SELECT
  user_id,
  CAST(TRUNCATE(CAST((
    period + 60
  ) AS DOUBLE) / 60) AS BIGINT) - 1 AS word,
  BITWISE_OR_AGG(
    BITWISE_LEFT_SHIFT(CAST(1 AS BIGINT), CAST((
      (
        period + 60
      ) % 60
    ) AS INTEGER))
  ) AS bits
FROM placed
GROUP BY
  user_id,
  CAST(TRUNCATE(CAST((
    period + 60
  ) AS DOUBLE) / 60) AS BIGINT) - 1;

-- calendar_active
WITH step_0 AS (
  SELECT
    user_id,
    word,
    bits
  FROM events
  WHERE
    word >= 0 AND NOT user_id IS NULL
), near_1 AS (
  SELECT
    COALESCE(own.user_id, earlier.user_id) AS user_id,
    COALESCE(own.word, earlier.word + 1) AS word,
    COALESCE(own.bits, 0) AS s1,
    COALESCE(earlier.bits, 0) AS before_1
  FROM step_0 AS own
  FULL JOIN (
    SELECT
      user_id,
      word,
      bits
    FROM step_0
    WHERE
      word <= 1
  ) AS earlier
    ON own.user_id = earlier.user_id AND own.word = earlier.word + 1
), step_1 AS (
  SELECT
    word,
    s1,
    BITWISE_OR(
      s1,
      (
        BITWISE_LEFT_SHIFT((
          BITWISE_AND(s1, 576460752303423487)
        ), CAST(1 AS INTEGER))
      )
    ) AS s2,
    BITWISE_OR(before_1, (
      BITWISE_RIGHT_SHIFT(before_1, CAST(1 AS INTEGER))
    )) AS before_1
  FROM near_1
), reached AS (
  SELECT
    word,
    s1 AS a0,
    BITWISE_OR(
      BITWISE_OR(
        s2,
        (
          BITWISE_LEFT_SHIFT((
            BITWISE_AND(s2, 576460752303423487)
          ), CAST(1 AS INTEGER))
        )
      ),
      (
        BITWISE_RIGHT_SHIFT(before_1, CAST(58 AS INTEGER))
      )
    ) AS a1
  FROM step_1
)
SELECT
  word,
  SUM(BITWISE_AND(a0, 1073741825)) AS c0_0,
  SUM(BITWISE_AND((
    BITWISE_RIGHT_SHIFT(a0, CAST(1 AS INTEGER))
  ), 1073741825)) AS c0_1,
  SUM(BITWISE_AND(a1, 1073741825)) AS c1_0,
  SUM(BITWISE_AND((
    BITWISE_RIGHT_SHIFT(a1, CAST(1 AS INTEGER))
  ), 1073741825)) AS c1_1
FROM reached
GROUP BY
  word;

-- calendar_amounts
WITH placed AS (
  SELECT
    user_id,
    word * 60 + CAST(ROUND(LOG(2, bits)) AS BIGINT) AS place,
    COALESCE(value, 0) AS value
  FROM events
  WHERE
    NOT user_id IS NULL
), began AS (
  SELECT
    user_id,
    place,
    value,
    MIN(place) OVER (PARTITION BY user_id) AS first
  FROM placed
), periods AS (
  SELECT
    place
  FROM (VALUES
    (0),
    (1),
    (2)) AS listed(place)
), users AS (
  SELECT
    began.first,
    periods.place,
    began.user_id,
    SUM(began.value) AS value
  FROM began
  JOIN periods
    ON periods.place = began.place
  WHERE
    began.first >= 0
  GROUP BY
    began.first,
    periods.place,
    began.user_id
)
SELECT
  first,
  place,
  COUNT(*) AS n,
  SUM(value) AS value,
  VAR_POP(value) AS spread
FROM users
GROUP BY
  first,
  place;

-- calendar_cohorts
WITH began AS (
  SELECT
    user_id,
    MIN(word * 60 + CAST(ROUND(LOG(2, BITWISE_AND(bits, (
      0 - bits
    )))) AS BIGINT)) AS first
  FROM events
  WHERE
    NOT user_id IS NULL
  GROUP BY
    user_id
), joined AS (
  SELECT
    began.first,
    events.word,
    events.bits
  FROM began
  JOIN events
    ON began.user_id = events.user_id
  WHERE
    began.first >= 0 AND events.word >= 0
)
SELECT
  first,
  word,
  SUM(BITWISE_AND(bits, 1073741825)) AS bits_0,
  SUM(BITWISE_AND((
    BITWISE_RIGHT_SHIFT(bits, CAST(1 AS INTEGER))
  ), 1073741825)) AS bits_1
FROM joined
GROUP BY
  first,
  word;

-- calendar_days
WITH held AS (
  SELECT
    user_id,
    CASE word WHEN 0 THEN BITWISE_AND(bits, 3) ELSE 0 END AS bits
  FROM events
  WHERE
    NOT user_id IS NULL
), users AS (
  SELECT
    user_id,
    SUM(
      (
        BITWISE_AND(bits, 1)
      ) + (
        BITWISE_AND((
          BITWISE_RIGHT_SHIFT(bits, CAST(1 AS INTEGER))
        ), 1)
      )
    ) AS days
  FROM held
  WHERE
    bits <> 0
  GROUP BY
    user_id
)
SELECT
  CAST(days AS BIGINT) AS days,
  COUNT(*) AS n
FROM users
GROUP BY
  days;

-- calendar_firsts
WITH users AS (
  SELECT
    user_id,
    MIN(word * 60 + CAST(ROUND(LOG(2, BITWISE_AND(bits, (
      0 - bits
    )))) AS BIGINT)) AS first
  FROM events
  WHERE
    NOT user_id IS NULL
  GROUP BY
    user_id
)
SELECT
  first,
  COUNT(*) AS n
FROM users
GROUP BY
  first;

-- calendar_returned
WITH firsts AS (
  SELECT
    user_id,
    MIN(word * 60 + CAST(ROUND(LOG(2, BITWISE_AND(bits, (
      0 - bits
    )))) AS BIGINT)) AS first
  FROM events
  WHERE
    NOT user_id IS NULL
  GROUP BY
    user_id
), began AS (
  SELECT
    user_id,
    first,
    CAST(TRUNCATE(CAST((
      first + 60
    ) AS DOUBLE) / 60) AS BIGINT) - 1 AS word,
    BITWISE_LEFT_SHIFT(CAST(1 AS BIGINT), CAST((
      (
        first + 60
      ) % 60
    ) AS INTEGER)) AS low
  FROM firsts
), counted AS (
  SELECT
    COUNT(CASE WHEN first >= 0 THEN 1 END) AS n_users,
    COUNT(CASE WHEN first < 0 THEN 1 END) AS n_before,
    COUNT(CASE WHEN first >= 0 AND first <= 117 THEN 1 END) AS n_0,
    0 AS c_0
  FROM began
  UNION ALL
  SELECT
    0 AS n_users,
    0 AS n_before,
    0 AS n_0,
    COUNT(
      CASE
        WHEN began.first >= 0
        AND began.first <= 117
        AND later.word = began.word
        AND BITWISE_AND(
          later.bits,
          (
            BITWISE_LEFT_SHIFT((
              BITWISE_AND(began.low, 576460752303423487)
            ), CAST(1 AS INTEGER))
          )
        ) <> 0
        THEN 1
      END
    ) AS c_0
  FROM began
  JOIN events AS later
    ON began.user_id = later.user_id
  WHERE
    later.word >= began.word
)
SELECT
  SUM(n_users) AS n_users,
  SUM(n_before) AS n_before,
  SUM(n_0) AS n_0,
  SUM(c_0) AS c_0
FROM counted;

-- calendar_rolled
WITH spans AS (
  SELECT
    word,
    mask,
    longer,
    bit
  FROM (VALUES
    (-1, CAST(576460752303423488 AS BIGINT), -1, CAST(576460752303423488 AS BIGINT)),
    (0, CAST(268435455 AS BIGINT), 0, CAST(1 AS BIGINT)),
    (0, CAST(576460752034988032 AS BIGINT), 0, CAST(2 AS BIGINT))) AS listed(word, mask, longer, bit)
)
SELECT
  events.user_id,
  spans.longer AS word,
  BITWISE_OR_AGG(spans.bit) AS bits
FROM events
JOIN spans
  ON events.word = spans.word
WHERE
  (
    BITWISE_AND(events.bits, spans.mask)
  ) <> 0
GROUP BY
  events.user_id,
  spans.longer;

-- calendar_states
SELECT
  user_id,
  MIN(word * 60 + CAST(ROUND(LOG(2, BITWISE_AND(bits, (
    0 - bits
  )))) AS BIGINT)) AS first,
  MAX(
    word * 60 + CASE
      WHEN bits >= 1073741824
      THEN 30 + CAST(FLOOR(LOG(2, BITWISE_RIGHT_SHIFT(bits, CAST(30 AS INTEGER))) + 1e-10) AS BIGINT)
      ELSE CAST(FLOOR(LOG(2, bits) + 1e-10) AS BIGINT)
    END
  ) AS last,
  MAX(
    CASE
      WHEN word = 0 AND (
        BITWISE_AND(bits, 864691128455135232)
      ) <> 0
      THEN 1
      ELSE 0
    END
  ) AS recent,
  MAX(
    CASE
      WHEN word = 0 AND (
        BITWISE_AND(bits, 216172782113783808)
      ) <> 0
      THEN 1
      ELSE 0
    END
  ) AS former
FROM events
WHERE
  NOT user_id IS NULL
GROUP BY
  user_id;

-- calendar_values
WITH placed AS (
  SELECT
    user_id,
    word * 60 + CAST(ROUND(LOG(2, bits)) AS BIGINT) AS place,
    COALESCE(value, 0) AS value
  FROM events
  WHERE
    NOT user_id IS NULL
), seen AS (
  SELECT
    place,
    value,
    LAG(place) OVER (PARTITION BY user_id ORDER BY place) AS earlier,
    LAG(value) OVER (PARTITION BY user_id ORDER BY place) AS before,
    LEAD(place) OVER (PARTITION BY user_id ORDER BY place) AS again
  FROM placed
), moved AS (
  SELECT
    place,
    value AS total,
    CASE WHEN earlier IS NULL THEN value ELSE 0 END AS fresh,
    CASE WHEN earlier < place - 1 THEN value ELSE 0 END AS resurrected,
    CASE WHEN earlier = place - 1 AND value > before THEN value - before ELSE 0 END AS expansion,
    CASE WHEN earlier = place - 1 AND value < before THEN before - value ELSE 0 END AS contraction,
    0 AS churned
  FROM seen
  UNION ALL
  SELECT
    place + 1 AS place,
    0 AS total,
    0 AS fresh,
    0 AS resurrected,
    0 AS expansion,
    0 AS contraction,
    value AS churned
  FROM seen
  WHERE
    again IS NULL OR again > place + 1
)
SELECT
  place,
  SUM(total) AS total,
  SUM(fresh) AS fresh,
  SUM(resurrected) AS resurrected,
  SUM(expansion) AS expansion,
  SUM(contraction) AS contraction,
  SUM(churned) AS churned
FROM moved
GROUP BY
  place;

-- counts
WITH known AS (
  SELECT
    x0 AS value,
    1 AS weight
  FROM events
), counted AS (
  SELECT
    value,
    COUNT(*) AS n,
    SUM(weight) AS weight,
    SUM(weight * weight) AS weight2
  FROM known
  GROUP BY
    value
), running AS (
  SELECT
    value,
    n,
    weight,
    SUM(n) OVER (PARTITION BY 1) AS n_known,
    SUM(weight) OVER (PARTITION BY 1 ORDER BY value) AS upto,
    SUM(weight) OVER (PARTITION BY 1) AS total,
    SUM(weight2) OVER (PARTITION BY 1) AS total2
  FROM counted
  WHERE
    NOT value IS NULL
)
SELECT
  value,
  n,
  weight,
  n_known,
  upto,
  total,
  total2
FROM running
WHERE
  1 = 1
UNION ALL
SELECT
  value,
  n,
  weight,
  0 AS n_known,
  0 AS upto,
  0 AS total,
  0 AS total2
FROM counted
WHERE
  value IS NULL;

-- moments
WITH parts AS (
  SELECT
    x0 - 100.0 AS d0
  FROM events
)
SELECT
  COUNT(*) AS n_rows,
  COUNT(d0) AS n_0,
  SUM(d0) AS s_0,
  SUM(d0 * d0) AS s_0_0
FROM parts;

-- paths
WITH steps AS (
  SELECT
    'visit' AS name,
    1 AS k,
    63 AS tie
  UNION ALL
  SELECT
    'cart' AS name,
    2 AS k,
    94 AS tie
  UNION ALL
  SELECT
    'buy' AS name,
    3 AS k,
    125 AS tie
), placed AS (
  SELECT
    u0,
    t0,
    k,
    tie AS place
  FROM events
  LEFT JOIN steps
    ON steps.name = CAST(events.e0 AS VARCHAR)
  WHERE
    NOT u0 IS NULL
), marks AS (
  SELECT
    u0,
    t0,
    k,
    place
  FROM placed
  WHERE
    NOT k IS NULL
), reached_1 AS (
  SELECT
    u0,
    t0,
    k,
    t0 * 1024 + place AS r
  FROM marks
), reached_2 AS (
  SELECT
    u0,
    t0,
    k,
    r,
    s
  FROM (
    SELECT
      u0,
      t0,
      k,
      r,
      MAX(CASE WHEN k = 1 AND t0 <= 1789000000000000 THEN t0 END) OVER (PARTITION BY u0 ORDER BY r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
    FROM reached_1
  ) AS carried
  WHERE
    k >= 2 AND t0 - s <= 604800000000
), reached_3 AS (
  SELECT
    u0,
    t0,
    k,
    r,
    s
  FROM (
    SELECT
      u0,
      t0,
      k,
      r,
      MAX(CASE WHEN k = 2 THEN s END) OVER (PARTITION BY u0 ORDER BY r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
    FROM reached_2
  ) AS carried
  WHERE
    k >= 3 AND t0 - s <= 604800000000
), begun AS (
  SELECT
    u0,
    MIN(t0) AS first
  FROM marks
  WHERE
    k = 1
  GROUP BY
    u0
), ordered AS (
  SELECT
    u0,
    first,
    ROW_NUMBER() OVER (PARTITION BY u0 ORDER BY first, u0) AS place
  FROM begun
), users AS (
  SELECT
    u0,
    CASE WHEN first <= 1789000000000000 THEN 1 ELSE 0 END AS step
  FROM ordered
  WHERE
    place = 1
), arrived AS (
  SELECT
    u0,
    step,
    CAST(0 AS BIGINT) AS took
  FROM users
  UNION ALL
  SELECT
    u0,
    2 AS step,
    MIN(t0) - MIN(s) AS took
  FROM reached_2
  WHERE
    k = 2
  GROUP BY
    u0
  UNION ALL
  SELECT
    u0,
    3 AS step,
    MIN(t0) - MIN(s) AS took
  FROM reached_3
  WHERE
    k = 3
  GROUP BY
    u0
)
SELECT
  arrived.step,
  CAST(took AS DOUBLE) / 60000000 AS minutes
FROM arrived
INNER JOIN users
  ON arrived.u0 = users.u0;

-- paths_any
WITH steps AS (
  SELECT
    'visit' AS name,
    1 AS k,
    63 AS tie
  UNION ALL
  SELECT
    'cart' AS name,
    2 AS k,
    94 AS tie
  UNION ALL
  SELECT
    'buy' AS name,
    3 AS k,
    125 AS tie
), kinds AS (
  SELECT
    k AS kind
  FROM steps
  GROUP BY
    k
), marks AS (
  SELECT
    u0,
    t0,
    k
  FROM events
  INNER JOIN steps
    ON steps.name = CAST(events.e0 AS VARCHAR)
  WHERE
    NOT u0 IS NULL
), lately AS (
  SELECT
    u0,
    t0,
    kind,
    MAX(CASE WHEN k = kind THEN t0 END) OVER (
      PARTITION BY u0, kind
      ORDER BY t0
      RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS done,
    MAX(CASE WHEN t0 <= 1789000000000000 THEN t0 END) OVER (
      PARTITION BY u0, kind
      ORDER BY t0
      RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS s
  FROM marks
  CROSS JOIN kinds
), moments AS (
  SELECT
    u0,
    t0,
    kind,
    done,
    s
  FROM lately
  WHERE
    NOT done IS NULL AND NOT s IS NULL
  GROUP BY
    u0,
    t0,
    kind,
    done,
    s
), reached AS (
  SELECT
    u0,
    t0,
    CASE WHEN done < s THEN done ELSE s END AS s,
    ROW_NUMBER() OVER (PARTITION BY u0, t0 ORDER BY done DESC, kind) AS step
  FROM moments
), begun AS (
  SELECT
    u0,
    MIN(t0) AS first
  FROM marks
  GROUP BY
    u0
), ordered AS (
  SELECT
    u0,
    first,
    ROW_NUMBER() OVER (PARTITION BY u0 ORDER BY first, u0) AS place
  FROM begun
), users AS (
  SELECT
    u0,
    CASE WHEN first <= 1789000000000000 THEN 1 ELSE 0 END AS step
  FROM ordered
  WHERE
    place = 1
), arrived AS (
  SELECT
    u0,
    step,
    CAST(0 AS BIGINT) AS took
  FROM users
  UNION ALL
  SELECT
    u0,
    step,
    MIN(t0) - MIN(s) AS took
  FROM reached
  WHERE
    step >= 2 AND t0 - s <= 604800000000
  GROUP BY
    u0,
    step
)
SELECT
  arrived.step,
  CAST(took AS DOUBLE) / 60000000 AS minutes
FROM arrived
INNER JOIN users
  ON arrived.u0 = users.u0;

-- paths_moves
WITH states AS (
  SELECT
    'visit' AS name,
    1 AS k
  UNION ALL
  SELECT
    'cart' AS name,
    2 AS k
  UNION ALL
  SELECT
    'buy' AS name,
    3 AS k
), visits AS (
  SELECT
    u0,
    t0,
    COALESCE(k, 0) AS k
  FROM events
  LEFT JOIN states
    ON states.name = CAST(events.e0 AS VARCHAR)
  WHERE
    NOT u0 IS NULL
), beside AS (
  SELECT
    u0,
    t0,
    k,
    ROW_NUMBER() OVER (PARTITION BY u0 ORDER BY t0, k) AS place,
    LAG(k) OVER (PARTITION BY u0 ORDER BY t0, k) AS k_before,
    LAG(t0) OVER (PARTITION BY u0 ORDER BY t0, k) AS t_before,
    LEAD(t0) OVER (PARTITION BY u0 ORDER BY t0, k) AS t_after
  FROM visits
), walked AS (
  SELECT
    u0,
    t0,
    place,
    k,
    t_before,
    t_after,
    CASE
      WHEN t_before IS NULL OR k_before = 3 OR t0 - t_before > 1800000000
      THEN -1
      ELSE k_before
    END AS past
  FROM beside
)
SELECT
  u0,
  place,
  k,
  CASE
    WHEN past >= 0 AND (
      t_before > 1789000000000000 OR t_before < 1767225600000000
    )
    THEN -2
    ELSE past
  END AS came,
  CASE
    WHEN k = 3 AND (
      past >= 0 OR t0 <= 1789000000000000
    )
    THEN 2
    WHEN t0 > 1789000000000000
    THEN 3
    WHEN t_after - t0 <= 1800000000
    THEN 0
    ELSE 1
  END AS outcome,
  CASE WHEN past >= 0 THEN CAST(t0 - t_before AS DOUBLE) / 60000000 END AS minutes
FROM walked
WHERE
  t0 >= 1767225600000000;

-- paths_passed
WITH placed AS (
  SELECT
    u0,
    k,
    outcome,
    SUM(CASE WHEN came = -1 THEN 1 ELSE 0 END) OVER (PARTITION BY u0 ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS path
  FROM events
), walked AS (
  SELECT
    u0,
    path,
    CASE WHEN path = 0 THEN 0 ELSE MAX(outcome) END AS outcome,
    BITWISE_OR_AGG(BITWISE_LEFT_SHIFT(CAST(1 AS BIGINT), CAST(k AS INTEGER))) AS bits
  FROM placed
  GROUP BY
    u0,
    path
), kinds AS (
  SELECT
    k
  FROM events
  GROUP BY
    k
)
SELECT
  walked.outcome,
  kinds.k,
  COUNT(*) AS n,
  SUM(
    CASE
      WHEN (
        BITWISE_AND((
          BITWISE_RIGHT_SHIFT(bits, CAST(kinds.k AS INTEGER))
        ), 1)
      ) = 1
      THEN 1
      ELSE 0
    END
  ) AS count
FROM walked
CROSS JOIN kinds
GROUP BY
  walked.outcome,
  kinds.k;

-- purchases
WITH bought AS (
  SELECT
    x0 AS value,
    CAST(TRUNCATE(CAST((
      t0 + 6048000000000000
    ) AS DOUBLE) / 86400000000) AS BIGINT) - 70000 AS period,
    u0,
    t0
  FROM events
  WHERE
    NOT u0 IS NULL AND NOT t0 IS NULL
), baskets AS (
  SELECT
    u0,
    period,
    MIN(t0) AS t_low,
    COUNT(*) AS orders,
    COUNT(value) AS known,
    SUM(value) AS value
  FROM bought
  GROUP BY
    u0,
    period
), earliest AS (
  SELECT
    u0,
    MIN(period) AS first_period,
    MIN(t_low) AS t_first
  FROM baskets
  GROUP BY
    u0
), opening AS (
  SELECT
    bought.u0 AS opener,
    ROW_NUMBER() OVER (PARTITION BY bought.u0 ORDER BY t0) AS nth
  FROM bought
  JOIN earliest
    ON bought.u0 = earliest.u0 AND bought.t0 = earliest.t_first
), summed AS (
  SELECT
    baskets.u0 AS customer,
    earliest.t_first AS first_at,
    earliest.first_period,
    MIN(CASE WHEN baskets.period > earliest.first_period THEN baskets.period END) AS second_period,
    MAX(baskets.period) AS last_period,
    COUNT(*) AS purchases,
    CAST(SUM(baskets.orders) AS BIGINT) AS orders,
    CAST(SUM(baskets.orders - baskets.known) AS BIGINT) AS orders_without_amount,
    SUM(baskets.value) AS amount,
    SUM(CASE WHEN baskets.period = earliest.first_period THEN baskets.value END) AS first_amount
  FROM baskets
  JOIN earliest
    ON baskets.u0 = earliest.u0
  GROUP BY
    baskets.u0,
    earliest.t_first,
    earliest.first_period
)
SELECT
  customer,
  first_at,
  first_period,
  second_period,
  last_period,
  purchases,
  orders,
  orders_without_amount,
  amount,
  first_amount
FROM summed
JOIN opening
  ON customer = opener AND nth = 1;

-- purchases_recent
WITH bought AS (
  SELECT
    u0 AS customer,
    x0 AS value,
    CAST(TRUNCATE(CAST((
      t0 + 6048000000000000
    ) AS DOUBLE) / 86400000000) AS BIGINT) - 70000 AS day,
    CAST(TRUNCATE(CAST((
      t0 + 6048000000000000
    ) AS DOUBLE) / 86400000000) AS BIGINT) - 90485 AS period
  FROM events
  WHERE
    NOT u0 IS NULL AND NOT t0 IS NULL
), marked AS (
  SELECT
    customer,
    value,
    day,
    CAST(TRUNCATE(CAST(period AS DOUBLE) / 420) AS BIGINT) AS era,
    CAST(TRUNCATE(CAST(period AS DOUBLE) / 60) AS BIGINT) % 7 AS word,
    BITWISE_LEFT_SHIFT(CAST(1 AS BIGINT), CAST((
      period % 60
    ) AS INTEGER)) AS bit
  FROM bought
)
SELECT
  customer,
  era,
  MAX(day) AS last_day,
  COUNT(*) AS orders,
  SUM(value) AS amount,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 0 THEN bit END), 0) AS word_0,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 1 THEN bit END), 0) AS word_1,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 2 THEN bit END), 0) AS word_2,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 3 THEN bit END), 0) AS word_3,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 4 THEN bit END), 0) AS word_4,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 5 THEN bit END), 0) AS word_5,
  COALESCE(BITWISE_OR_AGG(CASE WHEN word = 6 THEN bit END), 0) AS word_6
FROM marked
GROUP BY
  customer,
  era;
