//! The rules of a link as a table: one line a case, every state with every verb. And by chance:
//! it never takes more payments than it may.

use super::{Link, LinkError, LinkStatus, LinkTerms, Price, Usage, choose_amount};
use crate::{
    base::{
        ids::{LinkId, MerchantId},
        money::Money,
    },
    domain::{details::Details, rails::Rails},
};
use proptest::prelude::*;
use std::collections::HashSet;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn link(max_payments: Option<u32>) -> Link {
    let terms = LinkTerms {
        price: Price::Fixed(eur(1250)),
        tips: vec![eur(0), eur(100)],
        usage: Usage::Multi,
        max_payments,
        details: Details::default(),
        rails: Rails::default(),
        lifetime: Some(Duration::minutes(1)),
    };
    let id = LinkId(Uuid::from_u128(1));
    Link::new(id, MerchantId(Uuid::from_u128(2)), terms, START)
}

/// A link for two payments, in a state and at a time.
fn scene(words: &str) -> (Link, OffsetDateTime) {
    let (status, payments, open, now) = match words {
        "active" => (LinkStatus::Active, 0, 0, START),
        "active, one paid" => (LinkStatus::Active, 1, 0, START),
        "active, one under way" => (LinkStatus::Active, 0, 1, START),
        "active, last under way" => (LinkStatus::Active, 1, 1, START),
        "active, time over" => (LinkStatus::Active, 1, 1, START + Duration::minutes(1)),
        "completed" => (LinkStatus::Completed, 2, 0, START),
        "expired" => (LinkStatus::Expired, 1, 1, START),
        "inactive" => (LinkStatus::Inactive, 1, 1, START),
        other => panic!("no state {other}"),
    };
    let link = Link {
        status,
        payments,
        open,
        ..link(Some(2))
    };
    (link, now)
}

fn act(link: Link, verb: &str, now: OffsetDateTime) -> Result<Link, String> {
    match verb {
        "begin" => link.take_place(now).map_err(|error| match error {
            LinkError::Closed(status) => format!("no, it is {status}"),
            LinkError::Taken => "no, wait".to_owned(),
            LinkError::NotActive(_) | LinkError::TooManyDeclines(_) => panic!("{error}"),
        }),
        "deactivate" => link.deactivate(now).map_err(|error| match error {
            LinkError::NotActive(status) => format!("no, it is {status}"),
            LinkError::Closed(_) | LinkError::Taken | LinkError::TooManyDeclines(_) => {
                panic!("{error}")
            }
        }),
        "expire" => link.expire(now).ok_or_else(|| "stays".to_owned()),
        "fails" => Ok(link.release_place(now)),
        "succeeds" => Ok(link.count_payment(now)),
        _ => panic!("no verb {verb}"),
    }
}

