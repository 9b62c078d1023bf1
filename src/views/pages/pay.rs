//! The pay page, in each of its states.

use super::items::{Line, lines, monogram};
use super::order::{FieldFault, Order};
use super::reader::Reader;
use super::review::Review;
use super::transfer::TransferDetails;
use crate::base::language::{
    Locale, Texts, format_amount, format_left, format_moment, machine_moment,
    texts::{around_merchant, fill},
};
use crate::base::money::Money;
use crate::domain::{
    links::Price,
    rails::{DeclineCode, Rail},
};
use askama::Template;
use time::OffsetDateTime;

/// The page at `/p/{token}`.
#[derive(Clone, Debug)]
pub struct PayPage {
    /// Who reads it.
    pub reader: Reader,
    /// The token in the page's address.
    pub token: String,
    /// What is to be paid.
    pub order: Order,
    /// The state of the payment.
    pub state: PayState,
    /// When it is read.
    pub now: OffsetDateTime,
}

/// The state of a payment, as its payer sees it.
#[derive(Clone, Debug)]
pub enum PayState {
    /// It can be paid, for the first time or after a decline.
    Payable(PayForm),
    /// The payer has chosen and sees the sum before paying it.
    Review(Review),
    /// The payer sends the money from their bank.
    Transfer(Box<TransferDetails>),
    /// The rail has not answered yet.
    Processing,
    /// Another payer's payment is under way; this one has paid nothing.
    SomebodyPaying,
    /// Too many attempts were declined: none is taken for a while.
    TooManyDeclines,
    /// The payer must confirm it: two buttons that post `outcome` to `/p/{token}/action`.
    ActionRequired {
        /// Token of the form against forged posts.
        csrf: String,
    },
    /// The payer pays on a page of the provider's.
    Elsewhere {
        /// Where.
        address: String,
        /// Whether the page leads there by itself.
        at_once: bool,
        /// Token against forged posts of the form that takes another way.
        csrf: String,
    },
    /// The money is reserved and waits for the merchant to take it.
    Authorized,
    /// It is paid.
    Paid {
        /// Token of the receipt's address, `/r/{token}`.
        receipt: String,
        /// What was paid back, zero if nothing.
        refunded: Money,
    },
    /// Its time is over.
    Expired,
    /// A link for one payment, and that one was made.
    Used,
    /// The merchant turned the link off.
    Inactive,
    /// Programs alone can pay it.
    ForPrograms,
    /// The payment was called off.
    Canceled,
}

/// What the form shows; all but `csrf` comes from an earlier attempt.
#[derive(Clone, Debug, Default)]
pub struct PayForm {
    /// Token of the form against forged posts.
    pub csrf: String,
    /// The amount as it was typed.
    pub amount: Option<String>,
    /// The tip as it was posted.
    pub tip: Option<String>,
    /// The way to pay that it is for; the first that is offered if none is chosen.
    pub way: Option<Rail>,
    /// The payment method as it was posted.
    pub payment_method: Option<String>,
    /// What was wrong with it.
    pub faults: Vec<FieldFault>,
    /// Why the rail declined the last attempt.
    pub decline_code: Option<DeclineCode>,
}

impl PayState {
    /// Whether it can be paid now, by whoever it is.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Payable(_) | Self::Review(_) | Self::Transfer(_) | Self::ForPrograms => true,
            Self::Processing
            | Self::SomebodyPaying
            | Self::TooManyDeclines
            | Self::ActionRequired { .. }
            | Self::Elsewhere { .. }
            | Self::Authorized
            | Self::Paid { .. }
            | Self::Expired
            | Self::Used
            | Self::Inactive
            | Self::Canceled => false,
        }
    }

    /// Whether there is a form to fill in.
    pub fn is_payable(&self) -> bool {
        matches!(self, Self::Payable(_))
    }

    /// The HTTP status of the page: 410 for what is over, else 200.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Payable(_)
            | Self::Review(_)
            | Self::Transfer(_)
            | Self::Processing
            | Self::SomebodyPaying
            | Self::TooManyDeclines
            | Self::ActionRequired { .. }
            | Self::Elsewhere { .. }
            | Self::Authorized
            | Self::ForPrograms
            | Self::Paid { .. } => 200,
            Self::Expired | Self::Used | Self::Inactive | Self::Canceled => 410,
        }
    }
}

/// Renders the pay page.
pub fn pay_page(page: &PayPage) -> Result<String, askama::Error> {
    View {
        locale: page.reader.locale,
        root: &page.reader.root,
        t: page.reader.locale.texts(),
        page,
        order: &page.order,
    }
    .render()
}

/// What the template sees.
#[derive(Template)]
#[template(path = "pay.html")]
pub(super) struct View<'a> {
    pub(super) locale: Locale,
    root: &'a str,
    pub(super) t: &'static Texts,
    page: &'a PayPage,
    pub(super) order: &'a Order,
}

