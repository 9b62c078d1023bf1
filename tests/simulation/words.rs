//! A run in words, for whoever reads a failed one.

use super::{
    moves::{Act, Fate, Move},
    writers::{Job, LaneName},
};
use threadpay::writer::{
    ClockCommand, Command, EndpointCommand, LinkCommand, MovementCommand, PaymentCommand,
    PostingCommand, Rejection, Reply,
};

/// The end of an id: enough to tell one from another.
pub fn short(id: &impl ToString) -> String {
    let text = id.to_string();
    let end = text.len().saturating_sub(4);
    text[end..].to_owned()
}

fn lane(name: LaneName) -> String {
    format!("lane {} of writer {}", name.number, name.process)
}

/// What a move is.
pub fn of_move(step: &Move) -> String {
    let what = match step.act {
        Act::Ask { at } => format!("a client asks writer {at}"),
        Act::Again { at, other: false } => format!("a client asks writer {at} again"),
        Act::Again { at, other: true } => {
            format!("a client asks writer {at} for something else under a used key")
        }
        Act::Work { lane: name, until } => format!("{} works until {until:?}", lane(name)),
        Act::Rail(Fate::Answered) => "the rail answers a call".to_owned(),
        Act::Rail(Fate::Twice) => "the rail answers a call, and will again".to_owned(),
        Act::Rail(Fate::Lost) => "the rail does a call, and its answer is lost".to_owned(),
        Act::Happen => "something happens at the rail".to_owned(),
        Act::Ring { at } => format!("the rail tells writer {at} something"),
        Act::Report { at } => format!("somebody reports an outcome to writer {at}"),
        Act::Tick { at, worker } => format!("worker {worker:?} of process {at} looks around"),
        Act::Land { at, most } => format!("up to {most} tries of process {at} end"),
        Act::Mood => "a receiver takes to behaving otherwise".to_owned(),
        Act::Crash { at } => format!("process {at} dies, and another takes its place"),
        Act::Cut {
            lane: name,
            committed,
        } => {
            let when = if committed { "after" } else { "before" };
            format!("the connection of {} breaks {when} a commit", lane(name))
        }
        Act::Refuse { lane: name } => format!("the database refuses a batch of {}", lane(name)),
        Act::Pass(by) => format!("{by} pass"),
        Act::Set { at, off } => format!("the clock of process {at} is off by {off}"),
    };
    format!("#{:<3} {what}", step.serial)
}

/// What a job asks for.
pub fn of_job(job: &Job) -> String {
    let merchant = short(&job.submission.merchant);
    let claim = job.submission.claim.as_ref();
    let key = claim.map_or(String::new(), |claim| format!(" ({})", claim.key.as_str()));
    let command = of_command(&job.submission.command);
    format!("merchant {merchant}: {command}{key}")
}

fn of_command(command: &Command) -> String {
    match command {
        Command::Statement(_) => "look at a statement".to_owned(),
        Command::Settlement(_) => "keep what a provider pays out".to_owned(),
        Command::RailEvent(_) => "keep what a provider tells".to_owned(),
        Command::Payment(PaymentCommand::Create(terms)) => {
            format!("create an intent of {}", terms.amount)
        }
        Command::Payment(PaymentCommand::Confirm(id, _)) => format!("confirm intent {}", short(id)),
        Command::Payment(PaymentCommand::GiveUp(id, _)) => {
            format!("take another way to pay intent {}", short(id))
        }
        Command::Payment(PaymentCommand::Capture(id, _)) => format!("capture intent {}", short(id)),
        Command::Payment(PaymentCommand::Cancel(id, _)) => format!("cancel intent {}", short(id)),
        Command::Payment(PaymentCommand::Refund(id, _)) => format!("refund intent {}", short(id)),
        Command::Movement(MovementCommand::Learn(fact) | MovementCommand::Tell(fact)) => {
            let (kind, outcome, amount) = (fact.kind, fact.outcome, fact.amount);
            let name = fact.name().unwrap_or_default();
            format!("learn that {kind:?} {name} is {outcome:?} {amount:?}")
        }
        Command::Movement(MovementCommand::Resolve(id, decided)) => {
            format!("{} movement {}", decided.action, short(id))
        }
        Command::Payment(PaymentCommand::Report(id, awaited, answer)) => {
            format!("report the {awaited:?} of intent {}: {answer:?}", short(id))
        }
        Command::Payment(PaymentCommand::Expire(id)) => format!("expire intent {}", short(id)),
        Command::Link(LinkCommand::Create(_)) => "create a link".to_owned(),
        Command::Link(LinkCommand::Pay(id, _)) => format!("pay through link {}", short(id)),
        Command::Link(LinkCommand::Deactivate(id)) => format!("deactivate link {}", short(id)),
        Command::Link(LinkCommand::Expire(id)) => format!("expire link {}", short(id)),
        Command::Endpoint(EndpointCommand::Create(id, ..)) => {
            format!("create endpoint {}", short(id))
        }
        Command::Endpoint(EndpointCommand::Update(id, _)) => {
            format!("update endpoint {}", short(id))
        }
        Command::Endpoint(EndpointCommand::Delete(id)) => format!("delete endpoint {}", short(id)),
        Command::Endpoint(EndpointCommand::Disable(id, why)) => {
            format!("disable endpoint {}: {why}", short(id))
        }
        Command::Endpoint(EndpointCommand::RotateSecret(id, ..)) => {
            format!("rotate the secret of endpoint {}", short(id))
        }
        Command::Endpoint(EndpointCommand::Ping(id)) => format!("ping endpoint {}", short(id)),
        Command::Endpoint(EndpointCommand::Replay(id, after, _)) => {
            format!("replay after {after} to endpoint {}", short(id))
        }
        Command::Clock(ClockCommand::Advance(by)) => format!("move the clock on by {by}"),
        // Nobody does, in here.
        Command::RailAccount(_) => "change a rail account".to_owned(),
        Command::Posting(PostingCommand::Post(_)) => "book an entry by hand".to_owned(),
        Command::Endpoint(EndpointCommand::Retry(delivery)) => {
            format!("retry delivery {}", short(&delivery.id))
        }
    }
}

/// What a job came to.
pub fn of_reply(reply: &Result<Reply, Rejection>) -> String {
    let text = |body: &[u8]| {
        let text: String = String::from_utf8_lossy(body).chars().take(60).collect();
        text
    };
    match reply {
        Ok(Reply::Answer(answer)) => format!("{} {}", answer.status, text(&answer.body)),
        Ok(Reply::Replay(answer)) => format!("again {} {}", answer.status, text(&answer.body)),
        Ok(Reply::Call(call)) => format!("ask the rail for a {}", call.kind),
        Ok(Reply::Begun(statement)) => format!("look at the lines of {statement}"),
        Err(rejection) => format!("refused: {rejection}"),
    }
}