/// The result: the state, payments that succeeded and payments under way.
#[test]
fn every_state_with_every_verb() {
    const TABLE: &str = "
        active                 | begin      | active 0 1
        active                 | deactivate | inactive 0 0
        active                 | expire     | stays
        active, one paid       | begin      | active 1 1
        active, one paid       | deactivate | inactive 1 0
        active, one paid       | expire     | stays
        active, one under way  | begin      | active 0 2
        active, one under way  | fails      | active 0 0
        active, one under way  | succeeds   | active 1 0
        active, one under way  | deactivate | inactive 0 1
        active, one under way  | expire     | stays
        active, last under way | begin      | no, wait
        active, last under way | fails      | active 1 0
        active, last under way | succeeds   | completed 2 0
        active, last under way | deactivate | inactive 1 1
        active, last under way | expire     | stays
        active, time over      | begin      | no, it is expired
        active, time over      | fails      | active 1 0
        active, time over      | succeeds   | completed 2 0
        active, time over      | deactivate | no, it is expired
        active, time over      | expire     | expired 1 1
        completed              | begin      | no, it is completed
        completed              | deactivate | no, it is completed
        completed              | expire     | stays
        expired                | begin      | no, it is expired
        expired                | fails      | expired 1 0
        expired                | succeeds   | expired 2 0
        expired                | deactivate | no, it is expired
        expired                | expire     | stays
        inactive               | begin      | no, it is inactive
        inactive               | fails      | inactive 1 0
        inactive               | succeeds   | inactive 2 0
        inactive               | deactivate | no, it is inactive
        inactive               | expire     | stays
    ";
    let mut seen = HashSet::new();
    let lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    for line in lines {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (state, verb, expected) = (cells[0], cells[1], cells[2]);
        let (link, now) = scene(state);
        let under_way = link.open > 0;
        let result = act(link, verb, now);
        let result = result.map(|link| format!("{} {} {}", link.status, link.payments, link.open));
        assert_eq!(result.unwrap_or_else(|no| no), expected, "{state} | {verb}");
        seen.insert((state, verb, under_way));
    }
    // Three verbs for each state, two more where a payment is under way.
    let states: HashSet<_> = seen.iter().map(|(state, _, way)| (state, way)).collect();
    let wanted: usize = states
        .iter()
        .map(|(_, way)| if **way { 5 } else { 3 })
        .sum();
    assert_eq!((states.len(), seen.len()), (8, wanted), "a case is missing");
}

#[test]
fn so_many_payments_are_under_way_at_a_time() {
    let mut link = link(None);
    let begun = (0..1000).take_while(|_| match link.clone().take_place(START) {
        Ok(taken) => {
            link = taken;
            true
        }
        Err(_) => false,
    });
    assert_eq!(begun.count(), 200);
    assert_eq!(link.clone().take_place(START), Err(LinkError::Taken));
    assert!(link.release_place(START).take_place(START).is_ok());
}

#[test]
fn what_a_payer_may_choose() {
    let fixed = Price::Fixed(eur(1250));
    let chosen = Price::Chosen {
        preset: None,
        min: eur(100),
        max: eur(500),
    };
    let yen = Money::new(300, "JPY".parse().unwrap());
    // The price; the amount and the tip that the payer gives; the total.
    let table = [
        (fixed, None, None, Some(1250)),
        (fixed, Some(eur(1250)), None, Some(1250)),
        (fixed, Some(eur(1249)), None, None),
        (fixed, None, Some(eur(0)), Some(1250)),
        (fixed, None, Some(eur(100)), Some(1350)),
        (fixed, None, Some(eur(99)), None),
        (chosen, None, None, None),
        (chosen, Some(eur(99)), None, None),
        (chosen, Some(eur(100)), None, Some(100)),
        (chosen, Some(eur(500)), Some(eur(100)), Some(600)),
        (chosen, Some(eur(501)), None, None),
        (chosen, Some(yen), None, None),
    ];
    for (price, amount, tip, total) in table {
        let terms = LinkTerms {
            price,
            ..(*link(None).terms).clone()
        };
        let choice = choose_amount(&terms, amount, tip);
        let sum = choice.as_ref().ok().map(|(total, _)| total.minor());
        assert_eq!(sum, total, "{price:?} {amount:?} {tip:?}");
    }
}

proptest! {
    #[test]
    fn a_link_is_never_paid_more_often_than_it_may(
        most in prop::option::of(1_u32..5),
        steps in prop::collection::vec(0_u8..6, 0..60),
    ) {
        let mut link = link(most);
        for step in steps {
            let verb = match step {
                0..3 => "begin",
                3 if link.open > 0 => "fails",
                4 if link.open > 0 => "succeeds",
                _ => "expire",
            };
            let before = link.clone();
            link = act(link, verb, START).unwrap_or(before);
            let taken = link.payments + link.open;
            prop_assert!(most.is_none_or(|most| taken <= most));
            let full = most == Some(link.payments);
            prop_assert_eq!(link.status == LinkStatus::Completed, full);
        }
    }
}
