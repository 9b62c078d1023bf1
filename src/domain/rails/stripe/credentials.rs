//! The keys of a merchant's account at Stripe.

use crate::base::{invalid::Invalid, mode::Mode};
use crate::domain::rails::bank_transfer::fields::Fields;
use serde_json::{Value, json};
use std::fmt;
use zeroize::Zeroizing;

/// Most characters of a secret.
const LONGEST: usize = 255;
/// Fewest characters after what a secret begins with: Stripe's have two dozen and more.
const SHORTEST_REST: usize = 8;

/// A key that nobody may see. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The key itself, to sign or to authorize with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What we act for a merchant with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// A secret or a restricted key: authorizes calls.
    pub secret_key: Secret,
    /// The signing secret of the webhook endpoint that rings at us.
    pub webhook_secret: Secret,
}

impl Credentials {
    /// Reads the object that stands at the JSON pointer `at`. Keys of Stripe's test mode are for
    /// merchants that test, keys of its live mode for the others. Faults repeat no key.
    pub fn parse(at: &str, value: &Value, mode: Mode) -> Result<Self, Invalid> {
        let fields = Fields::read(at, value, &["secret_key", "webhook_secret"])?;
        let [secret, restricted] = match mode {
            Mode::Test => ["sk_test_", "rk_test_"],
            Mode::Live => ["sk_live_", "rk_live_"],
        };
        Ok(Self {
            secret_key: read(&fields, "secret_key", &[secret, restricted])?,
            webhook_secret: read(&fields, "webhook_secret", &["whsec_"])?,
        })
    }

    /// The object that [`Self::parse`] reads, as text: what is to be sealed.
    pub fn to_json(&self) -> Zeroizing<String> {
        let object = json!({
            "secret_key": self.secret_key.expose(),
            "webhook_secret": self.webhook_secret.expose(),
        });
        Zeroizing::new(object.to_string())
    }
}

fn read(fields: &Fields<'_>, name: &str, beginnings: &[&str]) -> Result<Secret, Invalid> {
    let text = fields.required(name)?;
    let rest = beginnings.iter().find_map(|one| text.strip_prefix(one));
    let Some(rest) = rest else {
        let known = beginnings.join(" or ");
        return Err(fields.fault(name, format!("must begin with {known}")));
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-+/=".contains(&b);
    if rest.len() < SHORTEST_REST || text.len() > LONGEST || !rest.bytes().all(is_plain) {
        let detail = "must be copied whole, as Stripe shows it: letters and digits, without spaces";
        return Err(fields.fault(name, detail));
    }
    Ok(Secret(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(key: &str, webhook: &str, mode: Mode) -> Result<Credentials, Invalid> {
        let value = json!({"secret_key": key, "webhook_secret": webhook});
        Credentials::parse("/credentials", &value, mode)
    }

    #[test]
    fn keys_are_of_the_merchants_mode() {
        for (key, taken_by) in [
            ("sk_test_51Habcdefgh", Some(Mode::Test)),
            ("rk_test_51Habcdefgh", Some(Mode::Test)),
            ("sk_live_51Habcdefgh", Some(Mode::Live)),
            ("rk_live_51Habcdefgh", Some(Mode::Live)),
            ("pk_test_51Habcdefgh", None),
            ("sk_test_", None),
            ("sk_test_51Habc defgh", None),
            ("sk_test_51Habcdefgh\n", None),
            ("", None),
        ] {
            for mode in Mode::ALL {
                let read = parse(key, "whsec_abcdefgh", mode);
                assert_eq!(read.is_ok(), taken_by == Some(mode), "{key} for {mode}");
            }
        }
        let long = format!("sk_test_{}", "a".repeat(248));
        assert!(parse(&long, "whsec_abcdefgh", Mode::Test).is_err());
    }

    #[test]
    fn faults_name_the_field_and_repeat_no_key() {
        let key = "sk_test_51Habcdefgh";
        let fault = parse(key, "sk_test_51Habcdefgh", Mode::Test).unwrap_err();
        assert_eq!(fault.param, "/credentials/webhook_secret");
        assert_eq!(fault.detail, "must begin with whsec_");
        let fault = parse(key, "whsec_abcdefgh", Mode::Live).unwrap_err();
        assert_eq!(fault.param, "/credentials/secret_key");
        assert!(!format!("{fault:?}").contains("51H"));
        for value in [
            json!({"secret_key": key}),
            json!({"secret_key": key, "webhook_secret": 5}),
            json!({"secret_key": key, "webhook_secret": "whsec_abcdefgh", "more": 1}),
            json!([key]),
        ] {
            assert!(Credentials::parse("/credentials", &value, Mode::Test).is_err());
        }
    }

    #[test]
    fn they_are_sealed_as_they_are_read_and_print_nothing() {
        let read = parse("rk_test_51Habcdefgh", "whsec_ab+c/def=", Mode::Test).unwrap();
        let value = serde_json::from_str(&read.to_json()).unwrap();
        assert_eq!(Credentials::parse("", &value, Mode::Test), Ok(read.clone()));
        let printed = "Credentials { secret_key: Secret, webhook_secret: Secret }";
        assert_eq!(format!("{read:?}"), printed);
    }
}
