//! Every page in every state and language.

use super::*;
use crate::base::ids::IntentId;
use crate::base::language::{Language, Locale, PayerAmountError};
use crate::base::money::Money;
use crate::domain::{
    intents::{LineItem, LineItemKind},
    links::Price,
    rails::{DeclineCode, PaymentMethod, Rail, SandboxMethod},
};
use time::macros::datetime;

/// What a hostile merchant would write: markup, quotes, a right-to-left override, a long word.
const HOSTILE: &str = "<script>alert(1)</script>\"'&\u{202e}evil{csrf}wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";

fn money(text: &str, code: &str) -> Money {
    Money::parse(text, code.parse().unwrap()).unwrap()
}

fn eur(text: &str) -> Money {
    money(text, "EUR")
}

fn coffee() -> Order {
    Order {
        merchant: "Café Nord".to_owned(),
        description: Some("Table 4, thank you for coming".to_owned()),
        reference: Some("order-1042".to_owned()),
        items: vec![
            LineItem {
                kind: LineItemKind::Item,
                label: "Flat white".to_owned(),
                quantity: 2,
                unit_amount: eur("4.25"),
            },
            LineItem {
                kind: LineItemKind::Item,
                label: "Cinnamon bun".to_owned(),
                quantity: 1,
                unit_amount: eur("4.00"),
            },
        ],
        price: Price::Fixed(eur("12.50")),
        tips: Vec::new(),
        is_held: false,
        expires_at: Some(datetime!(2026-11-23 18:30 UTC)),
        test_mode: true,
        rails: vec![Rail::Sandbox],
    }
}

fn donation() -> Order {
    let price = Price::Chosen {
        preset: Some(eur("1250.00")),
        min: eur("1.00"),
        max: eur("5000.00"),
    };
    Order {
        items: Vec::new(),
        price,
        tips: vec![eur("0.00"), eur("1.00"), eur("2.00")],
        ..coffee()
    }
}

fn hostile() -> Order {
    let huge = Money::new(99_999_999_999_999, eur("1").currency());
    Order {
        merchant: HOSTILE.to_owned(),
        description: Some(HOSTILE.to_owned()),
        reference: Some(HOSTILE.to_owned()),
        items: vec![LineItem {
            kind: LineItemKind::Item,
            label: HOSTILE.to_owned(),
            quantity: 1,
            unit_amount: huge,
        }],
        price: Price::Fixed(huge),
        ..coffee()
    }
}

fn form() -> PayForm {
    PayForm {
        csrf: "csrf-token".to_owned(),
        ..PayForm::default()
    }
}

fn review() -> Review {
    Review {
        csrf: form().csrf,
        choice: PayerChoice {
            amount: eur("1234.50"),
            tip: eur("1.00"),
            total: eur("1235.50"),
            payment_method: PaymentMethod::Sandbox(SandboxMethod::Ok),
        },
        query: "amount=1234.50&tip=1.00".to_owned(),
    }
}

fn faulty() -> PayForm {
    PayForm {
        amount: Some("1.000.00".to_owned()),
        tip: Some("2.00".to_owned()),
        faults: vec![
            FieldFault::Amount(PayerAmountError::Malformed),
            FieldFault::TipUnknown,
            FieldFault::MethodUnknown,
        ],
        ..form()
    }
}

fn declined(code: DeclineCode) -> PayForm {
    PayForm {
        decline_code: Some(code),
        payment_method: Some("pm_sandbox_declined".to_owned()),
        ..form()
    }
}

fn pay(locale: impl Into<Locale>, order: Order, state: PayState) -> String {
    let token = "00abcdefghijklmnopqrstuv".to_owned();
    pay_page(&PayPage {
        reader: locale.into().into(),
        token,
        order,
        state,
        now: datetime!(2026-11-22 19:30 UTC),
    })
    .unwrap()
}

fn receipt(locale: Locale, refunded: &str) -> String {
    receipt_page(&Receipt {
        reader: locale.into(),
        token: "00abcdefghijklmnopqrstuv".to_owned(),
        intent: IntentId(uuid::Uuid::from_u128(
            0x019a_0000_0000_7000_8000_0000_0000_0001,
        )),
        merchant: "Café Nord".to_owned(),
        description: coffee().description,
        reference: coffee().reference,
        items: coffee().items,
        amount: eur("13.50"),
        tip: Some(eur("1.00")),
        refunded: eur(refunded),
        authorized_only: false,
        paid_at: datetime!(2026-11-22 08:05:09 UTC),
        test_mode: true,
    })
    .unwrap()
}

