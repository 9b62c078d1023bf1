//! What callers ask for, and what they may then rely on.

use super::{caller::Caller, client::Answer};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

const INTENTS: &str = "/v1/payment_intents";
/// How long a caller rests between two stories, at most, in milliseconds.
const REST: u64 = 150;

/// How an intent must stand at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Unpaid,
    Canceled,
    /// Paid, with this captured.
    Paid(i64),
    /// Somebody gave up on the way: it may stand as it likes, but not by half.
    Any,
}

/// What a caller knows of an intent, amounts in cents.
#[derive(Debug)]
pub struct Intent {
    pub id: String,
    pub end: End,
    /// The refunds that were answered.
    pub refunds: Vec<(String, i64)>,
    /// The refund that nobody waited for.
    pub perhaps: Option<i64>,
}

/// What a caller knows of a link: whether it was paid by whom we know.
#[derive(Debug)]
pub struct Link {
    pub id: String,
    pub paid: bool,
    pub is_known: bool,
}

/// What came of all stories of a caller.
#[derive(Debug, Default)]
pub struct Known {
    pub intents: Vec<Intent>,
    pub links: Vec<Link>,
    /// References asked for: each is that of one intent or fact at most.
    pub references: u32,
    /// What the rail called facts that were taken in, and that nobody waited for.
    pub facts: Vec<String>,
}

/// A caller with its stories.
pub struct Teller {
    pub caller: Caller,
    pub known: Known,
    /// The endpoint that it changes now and then, if it is its task.
    pub endpoint: Option<String>,
    /// How often it gave it another secret.
    rotations: u32,
}

impl Teller {
    pub fn new(caller: Caller, endpoint: Option<String>) -> Self {
        Self {
            caller,
            known: Known::default(),
            endpoint,
            rotations: 0,
        }
    }

    /// Tells one story after the other until it is time to stop.
    pub async fn run(mut self) -> Self {
        while !self.caller.crowd.stop.load(Ordering::Relaxed) {
            // Whoever gives up on the way is content with that.
            let _: Option<()> = match self.caller.dice.below(100) {
                0..42 => self.pay().await,
                42..45 => self.tell_a_fact().await,
                45..60 => self.capture_or_void().await,
                60..67 => self.cancel().await,
                67..75 => self.act().await,
                75..93 => self.pay_link().await,
                93..98 => self.pay_on_page().await,
                _ => self.change_endpoint().await,
            };
            let rest = Duration::from_millis(self.caller.dice.roll() % REST);
            tokio::time::sleep(rest).await;
        }
        self
    }

    /// Asks for 20.00; gives the intent as it was answered.
    async fn ask(&mut self, capture_method: &str) -> Option<Value> {
        self.known.references += 1;
        let reference = format!("{}-{}", self.caller.name, self.known.references);
        let body = json!({"amount": "20.00", "currency": "EUR", "reference": reference,
            "capture_method": capture_method});
        let made = self.caller.post(INTENTS, &body).await?.expect(201);
        self.known.intents.push(Intent {
            id: text(&made, "id"),
            end: End::Unpaid,
            refunds: Vec::new(),
            perhaps: None,
        });
        Some(made)
    }

    fn intent(&mut self) -> &mut Intent {
        self.known.intents.last_mut().unwrap()
    }

    /// Plays the rail that tells of money that nobody waits for, as often as it takes.
    async fn tell_a_fact(&mut self) -> Option<()> {
        self.known.references += 1;
        let name = format!("{}-{}", self.caller.name, self.known.references);
        let body = json!({"kind": "charge", "outcome": "succeeded", "external_id": name,
            "amount": "3.00", "currency": "EUR"});
        for _ in 0..=self.caller.dice.below(2) {
            let told = self.caller.post("/v1/sandbox/facts", &body).await?;
            told.expect(200);
        }
        self.known.facts.push(name);
        Some(())
    }

    /// Asks something of the last intent. While it is under way the intent may stand anyhow.
    async fn verb(&mut self, verb: &str, body: &Value) -> Option<Answer> {
        let path = format!("{INTENTS}/{}/{verb}", self.intent().id);
        self.at_risk(&path, body).await
    }

    async fn at_risk(&mut self, path: &str, body: &Value) -> Option<Answer> {
        let before = std::mem::replace(&mut self.intent().end, End::Any);
        let answer = self.caller.post(path, body).await?;
        self.intent().end = before;
        Some(answer)
    }

    async fn confirm(&mut self, method: &str, statuses: &[u16]) -> Option<Value> {
        let body = json!({"payment_method": method});
        let answer = self.verb("confirm", &body).await?;
        let status = answer.status;
        assert!(statuses.contains(&status), "{method}: {}", answer.text());
        Some(answer.json())
    }

    async fn pay(&mut self) -> Option<()> {
        self.ask("automatic").await?;
        match self.caller.dice.below(6) {
            0 => {
                let declined = "pm_sandbox_insufficient_funds";
                self.confirm(declined, &[402]).await?;
            }
            // The answer is lost on the way: the resolver finds out, and nobody pays meanwhile.
            1 => {
                let lost = self.confirm("pm_sandbox_timeout", &[200]).await?;
                self.intent().end = End::Paid(2000);
                if lost["status"] != "succeeded" {
                    return Some(());
                }
            }
            2 => {
                self.confirm("pm_sandbox_timeout_failed", &[200, 402])
                    .await?;
                return Some(());
            }
            _ => {}
        }
        if self.intent().end == End::Unpaid {
            let paid = self.confirm("pm_sandbox_ok", &[200]).await?;
            assert_eq!(paid["status"], "succeeded", "{paid}");
            self.intent().end = End::Paid(2000);
        }
        self.refund(2000).await
    }

