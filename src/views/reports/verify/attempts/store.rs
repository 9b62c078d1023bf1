//! SQL of attempts that are old and not final.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// An attempt whose outcome should have been found out.
#[derive(Clone, Debug)]
pub(in crate::views::reports::verify) struct OldAttempt {
    /// Whose attempt.
    pub merchant_id: Uuid,
    /// The attempt.
    pub attempt_id: Uuid,
    /// What is known of it.
    pub status: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// An attempt that is old and not final: one that got no answer in an hour, or one that its rail has
/// taken on and has not decided in a month.
pub(in crate::views::reports::verify) async fn old_attempt(
    db: &mut PgConnection,
    only: Option<Uuid>,
) -> Result<Option<OldAttempt>, sqlx::Error> {
    let row = sqlx::query_as!(
        OldAttempt,
        "-- verify.old_attempt
        SELECT merchant_id, id AS attempt_id, status, created_at FROM attempts
        WHERE ($1::uuid IS NULL OR merchant_id = $1)
            AND (status NOT IN ('pending', 'requires_action', 'succeeded', 'failed')
                AND created_at < now() - interval '1 hour'
                OR status = 'pending' AND created_at < now() - interval '30 days')
        ORDER BY created_at LIMIT 1",
        only
    );
    row.fetch_optional(db).await
}
