//! A merchant with something to sell: what all benchmarks are about.

use super::dice;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use threadpay::{
    base::{ambient::Ambient, crypto::TokenKey, ids::MerchantId, net::Policy},
    domain::{
        callbacks::{Endpoint, EndpointRequest},
        idempotency::{Answer, Claim, Fingerprint},
        intents::IntentRequest,
        ledger::{Balance, Books, EntryHash, EntryRequest},
        links::PageUrls,
        rails::Rail,
    },
    writer::{
        Command, Context, Outside, PaymentCommand, PostingCommand, Rejection, Submission, World,
        decide,
    },
};
use time::OffsetDateTime;
use time::macros::date;

/// What a bot sends for two coffees and a bun.
pub const INTENT: &str = r#"{"amount":"12.50","currency":"EUR","description":"Table 4, thank you for coming","reference":"order-1042","capture_method":"automatic","thread":{"channel":"telegram","conversation":"-1001234567890","thread":"77","user":"42"},"line_items":[{"label":"Flat white","quantity":2,"unit_amount":"4.25"},{"label":"Cinnamon bun","quantity":1,"unit_amount":"4.00"}],"expires_in":3600,"metadata":{"table":"4","shift":"morning"}}"#;
/// What an entry of two postings is asked for with.
pub const ENTRY: &str = r#"{"postings":[{"account":"merchant:pending","direction":"debit","amount":"12.50","currency":"EUR"},{"account":"merchant:available","direction":"credit","amount":"12.50","currency":"EUR"}]}"#;

/// Reads what is known to be good.
pub fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

pub fn create() -> Command {
    PaymentCommand::Create(Box::new(read::<IntentRequest>(INTENT).parse().unwrap())).into()
}

pub fn post() -> Command {
    PostingCommand::Post(
        read::<EntryRequest>(ENTRY)
            .parse(date!(2026 - 11 - 29))
            .unwrap(),
    )
    .into()
}

/// A merchant with an endpoint that hears of everything, and what deciding needs.
pub struct Stall {
    pub merchant: MerchantId,
    pub ambient: Ambient,
    pub urls: PageUrls,
    pub now: OffsetDateTime,
    endpoint: Endpoint,
}

impl Stall {
    pub fn open() -> Self {
        let (_, ambient) = dice::Nature::new(1).process();
        let (merchant, now) = (ambient.id(), ambient.now());
        let body = json!({"url": "https://bot.example/hook", "event_types": ["*"]});
        let endpoint: EndpointRequest = serde_json::from_value(body).unwrap();
        let endpoint = endpoint.check(&Policy::default()).unwrap();
        Self {
            endpoint: endpoint.create((merchant, ambient.id()), None, now),
            urls: PageUrls::new("https://pay.example", TokenKey::new([7; 32])),
            merchant,
            ambient,
            now,
        }
    }

    /// The world of a batch, before anything is loaded that its commands name.
    pub fn world(&self) -> World {
        let books = Books {
            merchant: self.merchant,
            entry_sequence: 0,
            entry_hash: EntryHash::default(),
            mode: threadpay::base::mode::Mode::Test,
            event_sequence: 0,
            booked_at: OffsetDateTime::UNIX_EPOCH,
            balances: [
                "rail:sandbox:clearing",
                "merchant:pending",
                "merchant:available",
            ]
            .map(|account| {
                (
                    (account.to_owned(), "EUR".parse().unwrap()),
                    Balance::default(),
                )
            })
            .into(),
        };
        let mut world = World::default();
        world.books.insert(self.merchant, books);
        let endpoint = self.endpoint.clone();
        world.endpoints.load((self.merchant, endpoint.id), endpoint);
        world
    }

    /// A request with a key of its own.
    pub fn submission(&self, number: usize, command: Command) -> Submission {
        Submission {
            merchant: self.merchant,
            actor: threadpay::base::actor::Actor::Operator,
            command,
            claim: Some(Claim {
                key: format!("request-{number}").parse().unwrap(),
                fingerprint: Fingerprint::of("POST", "/", &Value::Null),
            }),
            request_id: format!("req_{number}"),
            bytes: 0,
        }
    }

    /// Decides all, each of which must be taken.
    pub fn decide(&self, world: &mut World, batch: &[Submission]) {
        let outside = Outside {
            now: self.now,
            ambient: &self.ambient,
        };
        let context = Context {
            now: outside.now,
            ambient: outside.ambient,
            outside,
            urls: &self.urls,
            render,
            ask: Rail::answer_at_once,
        };
        for submission in batch {
            decide(world, submission, context).unwrap();
        }
    }
}

fn render(rejection: &Rejection, _: &str) -> Answer {
    panic!("{rejection}")
}
