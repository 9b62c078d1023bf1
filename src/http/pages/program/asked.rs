//! What a program is asked to pay: to which accounts, how much, and until when.

use super::super::{
    answer,
    subject::{Page, PageSubject},
};
use crate::http::{Problem, State};
use crate::{
    base::{
        invalid::Invalid,
        money::{AmountError, Money},
        problem::ProblemCode,
    },
    domain::{
        links::{Price, choose_amount},
        rail_accounts::RailAccount,
        rails::x402::{
            AssetAmount, Authorization, Expected, PAYMENT_REQUIRED, Payload, PaymentRequired,
            Refused, Requirements, Resource, Settings, Terms, check,
        },
    },
    views::pages::PayPage,
};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, VARY};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

/// How long an authorization is asked to live: while nobody knows whether it was used, it keeps others
/// from paying.
const LIFE: Duration = Duration::seconds(120);
/// The least that is worth asking for.
const SHORTEST_LIFE: Duration = Duration::seconds(30);

/// What a program chooses of a link, as the query of its address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    amount: Option<String>,
    tip: Option<String>,
}

/// How much is paid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    total: Money,
    amount: Option<Money>,
    tip: Option<Money>,
}

/// What is asked of a program.
pub(super) struct Asked<'a> {
    page: &'a Page,
    resource: Resource,
    sum: Sum,
    life: Duration,
}

impl<'a> Asked<'a> {
    /// What is asked here; none if programs cannot pay it now.
    pub fn of(
        state: &State,
        (page, seen): (&'a Page, &PayPage),
        query: &str,
    ) -> Result<Option<Self>, Problem> {
        if page.ways.for_programs.is_empty() || !seen.state.is_open() {
            return Ok(None);
        }
        let rest = seen.order.expires_at.map(|at| at - seen.now);
        let life = rest.map_or(LIFE, |rest| rest.min(LIFE));
        if life < SHORTEST_LIFE {
            return Ok(None);
        }
        let sum = match page.subject.sum(query) {
            // Who chooses nothing is shown the page.
            Err(_) if query.is_empty() => return Ok(None),
            sum => sum?,
        };
        let path = format!("{}/p/{}", state.urls.public_url(), seen.token);
        let order = &seen.order;
        let description = order.description.as_ref().or(order.reference.as_ref());
        Ok(Some(Self {
            page,
            resource: Resource {
                url: if query.is_empty() {
                    path
                } else {
                    format!("{path}?{query}")
                },
                description: description.unwrap_or(&order.merchant).clone(),
                mime_type: "application/json".to_owned(),
            },
            sum,
            life,
        }))
    }

    /// The answer that asks for it; with the word for why what was sent did not pay, if anything was.
    pub fn answer(&self, error: Option<&str>) -> HttpResponse {
        let accepts = self
            .accounts()
            .map(|(_, settings, amount)| self.asks(settings, amount));
        let resource = self.resource.clone();
        let required = PaymentRequired::new(resource, accepts.collect(), error.map(str::to_owned));
        answer::bare(402)
            .insert_header((PAYMENT_REQUIRED, required.header()))
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((VARY, "accept"))
            .json(required)
    }

    /// The account that a payment is for, and what it is then.
    pub fn take(
        &self,
        payload: &Payload,
        now: OffsetDateTime,
    ) -> Result<(&'a RailAccount, &'a Settings, Authorization), Refused> {
        let mut why = Refused::Requirements;
        for (account, settings, amount) in self.accounts() {
            let expected = Expected {
                terms: Terms::new(settings, amount),
                now,
                longest: self.life,
            };
            match check(payload, &expected) {
                Ok(taken) => return Ok((account, settings, taken)),
                Err(refused) => why = refused,
            }
        }
        Err(why)
    }

    /// What is asked of the payer of an account.
    pub fn asks(&self, settings: &Settings, amount: AssetAmount) -> Requirements {
        let seconds = u32::try_from(self.life.whole_seconds()).unwrap_or_default();
        Requirements::new(settings, amount, seconds)
    }

    /// The amount and the tip that were chosen, where there is a choice.
    pub fn chosen(&self) -> (Option<Money>, Option<Money>) {
        (self.sum.amount, self.sum.tip)
    }

    fn accounts(&self) -> impl Iterator<Item = (&'a RailAccount, &'a Settings, AssetAmount)> {
        let total = self.sum.total;
        self.page
            .ways
            .for_programs
            .iter()
            .filter_map(move |account| {
                let settings = account.settings.x402()?;
                let amount = settings.amount(total)?.ok()?;
                Some((account, settings, amount))
            })
    }
}

impl PageSubject {
    /// How much is to be paid: of a link that leaves it open, what the query says or what is suggested.
    fn sum(&self, query: &str) -> Result<Sum, Problem> {
        let link = match self {
            Self::Intent(open) => {
                return Ok(Sum {
                    total: open.intent.terms.amount,
                    amount: None,
                    tip: None,
                });
            }
            Self::Link(link) => link,
        };
        let chosen: Chosen = serde_urlencoded::from_str(query).unwrap_or_default();
        let price = link.terms.price;
        let read = |param: &str, text: Option<String>| {
            let read = text.map(|text| Money::parse(&text, price.currency()));
            let wrong = |error: AmountError| {
                Invalid::coded(ProblemCode::InvalidAmount, param, error.to_string())
            };
            read.transpose().map_err(wrong)
        };
        let preset = match price {
            Price::Fixed(_) => None,
            Price::Chosen { preset, .. } => preset,
        };
        let amount = read("/amount", chosen.amount)?.or(preset);
        let tip = read("/tip", chosen.tip)?.filter(|tip| tip.minor() > 0);
        let (total, tip) = choose_amount(&link.terms, amount, tip)?;
        Ok(Sum { total, amount, tip })
    }
}
