//! Signatures, tokens and hashes.

use super::{
    case,
    stall::{INTENT, Stall, post},
    time_all,
};
use criterion::Criterion;
use std::hint::black_box;
use threadpay::{
    base::crypto::{TokenKey, hash::sha256},
    domain::{callbacks::EndpointSecret, idempotency::Fingerprint, ledger::chain_hash},
};

const EVENT: &str = "evt_01m8110v1fe0hsa4sxx85kye7c";
const INTENT_ID: &str = "pi_01m8110twef5j84yctpbta70g5";
const SECONDS: i64 = 1_767_225_600;

pub fn all(criterion: &mut Criterion) {
    let stall = Stall::open();
    let mut world = stall.world();
    stall.decide(&mut world, &[stall.submission(0, post())]);
    let entry = world.entries[0].clone();
    // Of the size that an event has.
    let body = INTENT.repeat(3).into_bytes();
    let (v1, both) = (
        EndpointSecret::development([1; 32]),
        EndpointSecret::generate(&stall.ambient),
    );
    let (stripe, key) = (v1.clone(), TokenKey::new([7; 32]));
    let (first, second, third) = (body.clone(), body.clone(), body);
    let cases = vec![
        case("v1", move || v1.sign(EVENT, SECONDS, &first)),
        case("v1_and_v1a", move || both.sign(EVENT, SECONDS, &second)),
        case("stripe", move || stripe.stripe_mac(SECONDS, &third)),
        case("page_token", move || key.link_token(black_box(INTENT_ID))),
    ];
    time_all(criterion, "sign", cases);
    let request = serde_json::from_str(INTENT).unwrap();
    let kilobyte = vec![7; 1024];
    let cases = vec![
        case("entry", move || chain_hash(&entry)),
        case("page_token", || {
            TokenKey::hash(black_box("00abcdefghijklmnopqrstuv"))
        }),
        case("fingerprint", move || {
            Fingerprint::of("POST", "/v1/payment_intents", &request)
        }),
        case("kilobyte", move || sha256(&kilobyte)),
    ];
    time_all(criterion, "hash", cases);
}