impl View<'_> {
    pub(super) fn money(&self, amount: Money) -> String {
        format_amount(amount, self.locale)
    }

    /// The amount in the page's largest letters, unless the payer has yet to choose it.
    fn headline(&self) -> Option<String> {
        match (self.order.price, &self.page.state) {
            (_, PayState::Review(review)) => Some(self.money(review.choice.total)),
            (Price::Fixed(amount), _) => Some(self.money(amount)),
            (Price::Chosen { .. }, _) => None,
        }
    }

    /// Heading and note of a state in which there is nothing to fill in.
    fn notice(&self) -> Option<Notice> {
        let t = self.t;
        let (look, heading, note) = match &self.page.state {
            PayState::Payable(_) | PayState::Review(_) => return None,
            PayState::Transfer(_) => ("wait", t.transfer, t.transfer_note),
            PayState::SomebodyPaying => ("wait", t.somebody_paying, t.somebody_paying_note),
            PayState::TooManyDeclines => ("over", t.too_many_declines, t.too_many_declines_note),
            PayState::Processing => ("wait", t.processing, t.processing_note),
            PayState::ActionRequired { .. } => ("wait", t.action, t.action_note),
            PayState::Elsewhere { .. } => ("wait", t.elsewhere, t.elsewhere_note),
            PayState::Authorized => ("done", t.authorized, t.authorized_note),
            PayState::Paid { refunded, .. } => self.paid(*refunded),
            PayState::Expired => ("over", t.expired, t.expired_note),
            PayState::Used => ("done", t.used, t.used_note),
            PayState::Inactive => ("over", t.inactive, t.inactive_note),
            PayState::ForPrograms => ("wait", t.for_programs, t.for_programs_note),
            PayState::Canceled => ("over", t.canceled, t.canceled_note),
        };
        Some(Notice {
            look,
            heading,
            note: around_merchant(note),
        })
    }

    fn paid(&self, refunded: Money) -> (&'static str, &'static str, &'static str) {
        let t = self.t;
        let all = match self.order.price {
            Price::Fixed(amount) => refunded.minor() >= amount.minor(),
            Price::Chosen { .. } => false,
        };
        if refunded.minor() == 0 {
            ("done", t.paid, t.paid_note)
        } else if all {
            ("back", t.status_refunded, t.refunded_note)
        } else {
            ("back", t.status_partly_refunded, t.partly_refunded_note)
        }
    }

    /// What was paid back, if anything was.
    fn refunded(&self) -> Option<String> {
        match &self.page.state {
            PayState::Paid { refunded, .. } if refunded.minor() > 0 => Some(self.money(*refunded)),
            PayState::Paid { .. }
            | PayState::Payable(_)
            | PayState::Review(_)
            | PayState::Transfer(_)
            | PayState::Processing
            | PayState::SomebodyPaying
            | PayState::TooManyDeclines
            | PayState::ActionRequired { .. }
            | PayState::Elsewhere { .. }
            | PayState::Authorized
            | PayState::Expired
            | PayState::Used
            | PayState::Inactive
            | PayState::ForPrograms
            | PayState::Canceled => None,
        }
    }

    /// Whether the page waits for something that comes without its reader.
    fn refreshes(&self) -> bool {
        matches!(
            self.page.state,
            PayState::Processing
                | PayState::SomebodyPaying
                | PayState::Elsewhere { at_once: false, .. }
        )
    }

    /// Where the page leads by itself, if it does.
    fn leads_to(&self) -> Option<&str> {
        if let PayState::Elsewhere {
            address,
            at_once: true,
            ..
        } = &self.page.state
        {
            Some(address)
        } else {
            None
        }
    }

    /// The title of the browser's tab: the state, then who is paid.
    fn title(&self) -> String {
        // A title holds no markup, so the name is set apart by isolating characters.
        let merchant = format!("\u{2068}{}\u{2069}", self.order.merchant);
        let pay_to = fill(self.t.pay_to, "merchant", &merchant);
        let state = match &self.page.state {
            PayState::Payable(form) if !form.faults.is_empty() => Some(self.t.check_entries),
            PayState::Payable(form) if form.decline_code.is_some() => Some(self.t.declined),
            PayState::Payable(_) => None,
            PayState::Review(_) => Some(self.t.review),
            PayState::Transfer(_)
            | PayState::Processing
            | PayState::SomebodyPaying
            | PayState::TooManyDeclines
            | PayState::ActionRequired { .. }
            | PayState::Elsewhere { .. }
            | PayState::Authorized
            | PayState::Paid { .. }
            | PayState::Expired
            | PayState::Used
            | PayState::Inactive
            | PayState::ForPrograms
            | PayState::Canceled => self.notice().map(|notice| notice.heading),
        };
        state.map_or(pay_to.clone(), |state| format!("{state} · {pay_to}"))
    }

    fn pay_to(&self) -> (&'static str, &'static str) {
        around_merchant(self.t.pay_to)
    }

    fn monogram(&self) -> String {
        monogram(&self.order.merchant)
    }

    fn lines(&self) -> Vec<Line> {
        lines(&self.order.items, self.locale)
    }

    /// The time until which it can be paid while that matters: for people, for machines, and how
    /// far off it is.
    fn deadline(&self) -> Option<(String, String, Option<String>)> {
        let at = match &self.page.state {
            PayState::Payable(_) | PayState::Review(_) => self.order.expires_at?,
            PayState::Transfer(details) => details.until?,
            PayState::Processing
            | PayState::SomebodyPaying
            | PayState::TooManyDeclines
            | PayState::ActionRequired { .. }
            | PayState::Elsewhere { .. }
            | PayState::Authorized
            | PayState::Paid { .. }
            | PayState::Expired
            | PayState::Used
            | PayState::Inactive
            | PayState::ForPrograms
            | PayState::Canceled => return None,
        };
        let left = format_left(at - self.page.now, self.locale);
        Some((format_moment(at, self.locale), machine_moment(at), left))
    }
}

/// A state's icon and words.
struct Notice {
    look: &'static str,
    heading: &'static str,
    /// The note before and after the merchant's name.
    note: (&'static str, &'static str),
}

impl Notice {
    fn look(&self) -> &'static str {
        self.look
    }
}