/// Every page of a language, by name.
fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let tipped = Order {
        tips: donation().tips,
        ..coffee()
    };
    let paid = |refunded| PayState::Paid {
        receipt: "00abcdefghijklmnopqrstuv".to_owned(),
        refunded: eur(refunded),
    };
    let action = PayState::ActionRequired { csrf: form().csrf };
    let state = |state| pay(locale, coffee(), state);
    vec![
        ("payable", state(PayState::Payable(form()))),
        ("tipped", pay(locale, tipped, PayState::Payable(form()))),
        ("chosen", pay(locale, donation(), PayState::Payable(form()))),
        (
            "faulty",
            pay(locale, donation(), PayState::Payable(faulty())),
        ),
        ("hostile", pay(locale, hostile(), PayState::Payable(form()))),
        (
            "declined",
            state(PayState::Payable(declined(DeclineCode::InsufficientFunds))),
        ),
        ("processing", state(PayState::Processing)),
        ("taken", state(PayState::SomebodyPaying)),
        ("resting", state(PayState::TooManyDeclines)),
        (
            "review",
            pay(locale, donation(), PayState::Review(review())),
        ),
        (
            "held",
            pay(
                locale,
                Order {
                    is_held: true,
                    ..coffee()
                },
                PayState::Payable(form()),
            ),
        ),
        ("action", state(action)),
        ("authorized", state(PayState::Authorized)),
        ("paid", state(paid("0.00"))),
        ("paid-back", state(paid("12.50"))),
        ("partly-paid-back", state(paid("2.50"))),
        ("expired", state(PayState::Expired)),
        ("used", state(PayState::Used)),
        ("inactive", state(PayState::Inactive)),
        ("for-programs", state(PayState::ForPrograms)),
        ("canceled", state(PayState::Canceled)),
        ("receipt", receipt(locale, "0.00")),
        ("refunded", receipt(locale, "5.00")),
        ("not-found", not_found_page(&locale.into()).unwrap()),
        (
            "stale",
            fault_page(PageFault::StaleForm, Some("00abc"), &locale.into()).unwrap(),
        ),
        (
            "busy",
            fault_page(PageFault::Busy, None, &locale.into()).unwrap(),
        ),
        (
            "broken",
            fault_page(PageFault::Broken, None, &locale.into()).unwrap(),
        ),
    ]
}

fn page(language: Language, name: &str) -> String {
    let mut all = pages(language.into()).into_iter();
    all.find(|(known, _)| *known == name)
        .map(|(_, html)| html)
        .unwrap()
}

#[test]
fn every_page_is_whole_and_keeps_its_own_policy() {
    for locale in Language::ALL.iter().copied().map(Locale::from) {
        for (name, html) in pages(locale) {
            let at = format!("{name} in {locale:?}");
            assert!(
                html.contains(&format!("<html lang=\"{}\">", locale.tag())),
                "{at}"
            );
            assert!(html.contains(style_path()), "{at}");
            for (part, count) in [
                ("<main", 1),
                ("<h1", 1),
                ("<title>", 1),
                ("name=\"viewport\"", 1),
            ] {
                assert_eq!(html.matches(part).count(), count, "{part} of {at}");
            }
            for forbidden in [
                "<script",
                "<style",
                "style=",
                "javascript:",
                " onclick",
                "http://",
                "https://",
                "{m",
                "{a",
            ] {
                assert!(!html.contains(forbidden), "{forbidden} in {at}");
            }
        }
    }
}

#[test]
fn hostile_text_is_escaped_and_set_apart() {
    let html = page(Language::En, "hostile");
    let escaped = "<bdi>&#60;script&#62;";
    // Merchant, description, item and reference.
    assert_eq!(html.matches(escaped).count(), 4);
    let outside: Vec<&str> = html.split("<bdi>").collect();
    let loose = outside
        .iter()
        .map(|part| part.split_once("</bdi>").map_or(*part, |(_, rest)| rest));
    let body = loose.skip(1).collect::<String>();
    assert!(!body.contains('\u{202e}'), "an override outside of <bdi>");
    assert!(
        html.contains("\u{2068}&#60;script&#62;"),
        "the title isolates the name"
    );
}

