//! Sessions: pages of Stripe's on which one payment is made.

use super::{
    super::{NotTaken, ObjectId, Request, to_stripe},
    ATTEMPT,
};
use crate::base::{ids::AttemptId, money::Money};
use time::{Duration, OffsetDateTime};

const SESSIONS: &str = "/v1/checkout/sessions";
/// The shortest and the longest that Stripe lets a page live after it is made.
const SHORTEST: Duration = Duration::minutes(30);
const LONGEST: Duration = Duration::hours(24);
/// How far our clocks may be apart, and how long a request may be under way.
const SLACK: Duration = Duration::minutes(1);

/// When the payer's money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// When the payer pays.
    AtOnce,
    /// By another call; until then it is held.
    ByHand,
}

/// A page to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession<'a> {
    /// The charge that it is for: its reference, and the key of the request.
    pub attempt: AttemptId,
    /// How much is to be paid.
    pub amount: Money,
    /// When the money is taken.
    pub capture: Capture,
    /// What the payer reads that it is for; at least one character.
    pub label: &'a str,
    /// Until when it can be paid, as [`session_expiry`] said when the attempt was stored.
    pub expires_at: OffsetDateTime,
    /// Where the payer is sent afterwards. It proves nothing.
    pub success_url: &'a str,
    /// Where the payer is sent who turns back.
    pub cancel_url: &'a str,
}

/// Until when a page can be paid that is made at `now` for an intent that ends then, in whole
/// seconds; `None` if it would live too short for Stripe. It is to be stored: Stripe knows a
/// repetition by the same bytes. `is_short` is for a page that others wait for.
pub fn session_expiry(
    now: OffsetDateTime,
    intent_expires_at: OffsetDateTime,
    is_short: bool,
) -> Option<OffsetDateTime> {
    let earliest = now.checked_add(SHORTEST + SLACK)?;
    let longest = if is_short {
        SHORTEST + 2 * SLACK
    } else {
        LONGEST - SLACK
    };
    let latest = now.checked_add(longest)?;
    let end = intent_expires_at.min(latest);
    let end = end.replace_nanosecond(0).ok()?;
    (end >= earliest).then_some(end)
}

/// Makes a page. Answered with a [`super::super::answers::Session`].
pub fn create_session(new: &NewSession<'_>) -> Result<Request, NotTaken> {
    let attempt = new.attempt;
    let price = |name: &str| format!("line_items[0][price_data]{name}");
    let code = new.amount.currency().code().to_ascii_lowercase();
    let request = Request::post(SESSIONS, attempt)
        .with("mode", "payment")
        .with("client_reference_id", attempt)
        .with(format!("metadata[{ATTEMPT}]"), attempt)
        // A session's metadata is not copied to the payment that it makes.
        .with(format!("payment_intent_data[metadata][{ATTEMPT}]"), attempt);
    let request = match new.capture {
        Capture::AtOnce => request,
        Capture::ByHand => request.with("payment_intent_data[capture_method]", "manual"),
    };
    let request = request
        .with("line_items[0][quantity]", 1)
        .with(price("[currency]"), code)
        .with(price("[unit_amount]"), to_stripe(new.amount)?)
        .with(price("[product_data][name]"), new.label)
        .with("expires_at", new.expires_at.unix_timestamp())
        .with("success_url", new.success_url)
        .with("cancel_url", new.cancel_url);
    Ok(request)
}

/// Makes the page of this body, which [`create_session`] made once. `page` puts the addresses of pages
/// into it, which are not stored.
pub fn create_stored_session(
    attempt: AttemptId,
    body: &str,
    page: impl Fn(&str) -> Option<String>,
) -> Request {
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    let form = pairs.map(|(name, value)| {
        let value = page(&value).unwrap_or_else(|| value.into_owned());
        (name.into_owned(), value)
    });
    Request {
        form: form.collect(),
        ..Request::post(SESSIONS, attempt)
    }
}

/// Asks for a page, its payment and what was settled of it. Answered with a
/// [`super::super::answers::Session`].
pub fn get_session(session: &ObjectId) -> Request {
    Request::get(format!("/v1/checkout/sessions/{session}"))
        .expanding("payment_intent.latest_charge.balance_transaction")
}

/// Asks for the pages made since then, the latest first, those before `after` if one is given: to
/// find one whose id was lost by its reference, for which there is no filter. Answered with a
/// [`super::super::answers::Page`] of sessions, whose payments are ids.
pub fn list_sessions(made_since: OffsetDateTime, after: Option<&ObjectId>) -> Request {
    let request = Request::get(SESSIONS)
        .with("created[gte]", made_since.unix_timestamp())
        // A hundred would be some hundred kilobytes.
        .with("limit", 50);
    match after {
        None => request,
        Some(last) => request.with("starting_after", last),
    }
}

