//! SQL of endpoints and events: what the writer loads and records, and what the API reads of
//! endpoints.

use super::{Endpoint, EventFilter, NewDelivery, StoredEvent};
use crate::base::db::Pool;
use crate::base::{
    ids::{EndpointId, KeyId, MerchantId},
    names::Word,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A row of an endpoint.
#[derive(Debug)]
pub struct EndpointRow {
    pub(crate) merchant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) url: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) disabled_reason: Option<String>,
    pub(crate) ordering: String,
    pub(crate) stripe_signature: bool,
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) created_by: Option<String>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) deleted_at: Option<OffsetDateTime>,
}

impl EndpointRow {
    /// The endpoint.
    pub fn read(self) -> Endpoint {
        Endpoint {
            id: EndpointId(self.id),
            merchant: MerchantId(self.merchant_id),
            url: self.url,
            events: EventFilter::stored(self.event_types),
            description: self.description,
            status: Word::read(self.status),
            disabled_reason: self.disabled_reason,
            ordering: Word::read(self.ordering),
            stripe_signature: self.stripe_signature,
            // The schema checks its length.
            public_key: self.public_key.and_then(|key| key.try_into().ok()),
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        }
    }
}

/// Stores endpoints that are new or changed.
#[expect(
    clippy::as_conversions,
    reason = "`query!` has no other way to be told that an array's elements may be null"
)]
pub async fn upsert_endpoints(
    db: &mut PgConnection,
    endpoints: &[Endpoint],
) -> Result<(), sqlx::Error> {
    let merchants: Vec<Uuid> = endpoints.iter().map(|e| e.merchant.0).collect();
    let ids: Vec<Uuid> = endpoints.iter().map(|e| e.id.0).collect();
    let urls: Vec<&str> = endpoints.iter().map(|e| e.url.as_str()).collect();
    // An array of arrays cannot be unnested by row; an event type holds no line break.
    let types = endpoints.iter().map(|e| e.events.patterns().join("\n"));
    let types: Vec<String> = types.collect();
    let descriptions: Vec<_> = endpoints.iter().map(|e| e.description.as_deref()).collect();
    let statuses: Vec<String> = endpoints.iter().map(|e| e.status.to_string()).collect();
    let reasons: Vec<_> = endpoints
        .iter()
        .map(|e| e.disabled_reason.as_deref())
        .collect();
    let orderings: Vec<String> = endpoints.iter().map(|e| e.ordering.to_string()).collect();
    let stripe: Vec<bool> = endpoints.iter().map(|e| e.stripe_signature).collect();
    let keys: Vec<Option<&[u8]>> = endpoints
        .iter()
        .map(|e| e.public_key.as_ref().map(<[u8; 32]>::as_slice))
        .collect();
    let created_by: Vec<_> = endpoints.iter().map(|e| e.created_by.as_deref()).collect();
    let created_at: Vec<OffsetDateTime> = endpoints.iter().map(|e| e.created_at).collect();
    let updated_at: Vec<OffsetDateTime> = endpoints.iter().map(|e| e.updated_at).collect();
    let deleted_at: Vec<Option<OffsetDateTime>> = endpoints.iter().map(|e| e.deleted_at).collect();
    let upsert = sqlx::query!(
        "-- callbacks.upsert_endpoints
        INSERT INTO callback_endpoints (merchant_id, id, url, event_types, description, status,
            disabled_reason, ordering, stripe_signature, public_key, created_by, created_at,
            updated_at, deleted_at)
        SELECT u.merchant_id, u.id, u.url, string_to_array(u.types, E'\\n'), u.description,
            u.status, u.disabled_reason, u.ordering, u.stripe_signature, u.public_key,
            u.created_by, u.created_at, u.updated_at, u.deleted_at
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::boolean[], $10::bytea[], $11::text[],
            $12::timestamptz[], $13::timestamptz[], $14::timestamptz[])
            AS u (merchant_id, id, url, types, description, status, disabled_reason, ordering,
                stripe_signature, public_key, created_by, created_at, updated_at, deleted_at)
        ON CONFLICT (merchant_id, id) DO UPDATE SET url = excluded.url,
            event_types = excluded.event_types, description = excluded.description,
            status = excluded.status, disabled_reason = excluded.disabled_reason,
            ordering = excluded.ordering, stripe_signature = excluded.stripe_signature,
            public_key = excluded.public_key, updated_at = excluded.updated_at,
            deleted_at = excluded.deleted_at",
        &merchants,
        &ids,
        &urls as &[&str],
        &types,
        &descriptions as &[Option<&str>],
        &statuses,
        &reasons as &[Option<&str>],
        &orderings,
        &stripe,
        &keys as &[Option<&[u8]>],
        &created_by as &[Option<&str>],
        &created_at,
        &updated_at,
        &deleted_at as &[Option<OffsetDateTime>],
    );
    upsert.execute(db).await.map(drop)
}