    /// Gives back parts of what was captured, each of another amount.
    async fn refund(&mut self, captured: i64) -> Option<()> {
        for part in 0..self.caller.dice.below(3) {
            let cents = 100 + i64::try_from(part).unwrap();
            self.intent().perhaps = Some(cents);
            let path = format!("{INTENTS}/{}/refunds", self.intent().id);
            let body = json!({"amount": format!("1.{:02}", cents - 100)});
            let refund = self.caller.post(&path, &body).await?.expect(201);
            let intent = self.intent();
            intent.perhaps = None;
            intent.refunds.push((text(&refund, "id"), cents));
        }
        if self.caller.dice.percent(10) {
            // More than there is: refused, and nothing of it happens.
            let body = json!({"amount": format!("{}.00", captured / 100 + 1)});
            let refused = self.verb_of_paid("refunds", &body).await?;
            assert_eq!(refused.expect(422)["code"], "amount_too_large");
        }
        Some(())
    }

    /// What is asked of a paid intent leaves it paid, whether or not it is answered.
    async fn verb_of_paid(&mut self, verb: &str, body: &Value) -> Option<Answer> {
        let path = format!("{INTENTS}/{}/{verb}", self.intent().id);
        self.caller.post(&path, body).await
    }

    async fn capture_or_void(&mut self) -> Option<()> {
        self.ask("manual").await?;
        let held = self.confirm("pm_sandbox_ok", &[200]).await?;
        assert_eq!(held["status"], "requires_capture", "{held}");
        if self.caller.dice.percent(40) {
            return self.end_by_canceling().await;
        }
        let captured = self.verb("capture", &json!({"amount": "15.00"})).await?;
        assert_eq!(captured.expect(200)["status"], "succeeded");
        self.intent().end = End::Paid(1500);
        self.refund(1500).await
    }

    async fn cancel(&mut self) -> Option<()> {
        self.ask("automatic").await?;
        self.end_by_canceling().await
    }

    async fn end_by_canceling(&mut self) -> Option<()> {
        let body = json!({"reason": "requested_by_customer"});
        let canceled = self.verb("cancel", &body).await?.expect(200);
        assert_eq!(canceled["status"], "canceled", "{canceled}");
        self.intent().end = End::Canceled;
        Some(())
    }

    async fn act(&mut self) -> Option<()> {
        self.ask("automatic").await?;
        let waits = self.confirm("pm_sandbox_requires_action", &[200]).await;
        assert_eq!(waits.as_ref()?["status"], "requires_action", "{waits:?}");
        let succeeds = self.caller.dice.percent(60);
        let body = json!({"outcome": if succeeds { "succeed" } else { "fail" }});
        let path = format!("/v1/sandbox/actions/{}", self.intent().id);
        self.at_risk(&path, &body).await?.expect(200);
        if succeeds {
            self.intent().end = End::Paid(2000);
        }
        Some(())
    }

    async fn pay_link(&mut self) -> Option<()> {
        let usage = ["single", "multi"][self.caller.dice.below(2)];
        let body = json!({"amount": "7.50", "currency": "EUR", "usage": usage});
        let made = self.caller.post("/v1/payment_links", &body).await?;
        let made = made.expect(201);
        self.known.links.push(Link {
            id: text(&made, "id"),
            paid: false,
            is_known: false,
        });
        let paid = self.pay_at(&path_of(&text(&made, "url"))).await?;
        assert!(paid.header("location").unwrap().starts_with("/r/"));
        let link = self.known.links.last_mut().unwrap();
        (link.paid, link.is_known) = (true, true);
        Some(())
    }

    async fn pay_on_page(&mut self) -> Option<()> {
        let made = self.ask("automatic").await?;
        self.intent().end = End::Any;
        let paid = self.pay_at(&path_of(&text(&made, "pay_url"))).await?;
        assert!(paid.header("location").unwrap().starts_with("/r/"));
        self.intent().end = End::Paid(2000);
        Some(())
    }

    /// Opens a page and pays there with the form that it holds.
    async fn pay_at(&mut self, path: &str) -> Option<Answer> {
        let page = self.caller.open(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let csrf = page.form_token().unwrap();
        let fields = [("csrf", csrf.as_str()), ("payment_method", "pm_sandbox_ok")];
        let path = format!("{path}/pay");
        let paid = self.caller.send_form(&path, &fields).await?;
        assert_eq!(paid.status, 303, "{}", paid.text());
        Some(paid)
    }

    /// Switches its endpoint off and on again, or gives it another secret.
    async fn change_endpoint(&mut self) -> Option<()> {
        let id = self.endpoint.clone()?;
        let path = format!("/v1/callback_endpoints/{id}");
        // Five secrets sign at a time, and the receiver checks with the first.
        if self.rotations < 4 && self.caller.dice.percent(10) {
            self.rotations += 1;
            let path = format!("{path}/rotate_secret");
            let rotated = self.caller.post(&path, &json!({})).await?;
            rotated.expect(200);
            return Some(());
        }
        for enabled in [false, true] {
            let changed = self.caller.patch(&path, &json!({"enabled": enabled})).await;
            changed.expect(200);
            let while_off = Duration::from_millis(self.caller.dice.roll() % 1500);
            tokio::time::sleep(while_off).await;
        }
        Some(())
    }
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap().to_owned()
}

/// A page is there at either service.
fn path_of(url: &str) -> String {
    url::Url::parse(url).unwrap().path().to_owned()
}
