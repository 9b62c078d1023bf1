//! What must be true after every batch, and at the end.

use super::{audit::Audit, clients, store::Store, writers::Batch};
use std::collections::{BTreeSet, HashMap};
use threadpay::{
    base::event_type::EventType,
    base::ids::{EndpointId, IntentId, LinkId, MerchantId, RefundId},
    domain::{
        callbacks::{Disabling, EndpointError},
        idempotency::store::KeyName,
        intents::{
            AttemptStatus, CaptureMethod, Intent, IntentError, Opening, RefundStatus, State, Status,
        },
        links::{LinkError, LinkStatus},
        rail_accounts::RailAccountError,
        rails::CallKind,
        reconciliation::LineError,
    },
    writer::{Command, EndpointCommand, MovementCommand, Rejection, Reply, World},
};
use time::OffsetDateTime;

/// Each reply against what was known of its key before.
pub fn check_replies(store: &Store, world: &World, batch: &Batch) {
    let mut fresh: BTreeSet<KeyName> = BTreeSet::new();
    for (job, reply) in batch.jobs.iter().zip(&batch.replies) {
        let name = clients::name(&job.submission);
        let known = |name: &KeyName| store.keys.contains_key(name) || fresh.contains(name);
        match reply {
            Ok(Reply::Replay(answer)) => {
                let row = name.and_then(|name| world.keys.get(&name));
                let kept = row.and_then(|record| record.answer.as_ref());
                assert_eq!(kept, Some(answer), "another answer than the one kept");
            }
            Ok(Reply::Answer(_) | Reply::Call(_) | Reply::Begun(_)) => {
                if let Some(name) = name {
                    assert!(!known(&name), "{name:?} had two effects");
                    fresh.insert(name);
                }
            }
            Err(Rejection::KeyInUse | Rejection::KeyReused) => {
                assert!(known(&name.unwrap()), "no request has this key");
            }
            Err(Rejection::Internal(fault)) => panic!("a fault of ours: {fault}"),
            Err(
                Rejection::Invalid(_)
                | Rejection::NotFound(_)
                | Rejection::Intent(
                    IntentError::AmountTooLarge { .. } | IntentError::TooManyDeclines(_),
                )
                | Rejection::Line(LineError::Processing)
                | Rejection::Link(LinkError::TooManyDeclines(_))
                | Rejection::Endpoint(EndpointError::TooManyPings(_))
                | Rejection::RailAccount(RailAccountError::Invalid(_)),
            ) => {
                assert!(name.is_none_or(|name| !known(&name)));
            }
            Err(
                Rejection::Intent(_)
                | Rejection::Link(_)
                | Rejection::Movement(_)
                | Rejection::Line(_)
                | Rejection::Endpoint(_)
                | Rejection::RailAccount(_),
            ) => {
                assert!(name.is_none(), "a verdict that its key does not keep");
            }
        }
        if let (Command::Endpoint(EndpointCommand::Disable(id, why)), Ok(Reply::Answer(answer))) =
            (&job.submission.command, reply)
        {
            let (Disabling::Gone(seen) | Disabling::Failing { last_at: seen, .. }) = why;
            let changed = store.endpoints[&(job.submission.merchant, *id)].updated_at;
            let stands = answer.status != 200 || changed <= *seen;
            assert!(stands, "{id} was changed after what it is given up for");
        }
        if let (Command::Movement(MovementCommand::Learn(_)), Err(error)) =
            (&job.submission.command, reply)
        {
            panic!("a fact was refused: {error}");
        }
    }
}

/// What a batch is about to write, against what is there.
pub fn check_batch(store: &Store, world: &World, now: OffsetDateTime) {
    check_deliveries(store, world);
    for (key, after) in world.intents.changed() {
        check_move(&store.intents[key], after, now + store.ahead(key.0));
    }
    for (key, after) in world.keys.changed() {
        let before = &store.keys[key];
        assert_eq!(before.fingerprint, after.fingerprint);
        assert!(before.answer.is_none(), "{key:?} got another answer");
    }
    for (key, after) in world.attempts.changed() {
        let before = &store.attempts[key];
        let came_back = after.status == AttemptStatus::Reversed;
        let stays = !before.is_final() || before.status == after.status || came_back;
        assert!(stays, "{before:?} became {after:?}");
    }
    let pages = world.intents.made().len() + world.links.made().len();
    assert_eq!(world.tokens.len(), pages, "every page has a token");
}