/// Events and deliveries as the columns of their tables.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Whose events they are.
    pub merchants: Vec<Uuid>,
    /// Their numbers, per merchant.
    pub sequences: Vec<i64>,
    /// Their ids.
    pub ids: Vec<Uuid>,
    /// Their types.
    pub types: Vec<&'static str>,
    /// The intents that they are about.
    pub intents: Vec<Option<Uuid>>,
    /// Their numbers, per intent.
    pub intent_sequences: Vec<Option<i32>>,
    /// The conversations that they are about.
    pub conversations: Vec<Option<&'a str>>,
    /// Who caused them.
    pub actors: Vec<String>,
    /// Their JSON.
    pub payloads: Vec<&'a [u8]>,
    /// When they happened.
    pub created_at: Vec<OffsetDateTime>,
    /// Whose deliveries they are.
    pub delivery_merchants: Vec<Uuid>,
    /// Their ids.
    pub delivery_ids: Vec<Uuid>,
    /// Where they go.
    pub endpoints: Vec<Uuid>,
    /// The numbers of their events.
    pub delivery_events: Vec<i64>,
    /// The intents that they are about.
    pub about: Vec<Option<Uuid>>,
    /// Whether they wait for their endpoint to be enabled.
    pub held: Vec<bool>,
    /// Under which leases they are sent already.
    pub leases: Vec<Option<Uuid>>,
    /// When they are due, or their leases end.
    pub due_at: Vec<OffsetDateTime>,
    /// When they were made.
    pub made_at: Vec<OffsetDateTime>,
}

/// The columns of events, and of their deliveries.
pub fn columns<'a>(events: &'a [StoredEvent], deliveries: &[NewDelivery]) -> Columns<'a> {
    let due_at = |d: &NewDelivery| d.lease.map_or(d.created_at, |lease| lease.1);
    Columns {
        merchants: events.iter().map(|e| e.merchant.0).collect(),
        sequences: events.iter().map(|e| e.sequence).collect(),
        ids: events.iter().map(|e| e.id.0).collect(),
        types: events.iter().map(|e| e.event_type.as_str()).collect(),
        intents: events.iter().map(|e| e.intent_id).collect(),
        intent_sequences: events.iter().map(|e| e.intent_sequence).collect(),
        conversations: events.iter().map(|e| e.conversation.as_deref()).collect(),
        actors: events.iter().map(|e| e.actor.to_string()).collect(),
        payloads: events.iter().map(|e| e.payload.as_slice()).collect(),
        created_at: events.iter().map(|e| e.created_at).collect(),
        delivery_merchants: deliveries.iter().map(|d| d.merchant.0).collect(),
        delivery_ids: deliveries.iter().map(|d| d.id.0).collect(),
        endpoints: deliveries.iter().map(|d| d.endpoint.0).collect(),
        delivery_events: deliveries.iter().map(|d| d.event_sequence).collect(),
        about: deliveries.iter().map(|d| d.intent).collect(),
        held: deliveries.iter().map(|d| d.held).collect(),
        leases: deliveries.iter().map(|d| d.lease.map(|l| l.0)).collect(),
        due_at: deliveries.iter().map(due_at).collect(),
        made_at: deliveries.iter().map(|d| d.created_at).collect(),
    }
}

/// All of a merchant's endpoints that are not deleted, newest first.
pub async fn endpoints(pool: &Pool, merchant: MerchantId) -> Result<Vec<Endpoint>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EndpointRow,
        "-- callbacks.endpoints
        SELECT e.merchant_id, e.id, e.url, e.event_types, e.description, e.status,
            e.disabled_reason, e.ordering, e.stripe_signature, e.public_key, e.created_by,
                e.created_at,
            e.updated_at, e.deleted_at
        FROM callback_endpoints e
        WHERE e.merchant_id = $1 AND e.deleted_at IS NULL ORDER BY e.id DESC",
        merchant.0
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(EndpointRow::read).collect())
}

/// One endpoint of a merchant, unless it is deleted or another's.
pub async fn endpoint(
    pool: &Pool,
    merchant: MerchantId,
    id: EndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let all = endpoints(pool, merchant).await?;
    Ok(all.into_iter().find(|endpoint| endpoint.id == id))
}

/// Disables the endpoints that a key made, for this reason, and says which were enabled until now.
/// The caller holds the merchant's books.
pub async fn disable_made_by(
    db: &mut PgConnection,
    (merchant, key): (MerchantId, KeyId),
    reason: &str,
    now: OffsetDateTime,
) -> Result<Vec<EndpointId>, sqlx::Error> {
    let disable = sqlx::query_scalar!(
        "-- callbacks.disable_made_by
        UPDATE callback_endpoints SET status = 'disabled', disabled_reason = $3, updated_at = $4
        WHERE merchant_id = $1 AND created_by = $2 AND status = 'enabled' AND deleted_at IS NULL
        RETURNING id",
        merchant.0,
        key.to_string(),
        reason,
        now
    );
    let ids = disable.fetch_all(db).await?;
    Ok(ids.into_iter().map(EndpointId).collect())
}