/// Makes a page that is open unpayable, for the attempt that is to. Answered with a
/// [`super::super::answers::Session`], or refused because it is not open: then look it up.
pub fn expire_session(session: &ObjectId, attempt: AttemptId) -> Request {
    Request::post(format!("/v1/checkout/sessions/{session}/expire"), attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    fn new_session() -> NewSession<'static> {
        NewSession {
            attempt: AttemptId(Uuid::from_u128(1)),
            amount: Money::new(1250, "EUR".parse().unwrap()),
            capture: Capture::AtOnce,
            label: "2 × flat white",
            expires_at: datetime!(2026-11-30 12:00 UTC),
            success_url: "https://pay.example/p/x?back=1",
            cancel_url: "https://pay.example/p/x",
        }
    }

    #[test]
    fn a_page_has_one_price_and_names_our_attempt_wherever_it_can() {
        let request = create_session(&new_session()).unwrap();
        let id = "pa_00000000000000000000000001";
        assert_eq!(request.idempotency_key.as_deref(), Some(id));
        let body = request.body().unwrap();
        let wanted = [
            "mode=payment".to_owned(),
            format!("client_reference_id={id}"),
            format!("metadata%5Bthreadpay_attempt%5D={id}"),
            format!("payment_intent_data%5Bmetadata%5D%5Bthreadpay_attempt%5D={id}"),
            "line_items%5B0%5D%5Bquantity%5D=1".to_owned(),
            "line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=eur".to_owned(),
            "line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D=1250".to_owned(),
            "line_items%5B0%5D%5Bprice_data%5D%5Bproduct_data%5D%5Bname%5D=2+%C3%97+flat+white"
                .to_owned(),
            "expires_at=1796040000".to_owned(),
            "success_url=https%3A%2F%2Fpay.example%2Fp%2Fx%3Fback%3D1".to_owned(),
            "cancel_url=https%3A%2F%2Fpay.example%2Fp%2Fx".to_owned(),
        ];
        assert_eq!(body, wanted.join("&"));
        let held = NewSession {
            capture: Capture::ByHand,
            ..new_session()
        };
        let held = create_session(&held).unwrap().body().unwrap();
        assert!(held.contains("&payment_intent_data%5Bcapture_method%5D=manual&"));
    }

    #[test]
    fn an_amount_that_stripe_cannot_take_makes_no_page() {
        let amount = Money::new(0, "EUR".parse().unwrap());
        let free = NewSession {
            amount,
            ..new_session()
        };
        assert_eq!(create_session(&free), Err(NotTaken::TooSmall));
    }

    #[test]
    fn a_page_ends_with_its_intent_or_within_a_day() {
        let now = datetime!(2026-11-30 12:00:00.7 UTC);
        for (intent, page) in [
            (datetime!(2026-11-30 12:30 UTC), None),
            (datetime!(2026-11-30 12:31 UTC), None),
            (
                datetime!(2026-11-30 12:31:01.9 UTC),
                Some(datetime!(2026-11-30 12:31:01 UTC)),
            ),
            (
                datetime!(2026-11-30 18:00 UTC),
                Some(datetime!(2026-11-30 18:00 UTC)),
            ),
            (
                datetime!(2027-02-01 0:00 UTC),
                Some(datetime!(2026-12-01 11:59:00 UTC)),
            ),
            (datetime!(2026-11-29 0:00 UTC), None),
        ] {
            assert_eq!(session_expiry(now, intent, false), page, "{intent}");
        }
        let far = datetime!(2027-02-01 0:00 UTC);
        let short = session_expiry(now, far, true);
        assert_eq!(short, Some(datetime!(2026-11-30 12:32:00 UTC)));
    }

    proptest! {
        #[test]
        fn the_same_inputs_make_the_same_bytes_and_read_back(label in ".{1,99}", minor in 1_i64..99_999_999, id: u128) {
            let amount = Money::new(minor, "EUR".parse().unwrap());
            let attempt = AttemptId(Uuid::from_u128(id));
            let new = NewSession { attempt, amount, label: &label, ..new_session() };
            let request = create_session(&new).unwrap();
            let body = request.body().unwrap();
            prop_assert_eq!(create_session(&new).unwrap().body().unwrap(), body.clone());
            let read: Vec<(String, String)> = serde_urlencoded::from_str(&body).unwrap();
            prop_assert_eq!(read, request.form);
        }
    }
}
