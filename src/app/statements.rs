//! Looking at the lines of a statement, one command each: others of the merchant's commands come
//! between them. (Keeping the file is one command, however many lines it has.)

use crate::{
    base::{actor::Actor, db::Pool},
    domain::{
        idempotency::Answer,
        reconciliation::{bank_line, import::store::Name},
    },
    writer::{Command, Reply, StatementCommand, Submission, WriteError, Writer},
};
use futures_util::future::try_join_all;

/// Lines that are looked at at once.
const AT_ONCE: i64 = 64;

/// Looks at the lines that are left, and gives the answer to the one who gave us the file. Whoever
/// comes second finds nothing left, and the same answer.
pub async fn finish(
    writer: &Writer,
    pool: &Pool,
    (merchant, statement): Name,
    actor: Actor,
) -> Result<Answer, WriteError> {
    let submit = async |command: StatementCommand| {
        let submission = Submission {
            merchant,
            actor,
            command: Command::from(command),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        writer.submit(submission).await
    };
    loop {
        let left = bank_line::store::unprocessed(pool, (merchant, statement), AT_ONCE);
        let left = left.await.map_err(|_| WriteError::Unavailable)?;
        if left.is_empty() {
            break;
        }
        let matches = left.into_iter().map(StatementCommand::Match).map(&submit);
        try_join_all(matches).await?;
    }
    match submit(StatementCommand::Finish(statement)).await? {
        Reply::Answer(answer) | Reply::Replay(answer) => Ok(answer),
        // An end never leads to a call.
        Reply::Call(_) | Reply::Begun(_) => Err(WriteError::Broken),
    }
}