#[test]
fn amounts_are_exact_in_the_language_of_the_page() {
    for (locale, amount, line, button) in [
        (Language::En, "€12.50", "2 × €4.25 each", "Pay €12.50"),
        (
            Language::De,
            "12,50\u{a0}€",
            "2 × je 4,25\u{a0}€",
            "12,50\u{a0}€ bezahlen",
        ),
        (
            Language::Pt,
            "€\u{a0}12,50",
            "2 × €\u{a0}4,25 cada",
            "Pagar €\u{a0}12,50",
        ),
        (Language::Ja, "€12.50", "2 × 単価 €4.25", "€12.50を支払う"),
    ] {
        let html = page(locale, "payable");
        assert!(
            html.contains(&format!("<p class=\"amount\">{amount}</p>")),
            "{locale:?}"
        );
        assert!(
            html.contains(line) && html.contains(&format!(">{button}</button>")),
            "{locale:?}"
        );
    }
    let yen = Order {
        items: Vec::new(),
        price: Price::Fixed(money("1500", "JPY")),
        ..coffee()
    };
    assert!(pay(Language::Ja, yen, PayState::Payable(form())).contains("￥1,500を支払う"));
}

#[test]
fn the_form_posts_what_the_contract_names() {
    let html = page(Language::De, "chosen");
    for part in [
        "<form class=\"pay\" method=\"post\" action=\"/p/00abcdefghijklmnopqrstuv/review\"",
        "<input type=\"hidden\" name=\"csrf\" value=\"csrf-token\">",
        "name=\"amount\" type=\"text\" inputmode=\"decimal\"",
        "value=\"1250,00\"",
        "<input type=\"radio\" name=\"tip\" value=\"0.00\" checked>",
        "<input type=\"radio\" name=\"tip\" value=\"2.00\">",
        "<select id=\"payment_method\" name=\"payment_method\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    for method in SANDBOX_METHODS {
        assert!(
            html.contains(&format!("<option value=\"{method}\">")),
            "{method}"
        );
    }
    let fixed = page(Language::De, "payable");
    assert!(!fixed.contains("name=\"amount\"") && !fixed.contains("name=\"tip\""));
    let action = page(Language::De, "action");
    assert!(action.contains("action=\"/p/00abcdefghijklmnopqrstuv/action\""));
    assert!(
        action.contains("name=\"outcome\" value=\"succeed\"") && action.contains("value=\"fail\"")
    );
}

#[test]
fn faults_stand_at_their_fields_and_in_the_summary() {
    let html = page(Language::En, "faulty");
    for field in ["amount", "tip", "payment_method"] {
        assert!(html.contains(&format!("<a href=\"#{field}\">")), "{field}");
        assert!(html.contains(&format!("id=\"{field}\"")), "{field}");
    }
    for part in [
        "aria-describedby=\"amount-fault amount-hint",
        "id=\"amount-fault\"",
        "id=\"tip-fault\"",
        "id=\"method-fault\"",
        "value=\"1.000.00\"",
        "value=\"2.00\" checked",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(page(Language::En, "declined").contains("does not have enough funds"));
}

#[test]
fn a_payment_can_be_made_only_where_it_may() {
    for (name, html) in pages(Language::Es.into()) {
        let may = ["payable", "hostile", "declined", "held", "review"].contains(&name);
        assert_eq!(html.contains("/pay\""), may, "{name}");
    }
}

#[test]
fn the_receipt_tells_what_was_paid_back_and_where_its_signed_copy_is() {
    let html = page(Language::Fr, "refunded");
    for part in [
        "13,50\u{a0}€",
        "5,00\u{a0}€",
        "Remboursé en partie",
        "pi_",
        "datetime=\"2026-11-22T08:05:09Z\"",
        "href=\"/r/00abcdefghijklmnopqrstuv/receipt.jws\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!page(Language::Fr, "receipt").contains("Remboursé"));
}

#[test]
fn the_style_stands_alone() {
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    assert!(style_path().starts_with("/assets/style-"));
}
