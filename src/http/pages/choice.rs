//! What the payer filled in, as the query of a page: so that a page with faults, or with the sum
//! of what was chosen, can be loaded again.

use super::{
    answer,
    form::Form,
    subject::{self, Page},
    visit::Visit,
};
use crate::http::{Problem, State};
use crate::{
    domain::rails::{DeclineCode, PaymentMethod, Rail},
    views::pages::{PayForm, PayPage, PayState, PostedForm, Review},
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// The field of a query that says that the payer goes on to the provider's page.
pub(super) const LEAVES: &str = "leave";

/// The fields of a pay form, from a form or from a query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    amount: Option<String>,
    tip: Option<String>,
    payment_method: Option<String>,
    /// The way to pay that the payer chose, by its rail's name.
    way: Option<String>,
    /// Why the rail declined the payment before.
    declined: Option<String>,
    /// Set where the payer goes on to the provider's page ([`LEAVES`]).
    leave: Option<String>,
}

impl Filled {
    /// What a form holds.
    pub fn of_form(form: &Form) -> Self {
        let field = |name| form.get(name).map(str::to_owned);
        Self {
            amount: field("amount"),
            tip: field("tip"),
            payment_method: field("payment_method"),
            way: None,
            declined: None,
            leave: None,
        }
    }

    /// Whether the payer goes on to the provider's page at once.
    pub fn leaves(&self) -> bool {
        self.leave.is_some()
    }

    /// The same after this decline. How it was paid is chosen anew.
    pub fn declined(self, code: DeclineCode) -> Self {
        Self {
            payment_method: None,
            way: self.way().map(|way| way.as_str().to_owned()),
            declined: Some(code.as_str().to_owned()),
            ..self
        }
    }

    /// What a query holds. One that cannot be read holds nothing: it may be anybody's.
    pub fn of_query(request: &HttpRequest) -> Self {
        serde_urlencoded::from_str(request.query_string()).unwrap_or_default()
    }

    /// The way to pay that was chosen, if it is one that we know.
    pub fn way(&self) -> Option<Rail> {
        let by_method = || {
            let method: PaymentMethod = self.payment_method.as_deref()?.parse().ok()?;
            Some(method.rail())
        };
        let named = self.way.as_deref().and_then(|name| name.parse().ok());
        named.or_else(by_method)
    }

    /// The fields as they were posted.
    pub fn posted(&self) -> PostedForm<'_> {
        PostedForm {
            amount: self.amount.as_deref(),
            tip: self.tip.as_deref(),
            payment_method: self.payment_method.as_deref(),
        }
    }

    /// The query that says the same.
    pub fn query(&self) -> String {
        let fields = [
            ("amount", &self.amount),
            ("tip", &self.tip),
            ("payment_method", &self.payment_method),
            ("way", &self.way),
            ("declined", &self.declined),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// The page's form with what was filled in, and what is wrong with it.
    pub fn fill(&self, page: PayPage) -> PayPage {
        let PayPage { mut state, .. } = page;
        if let PayState::Payable(form) = &mut state {
            let declined = self.declined.as_deref();
            let declined = declined.and_then(|code| code.parse::<DeclineCode>().ok());
            form.decline_code = declined.or(form.decline_code);
            if self.posted() != PostedForm::default() {
                let read = page.order.read(self.posted(), page.reader.locale);
                // After a decline nothing is wrong with what was filled in.
                let faults = read.err().filter(|_| declined.is_none());
                *form = PayForm {
                    csrf: std::mem::take(&mut form.csrf),
                    amount: self.amount.clone(),
                    tip: self.tip.clone(),
                    way: form.way,
                    payment_method: self.payment_method.clone(),
                    faults: faults.unwrap_or_default(),
                    decline_code: declined,
                };
            }
        }
        PayPage { state, ..page }
    }

    /// Where the form is shown with all this in it.
    pub fn form_path(&self, visit: &Visit) -> String {
        format!("{}?{}", visit.page_path(), self.query())
    }
}

/// `POST /p/{token}/review`: changes nothing, and leads to an address that can be loaded again.
pub(super) async fn post_review(
    state: web::Data<State>,
    visit: Visit,
    form: Form,
) -> Result<HttpResponse, Problem> {
    subject::find_token(&state, &visit.token).await?;
    let query = Filled::of_form(&form).query();
    Ok(answer::see_other(&format!(
        "{}/review?{query}",
        visit.page_path()
    )))
}

/// `GET /p/{token}/review`: the sum of what the payer chose, with the button that pays it.
pub(super) async fn review(
    state: web::Data<State>,
    visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let filled = Filled::of_query(&request);
    let page = Page::find(&state, &visit).await?;
    let page = page.page(&state, &visit, filled.way());
    let PayState::Payable(form) = &page.state else {
        return answer::pay(&page);
    };
    match page.order.read(filled.posted(), visit.reader.locale) {
        Ok(choice) => {
            let state = PayState::Review(Review {
                csrf: form.csrf.clone(),
                choice,
                query: filled.query(),
            });
            answer::pay(&PayPage { state, ..page })
        }
        Err(_) => Ok(answer::see_other(&filled.form_path(&visit))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_was_filled_in() {
        let filled = Filled {
            amount: Some("7,50 €&<".to_owned()),
            tip: Some("1.00".to_owned()),
            ..Filled::default()
        };
        let query = filled.query();
        assert_eq!(query, "amount=7%2C50+%E2%82%AC%26%3C&tip=1.00");
        assert_eq!(serde_urlencoded::from_str::<Filled>(&query), Ok(filled));
    }
}
