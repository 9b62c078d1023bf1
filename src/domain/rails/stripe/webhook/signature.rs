//! The header `Stripe-Signature`: `t=<seconds>`, and a `v1=` for each secret that it was signed
//! with. (docs.stripe.com/webhooks/signature)

use crate::base::crypto::mac;
use crate::domain::rails::stripe::Secret;
use time::{Duration, OffsetDateTime};

/// How far from now a signature may have been made.
pub const TOLERANCE: Duration = Duration::minutes(5);
/// Most signatures that are looked at: two while a secret is rolled.
const SIGNATURES: usize = 8;

/// Why a webhook is not believed to be Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It has no time, or more than one, or too many signatures.
    #[error("the header Stripe-Signature cannot be read")]
    Malformed,
    /// None of its signatures is made with one of our secrets over this body.
    #[error("the webhook is not signed with the endpoint's secret")]
    Wrong,
    /// It was signed too long ago, or it is sent again by somebody else.
    #[error("the webhook was signed more than five minutes ago")]
    TooOld,
    /// The signer's clock or ours is off.
    #[error("the webhook was signed more than five minutes from now")]
    TooNew,
}

/// Takes a webhook as Stripe's if `header` holds a signature over `body`, as it came, by one of
/// `secrets`, made within [`TOLERANCE`] of `now`.
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[&Secret],
    now: OffsetDateTime,
) -> Result<(), SignatureError> {
    let header = Header::read(header).ok_or(SignatureError::Malformed)?;
    let parts = [header.time.as_bytes(), b".", body];
    let given: Vec<Vec<u8>> = header.signatures.into_iter().filter_map(unhex).collect();
    let signed = |secret: &&Secret| {
        let key = secret.expose().as_bytes();
        given.iter().any(|mac| mac::verify(key, &parts, mac))
    };
    if !secrets.iter().any(signed) {
        return Err(SignatureError::Wrong);
    }
    let age = now - header.signed_at;
    if age > TOLERANCE {
        Err(SignatureError::TooOld)
    } else if age < -TOLERANCE {
        Err(SignatureError::TooNew)
    } else {
        Ok(())
    }
}

struct Header<'a> {
    time: &'a str,
    signed_at: OffsetDateTime,
    signatures: Vec<&'a str>,
}

impl<'a> Header<'a> {
    /// Strictly: two readers must not find two times in it.
    fn read(header: &'a str) -> Option<Self> {
        let (mut time, mut signatures) = (None, Vec::new());
        for part in header.split(',') {
            match part.split_once('=')? {
                ("t", _) if time.is_some() => return None,
                ("t", text) => time = Some(text),
                ("v1", signature) => signatures.push(signature),
                // Older and newer schemes.
                _ => {}
            }
        }
        let time = time?;
        let seconds: i64 = time.parse().ok()?;
        let is_plain = seconds >= 0 && seconds.to_string() == time;
        let is_read = is_plain && (1..=SIGNATURES).contains(&signatures.len());
        is_read.then_some(Self {
            time,
            signed_at: OffsetDateTime::from_unix_timestamp(seconds).ok()?,
            signatures,
        })
    }
}

/// The MAC that is written so: in small letters alone, as the official libraries take it.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_small = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 64 || !text.bytes().all(is_small) {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::mode::Mode;
    use crate::domain::rails::stripe::Credentials;
    use proptest::prelude::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

    fn secret(text: &str) -> Secret {
        let keys = json!({"secret_key": "sk_test_aaaaaaaa", "webhook_secret": text});
        let keys = Credentials::parse("", &keys, Mode::Test);
        keys.unwrap().webhook_secret
    }

    fn signed(secret: &Secret, seconds: i64, body: &[u8]) -> String {
        let time = seconds.to_string();
        let parts = [time.as_bytes(), b".", body];
        let mac = mac::sign(secret.expose().as_bytes(), &parts);
        mac.map(|byte| format!("{byte:02x}")).concat()
    }

    fn check(header: &str) -> Result<(), SignatureError> {
        verify(header, b"{}", &[&secret("whsec_abcdefgh")], NOW)
    }

    #[test]
    fn takes_what_is_signed_with_one_of_the_secrets() {
        let (old, new) = (secret("whsec_abcdefgh"), secret("whsec_ijklmnop"));
        let seconds = NOW.unix_timestamp();
        let mac = signed(&old, seconds, b"{}");
        let other = signed(&new, seconds, b"{}");
        for header in [
            format!("t={seconds},v1={mac}"),
            format!("t={seconds},v1={other},v1={mac}"),
            format!("v0=x,v1={mac},t={seconds},v2="),
        ] {
            assert_eq!(verify(&header, b"{}", &[&old], NOW), Ok(()), "{header}");
            assert_eq!(verify(&header, b"{}", &[&new, &old], NOW), Ok(()));
            assert_eq!(
                verify(&header, b"{} ", &[&new, &old], NOW),
                Err(SignatureError::Wrong)
            );
            assert_eq!(verify(&header, b"{}", &[], NOW), Err(SignatureError::Wrong));
        }
        assert_eq!(
            check(&format!("t={seconds},v1={other}")),
            Err(SignatureError::Wrong)
        );
        let capital = mac.to_ascii_uppercase();
        assert_eq!(
            check(&format!("t={seconds},v1={capital}")),
            Err(SignatureError::Wrong)
        );
        assert_eq!(
            check(&format!("t={seconds},v0={mac}")),
            Err(SignatureError::Malformed)
        );
    }

    #[test]
    fn takes_it_for_five_minutes() {
        let secret = secret("whsec_abcdefgh");
        for (offset, verdict) in [
            (-301, Err(SignatureError::TooOld)),
            (-300, Ok(())),
            (300, Ok(())),
            (301, Err(SignatureError::TooNew)),
        ] {
            let seconds = NOW.unix_timestamp() + offset;
            let mac = signed(&secret, seconds, b"{}");
            assert_eq!(check(&format!("t={seconds},v1={mac}")), verdict, "{offset}");
        }
    }

    #[test]
    fn one_header_is_read_in_one_way() {
        let many = format!("t=1{}", ",v1=a".repeat(9));
        for header in [
            "",
            "t",
            "t=",
            "t=,v1=a",
            "t,v1=,v0=",
            "t,,",
            ",,",
            "t=1",
            "v1=a",
            "t=1,t=1,v1=a",
            "t=+1,v1=a",
            "t=01,v1=a",
            "t=-1,v1=a",
            "t=1 ,v1=a",
            "t=1.5,v1=a",
            "t=1,v1=a,",
            "t=99999999999999999999,v1=a",
            "t=999999999999999,v1=a",
            &many,
        ] {
            assert_eq!(check(header), Err(SignatureError::Malformed), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "(t=[0-9]{0,20}|v1=|,|[^,]){0,9}") {
            prop_assert!(check(&header).is_err());
        }
    }
}
