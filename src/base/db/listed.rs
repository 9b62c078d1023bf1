//! The statement behind every list: one shape, whatever is listed.

/// A statement that looks for a page of a list and gives [`Seen`](super::Seen) rows.
///
/// It begins with the name of the statement and `WITH listed AS NOT MATERIALIZED (…)`: the `id` of
/// each row that is the merchant's (`$1`) and may be found by an index, and as `is_wanted` whether
/// it is asked for by what has no index. `$2` to `$5` are the page; what is asked for begins at
/// `$6`.
macro_rules! query_listed {
    ($listed:literal, $merchant:expr, $window:expr, $($asked_for:expr),* $(,)?) => {
        sqlx::query_as!(
            $crate::base::db::Seen,
            $listed + r#"
            SELECT page.id AS "id!", page.is_wanted AS "is_wanted!", page.is_last AS "is_last!"
            FROM (
                (
                    SELECT id, is_wanted, place = $5 AS is_last
                    FROM (
                        SELECT id, is_wanted, row_number() OVER (ORDER BY id DESC) AS place
                        FROM listed
                        WHERE $3::uuid IS NULL AND ($2::uuid IS NULL OR id < $2)
                        ORDER BY id DESC LIMIT $5
                    ) seen
                    WHERE is_wanted OR place = $5
                    ORDER BY id DESC LIMIT $4
                )
                UNION ALL
                (
                    SELECT id, is_wanted, place = $5 AS is_last
                    FROM (
                        SELECT id, is_wanted, row_number() OVER (ORDER BY id ASC) AS place
                        FROM listed
                        WHERE id > $3
                        ORDER BY id ASC LIMIT $5
                    ) seen
                    WHERE is_wanted OR place = $5
                    ORDER BY id ASC LIMIT $4
                )
            ) page
            ORDER BY page.id DESC"#,
            $merchant.0,
            $window.older_than,
            $window.newer_than,
            $window.reach(),
            $crate::base::db::SCAN,
            $($asked_for),*
        )
    };
}

pub(crate) use query_listed;