/// Whoever sees everything is owed each event once, but no ping of another's.
fn check_deliveries(store: &Store, world: &World) {
    let mut owed: HashMap<(MerchantId, i64), usize> = HashMap::new();
    for delivery in &world.deliveries {
        if store.watchers.contains(&delivery.endpoint) {
            let place = (delivery.merchant, delivery.event_sequence);
            *owed.entry(place).or_default() += 1;
        }
    }
    for event in &world.events {
        let count = owed.remove(&(event.merchant, event.sequence));
        let one = usize::from(event.event_type != EventType::Ping);
        assert_eq!(count.unwrap_or_default(), one, "deliveries of {event:?}");
    }
    assert!(owed.is_empty(), "deliveries without an event: {owed:?}");
}

/// An intent as one batch leaves it, against how the batch found it.
fn check_move(before: &Intent, after: &Intent, now: OffsetDateTime) {
    assert_eq!(before.terms, after.terms);
    assert!(before.sums.captured.minor() <= after.sums.captured.minor());
    // Whoever looked was told that it is expired, before the worker wrote it down.
    if before.status_at(now) == Status::Expired {
        assert_eq!(after.status_at(now), Status::Expired, "{before:?}");
    }
    let ended = match before.state {
        State::Succeeded | State::Canceled(_) | State::Expired => true,
        State::RequiresPayment
        | State::Processing(..)
        | State::RequiresAction(_)
        | State::RequiresCapture => false,
    };
    let stays = !ended || before.state == after.state;
    assert!(stays, "{before:?} became {after:?}");
}

/// The rows that a batch wrote, and those whose rules hang on them.
pub struct Touched {
    intents: BTreeSet<(MerchantId, IntentId)>,
    refunds: BTreeSet<(MerchantId, RefundId)>,
    links: BTreeSet<(MerchantId, LinkId)>,
    endpoints: BTreeSet<(MerchantId, EndpointId)>,
}

impl Touched {
    pub fn of(world: &World) -> Self {
        let intents = [world.intents.made(), world.intents.changed()].concat();
        let attempts = [world.attempts.made(), world.attempts.changed()].concat();
        let refunds = [world.refunds.made(), world.refunds.changed()].concat();
        let links = [world.links.made(), world.links.changed()].concat();
        let secrets = [world.secrets.made(), world.secrets.changed()].concat();
        let paid = intents.iter().filter_map(|(_, intent)| {
            let link = intent.terms.payment_link?;
            Some((intent.merchant, link))
        });
        let of_attempts = attempts.iter().map(|(_, a)| (a.merchant, a.intent));
        Self {
            links: links.iter().map(|(key, _)| **key).chain(paid).collect(),
            refunds: refunds.iter().map(|(key, _)| **key).collect(),
            endpoints: secrets.iter().map(|(key, _)| (key.0, key.1)).collect(),
            intents: intents
                .iter()
                .map(|(key, _)| **key)
                .chain(of_attempts)
                .collect(),
        }
    }

    /// Everything there is.
    pub fn all(store: &Store) -> Self {
        Self {
            intents: store.intents.keys().copied().collect(),
            refunds: store.refunds.keys().copied().collect(),
            links: store.links.keys().copied().collect(),
            endpoints: store.endpoints.keys().copied().collect(),
        }
    }

    pub fn check(&self, store: &Store, audit: &Audit) {
        for key in &self.intents {
            check_intent(store, audit, &store.intents[key]);
        }
        for key in &self.refunds {
            let refund = &store.refunds[key];
            let entries = audit.booked(&refund.id.to_string());
            let amount = refund.amount.minor();
            let fits = if refund.status == RefundStatus::Succeeded {
                entries == [amount]
            } else {
                // Nothing went, or it came back.
                entries.is_empty() || entries == [amount, amount]
            };
            assert!(fits, "{refund:?} has entries of {entries:?}");
        }
        for (merchant, link) in &self.links {
            check_link(store, audit, *merchant, *link);
        }
        for key in &self.endpoints {
            check_secrets(store, *key);
        }
    }
}

