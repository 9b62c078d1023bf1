use super::*;
use crate::base::event_type::EventType;
use time::{Duration, macros::datetime};
use uuid::Uuid;

#[test]
fn is_told_of_what_its_patterns_match() {
    let filter = |list: &[&str]| {
        EventFilter::parse(list.iter().map(|&text| text.to_owned()).collect()).unwrap()
    };
    for (patterns, kind, matches) in [
        (&["*"][..], EventType::LinkCreated, true),
        (&["payment_intent.*"], EventType::IntentExpired, true),
        (&["payment_intent.*"], EventType::LinkExpired, false),
        (&["refund.failed"], EventType::RefundFailed, true),
        (&["refund.failed"], EventType::RefundSucceeded, false),
        (&["refund.failed", "*"], EventType::RefundSucceeded, true),
    ] {
        assert_eq!(
            filter(patterns).matches(kind),
            matches,
            "{patterns:?} {kind}"
        );
    }
}

#[test]
fn what_was_changed_since_is_not_given_up_even_if_the_clock_went_back() {
    let at = |minute| datetime!(2026-11-22 6:00 UTC) + Duration::minutes(minute);
    let endpoint = |changed| {
        let new = NewEndpoint {
            url: "https://bot.example/callbacks".to_owned(),
            events: EventFilter::parse(vec!["*".to_owned()]).unwrap(),
            description: None,
            ordering: Ordering::Intent,
            stripe_signature: false,
        };
        let ids = (MerchantId(Uuid::nil()), EndpointId(Uuid::nil()));
        new.create(ids, None, at(0)).rotate(None, at(changed))
    };
    let gone = Disabling::Gone(at(20));
    assert!(endpoint(10).disable(&gone, at(30)).is_some());
    assert!(endpoint(25).disable(&gone, at(30)).is_none());
    let again = endpoint(25).rotate(None, at(5));
    assert!(again.disable(&gone, at(6)).is_none());
}
