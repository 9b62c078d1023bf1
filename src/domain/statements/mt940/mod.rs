//! SWIFT's customer statement message MT940, and the interim transaction report MT942 with the same
//! lines (SWIFT Standards, category 9).

mod fields;
mod information;
mod line;
mod message;

#[cfg(test)]
mod tests;

use super::{
    LINES_MAX, STATEMENTS_MAX,
    refused::{Reason, Refused},
    statement::Statement,
};
use crate::base::money::Money;
use fields::fields;
use message::Message;

/// Reads all messages of a file.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, Refused> {
    let mut statements = Vec::new();
    let mut last: Option<Page> = None;
    let mut lines = 0;
    let mut message: Option<Message<'_>> = None;
    for field in fields(text) {
        if field.tag == "20" {
            finish(&mut message, &mut statements, &mut last)?;
            message = Some(Message::default());
        }
        let Some(message) = &mut message else {
            continue;
        };
        lines += usize::from(field.tag == "61");
        if lines > LINES_MAX || statements.len() >= STATEMENTS_MAX {
            let (what, most) = ("lines", LINES_MAX);
            return Err(Reason::TooMuch { what, most }.into());
        }
        let read = message.add(field);
        read.map_err(|refused| refused.in_statement(statements.len() + 1))?;
    }
    finish(&mut message, &mut statements, &mut last)?;
    Ok(statements)
}

/// The end of a page of a statement that has several.
struct Page {
    account: Option<String>,
    closing: Money,
}

fn finish(
    message: &mut Option<Message<'_>>,
    statements: &mut Vec<Statement>,
    last: &mut Option<Page>,
) -> Result<(), Refused> {
    let Some(message) = message.take() else {
        return Ok(());
    };
    let number = statements.len() + 1;
    let (goes_on, is_followed) = (message.goes_on, message.is_followed);
    let finished = message.finish();
    let statement = finished.map_err(|refused| refused.in_statement(number))?;
    if let (Some(page), Some(opening), true) = (last.take(), statement.opening, goes_on)
        && page.account == statement.account
        && page.closing != opening.amount
    {
        let (expected, found) = (page.closing, opening.amount);
        return Err(Reason::Page { expected, found }.in_statement(number));
    }
    if let (Some(closing), true) = (statement.closing, is_followed) {
        *last = Some(Page {
            account: statement.account.clone(),
            closing: closing.amount,
        });
    }
    statements.push(statement);
    Ok(())
}