fn check_intent(store: &Store, audit: &Audit, intent: &Intent) {
    let sums = intent.sums;
    let (captured, amount) = (sums.captured.minor(), intent.terms.amount.minor());
    let given_back = sums.refunded.minor() + sums.refunding.minor();
    assert!(
        given_back <= captured,
        "more goes back than was taken: {intent:?}"
    );
    assert!(captured <= sums.authorized.minor() && sums.authorized.minor() <= amount);
    assert!(sums.refunding.minor() >= 0);
    let booked = audit.booked(&intent.id.to_string());
    if intent.state == State::Succeeded {
        assert_eq!(booked, [captured], "one capture entry of what was captured");
        let automatic = intent.terms.capture_method == CaptureMethod::Automatic;
        let charge = intent
            .charge
            .map(|id| &store.attempts[&(intent.merchant, id)]);
        let by_movement = charge.is_some_and(|charge| charge.movement.is_some());
        assert!(
            !automatic || captured == amount || by_movement,
            "{intent:?}"
        );
    } else {
        assert!(booked.is_empty() && captured == 0, "{intent:?}");
    }
    let (told, events) = audit.told(intent.id);
    assert_eq!(intent.event_sequence, events, "events of {intent:?}");
    let fits = tells(intent.state);
    assert!(fits.contains(&told), "{intent:?} was last told as {told:?}");
    let open = match intent.state {
        State::Processing(id, opening) => Some((id, kind(opening))),
        State::RequiresAction(id) => Some((id, CallKind::Charge)),
        State::RequiresPayment
        | State::RequiresCapture
        | State::Succeeded
        | State::Canceled(_)
        | State::Expired => None,
    };
    if let Some((id, kind)) = open {
        let attempt = &store.attempts[&(intent.merchant, id)];
        assert!(!attempt.is_final(), "{intent:?} waits for {attempt:?}");
        assert_eq!(attempt.kind, kind);
        let acts = matches!(intent.state, State::RequiresAction(_));
        let waits = attempt.status == AttemptStatus::RequiresAction;
        assert_eq!(acts, waits, "{intent:?} {attempt:?}");
    }
}

fn kind(opening: Opening) -> CallKind {
    match opening {
        Opening::Charge | Opening::Transfer => CallKind::Charge,
        Opening::Capture => CallKind::Capture,
        Opening::Void(_) => CallKind::Void,
        Opening::Close(_) => CallKind::Close,
    }
}

/// What the last event of an intent in this state may say.
fn tells(state: State) -> &'static [&'static str] {
    match state {
        State::RequiresPayment => &[
            "payment_intent.created",
            "payment_intent.requires_payment",
            "payment_intent.payment_failed",
        ],
        // Nothing is told before the rail was asked.
        State::Processing(..) => &[
            "payment_intent.processing",
            "payment_intent.created",
            "payment_intent.requires_payment",
            "payment_intent.payment_failed",
            "payment_intent.requires_capture",
            // While the charge is closed.
            "payment_intent.requires_action",
        ],
        State::RequiresAction(_) => &["payment_intent.requires_action"],
        State::RequiresCapture => &[
            "payment_intent.requires_capture",
            "payment_intent.payment_failed",
        ],
        State::Succeeded => &["payment_intent.succeeded"],
        State::Canceled(_) => &["payment_intent.canceled"],
        State::Expired => &["payment_intent.expired"],
    }
}

fn check_link(store: &Store, audit: &Audit, merchant: MerchantId, id: LinkId) {
    let link = &store.links[&(merchant, id)];
    let (mut paid, mut open) = (0, 0);
    for intent in audit.through(id) {
        let intent = &store.intents[&(merchant, intent)];
        paid += u32::from(intent.state == State::Succeeded);
        open += u32::from(intent.is_under_way());
    }
    assert_eq!((link.payments, link.open), (paid, open), "{link:?}");
    let most = link.terms.max_payments;
    assert!(most.is_none_or(|most| paid + open <= most), "{link:?}");
    let full = most.is_some_and(|most| paid == most);
    assert!(!(full && link.status == LinkStatus::Active), "{link:?}");
    assert!(full || link.status != LinkStatus::Completed, "{link:?}");
}

/// Every endpoint has one secret that does not expire: its newest.
fn check_secrets(store: &Store, (merchant, id): (MerchantId, EndpointId)) {
    let all = (merchant, id, 0)..=(merchant, id, i32::MAX);
    let own: Vec<_> = store.secrets.range(all).map(|(_, secret)| secret).collect();
    // The watchers were there before all else, without one.
    let Some(newest) = own.last() else {
        return;
    };
    let lasting = own.iter().filter(|secret| secret.expires_at.is_none());
    assert_eq!(lasting.count(), 1);
    assert_eq!(newest.expires_at, None);
}
