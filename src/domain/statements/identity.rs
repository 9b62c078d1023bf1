//! What the bank's ids are good for.

use super::line::{Line, LineStatus};
use super::statement::Statement;
use std::collections::HashMap;

/// Takes away ids that stand for several entries of a file. Some banks repeat theirs: one for a
/// payment and its fee, `1234` everywhere, or half of a sentence. Such an id identifies nothing,
/// and to take the second entry for the first again would lose money. It stays a reference.
pub(super) fn keep_unique_ids(statements: &mut [Statement]) {
    let mut entries = HashMap::new();
    let mut transactions = HashMap::new();
    for statement in &*statements {
        for line in statement.lines.iter().filter(|line| is_booked(line)) {
            let count = |counts: &mut HashMap<_, u32>, id: &Option<String>| {
                if let Some(id) = id {
                    *counts
                        .entry((statement.account.clone(), id.clone()))
                        .or_default() += 1;
                }
            };
            count(&mut entries, &line.bank_id);
            for transaction in &line.transactions {
                count(&mut transactions, &transaction.bank_id);
            }
        }
    }
    for statement in statements {
        let is_repeated = |counts: &HashMap<(Option<String>, String), u32>, id: &String| {
            counts
                .get(&(statement.account.clone(), id.clone()))
                .is_some_and(|count| *count > 1)
        };
        for line in &mut statement.lines {
            line.bank_id.take_if(|id| is_repeated(&entries, id));
            for transaction in &mut line.transactions {
                let id = &mut transaction.bank_id;
                id.take_if(|id| is_repeated(&transactions, id));
            }
        }
    }
}

/// A payment may be told as pending first, and again by the same id when it is booked.
fn is_booked(line: &Line) -> bool {
    line.status == LineStatus::Booked
}
