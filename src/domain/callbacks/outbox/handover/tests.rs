use super::*;
use crate::{
    base::event_type::EventType,
    base::ids::{DeliveryId, EventId},
    domain::callbacks::{EndpointStatus, EventFilter},
};
use time::{Duration as Span, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-11-22 06:00:00 UTC);
const LEASE: Uuid = Uuid::from_u128(7);
const INTENT: Uuid = Uuid::from_u128(9);
const MERCHANT: MerchantId = MerchantId(Uuid::from_u128(1));
const ENDPOINT: EndpointId = EndpointId(Uuid::from_u128(2));

/// A state that has seen one endpoint with room for two, of which nothing is under way.
struct Office {
    handover: Handover,
    arrivals: mpsc::UnboundedReceiver<Claimed>,
    endpoint: Endpoint,
    now: OffsetDateTime,
}

impl Office {
    fn new() -> Self {
        let handover = Handover::default();
        let terms = Terms {
            lease: LEASE,
            lasts: Duration::from_secs(30),
            total: 3,
            per_merchant: 2,
        };
        let arrivals = handover.attend(terms).unwrap();
        assert!(handover.attend(terms).is_none(), "one attends");
        let office = Self {
            handover,
            arrivals,
            endpoint: Endpoint {
                id: ENDPOINT,
                merchant: MERCHANT,
                url: "https://bot.example/".to_owned(),
                events: EventFilter::stored(vec!["*".to_owned()]),
                description: None,
                status: EndpointStatus::Enabled.into(),
                disabled_reason: None,
                ordering: Ordering::Intent.into(),
                stripe_signature: false,
                public_key: None,
                created_by: None,
                created_at: NOW,
                updated_at: NOW,
                deleted_at: None,
            },
            now: NOW,
        };
        office.claim(1);
        office.handover.finished((MERCHANT, ENDPOINT));
        office
    }

    /// A claim takes so many of the endpoint and leaves nothing behind.
    fn claim(&self, count: usize) {
        self.claim_for(ENDPOINT, count);
    }

    fn claim_for(&self, endpoint: EndpointId, count: usize) {
        let claimed = Claimed {
            merchant: MERCHANT,
            delivery: DeliveryId(Uuid::from_u128(3)),
            lease: LEASE,
            endpoint,
            event: EventId(Uuid::from_u128(4)),
            attempt: 1,
            failures: 0,
            url: self.endpoint.url.clone(),
            sealed_secrets: vec![vec![1]],
            stripe_signature: false,
            endpoint_updated_at: self.endpoint.updated_at,
            health: Health::new(2),
            payload: vec![],
        };
        self.handover.claim_begins();
        for _ in 0..count {
            self.handover.claimed(&claimed, self.now);
        }
        self.handover.claim_ends(false);
    }

    /// What is reserved for an event that has this place in its intent, if nothing is owed from before.
    fn reserve(&self, place: i32) -> (Reserved<'_>, NewDelivery) {
        self.reserve_if(place, true)
    }

    fn reserve_if(&self, place: i32, clear: bool) -> (Reserved<'_>, NewDelivery) {
        let event = StoredEvent {
            actor: crate::base::actor::Actor::Payer,
            merchant: MERCHANT,
            sequence: 5,
            id: EventId(Uuid::from_u128(5)),
            event_type: EventType::IntentSucceeded,
            intent_id: Some(INTENT),
            intent_sequence: Some(place),
            conversation: None,
            payload: b"{}".to_vec(),
            created_at: self.now,
        };
        let mut deliveries = [NewDelivery {
            merchant: MERCHANT,
            id: DeliveryId(Uuid::from_u128(6)),
            endpoint: ENDPOINT,
            event_sequence: 5,
            intent: Some(INTENT),
            held: false,
            lease: None,
            created_at: self.now,
        }];
        let find = |_, _| Some(&self.endpoint);
        let events = [event];
        let owed = (!clear).then_some((ENDPOINT, INTENT)).into_iter().collect();
        let offer = Offer {
            events: &events,
            deliveries: &mut deliveries,
            pending: Some(owed),
        };
        let reserved = self.handover.reserve(offer, find, self.now);
        let [delivery] = deliveries;
        assert_eq!(delivery.lease.is_some(), reserved.count() == 1);
        (reserved, delivery)
    }

    /// Whether the next event of the intent takes the fast path.
    fn is_open(&self) -> bool {
        self.reserve(2).0.count() == 1
    }
}

#[test]
fn what_is_committed_arrives_under_the_lease_that_its_row_has() {
    let mut office = Office::new();
    let (reserved, delivery) = office.reserve(2);
    assert_eq!(delivery.lease, Some((LEASE, NOW + Span::seconds(30))));
    reserved.hand_over();
    let arrived = office.arrivals.try_recv().unwrap();
    let told = (arrived.delivery, arrived.lease, arrived.attempt);
    assert_eq!(told, (delivery.id, LEASE, 1));
    assert_eq!(arrived.payload, b"{}");
}

#[test]
fn what_is_not_committed_gives_its_place_back() {
    let mut office = Office::new();
    for _ in 0..5 {
        drop(office.reserve(2));
    }
    assert!(office.is_open());
    assert!(office.arrivals.try_recv().is_err());
}

#[test]
fn an_event_waits_for_the_one_before_it_unless_its_endpoint_wants_no_order() {
    let mut office = Office::new();
    let goes = |office: &Office, place, clear| office.reserve_if(place, clear).0.count() == 1;
    assert!(!goes(&office, 3, false), "the second is still owed");
    assert!(goes(&office, 1, false), "nothing is before the first");
    assert!(goes(&office, 3, true), "others do not wait for it");
    office.endpoint.ordering = Ordering::None.into();
    assert!(goes(&office, 9, false));
}

#[test]
fn no_more_than_the_endpoint_may_have_and_then_nothing_passes_what_waits() {
    let office = Office::new();
    office.reserve(1).0.hand_over();
    office.reserve(1).0.hand_over();
    assert!(!office.is_open(), "two are under way");
    office.handover.finished((MERCHANT, ENDPOINT));
    assert!(!office.is_open(), "something waits");
    office.claim(1);
    assert!(!office.is_open(), "it has all that it may");
    office.handover.finished((MERCHANT, ENDPOINT));
    office.handover.finished((MERCHANT, ENDPOINT));
    assert!(
        !office.is_open(),
        "more may wait: no claim has seen otherwise"
    );
    office.claim(0);
    assert!(office.is_open());
}

#[test]
fn no_more_than_its_merchant_may_have_at_all_its_endpoints() {
    let office = Office::new();
    office.claim(1);
    let other = EndpointId(Uuid::from_u128(8));
    office.claim_for(other, 1);
    assert!(!office.is_open(), "the merchant has two under way");
    office.handover.finished((MERCHANT, other));
    office.claim(0);
    assert!(office.is_open());
}

#[test]
fn whatever_is_in_doubt_goes_the_long_way() {
    let mut office = Office::new();
    office.endpoint.updated_at += Span::seconds(1);
    assert!(!office.is_open(), "it was changed since the claim saw it");
    let mut office = Office::new();
    office.now += Span::minutes(1);
    assert!(!office.is_open(), "that is too long ago");
    let office = Office::new();
    let failed = Health {
        failures: 1,
        ..Health::new(2)
    };
    office.handover.health(ENDPOINT, failed);
    assert!(!office.is_open(), "it fails");
    let office = Office::new();
    office.handover.leave();
    assert!(!office.is_open(), "nobody attends");
}
