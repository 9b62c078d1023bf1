//! How fast a journal leaves, as the service's export and as a bare COPY.

mod store;

use super::{
    failure::failed,
    journal::Journal,
    measured::Done,
    sample::{Figures, Sample, per_second},
    services::Caller,
    side_runtime::SideRuntime,
    work::INTENT,
};
use crate::program::ProgramError;
use crate::{
    base::{
        ambient::Ambient,
        db::{Db, Use},
        ids::MerchantId,
    },
    domain::{
        intents::{Intent, IntentRequest},
        ledger::{Account, Direction, Draft, EntryKind, Origin},
    },
    views::exports::Format,
};
use sqlx::{Connection, PgConnection};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Entries that are recorded at a time while the journal is made.
const CHUNK: usize = 1_000;
/// Postings of each.
const POSTINGS: usize = 2;

/// Books so many payments, each with its intent: what an export reads.
pub(super) async fn prepare(
    db: &Db,
    merchant: MerchantId,
    entries: usize,
) -> Result<(), ProgramError> {
    let request: IntentRequest = serde_json::from_str(INTENT).map_err(failed)?;
    let terms = request.parse().map_err(failed)?;
    let ambient = Ambient::system();
    let mut journal = Journal::open(db, merchant).await?;
    let mut connection = db.connect(Use::Writer).await?;
    let mut left = entries;
    while left > 0 {
        let count = left.min(CHUNK);
        let new = || Intent::new(ambient.id(), merchant, terms.clone(), ambient.now());
        let made: Vec<Intent> = std::iter::repeat_with(new).take(count).collect();
        let mut transaction = connection.begin().await.map_err(failed)?;
        for intent in &made {
            let stored = super::store::insert_intent(&mut transaction, intent).await;
            stored.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        let drafts: Result<Vec<_>, _> = made.iter().map(capture).collect();
        let batch = journal.book(drafts?.into_iter());
        journal.record(&batch).await.map_err(failed)?;
        left -= count;
    }
    store::analyze(&mut connection).await.map_err(failed)
}

/// What a payment books.
fn capture(intent: &Intent) -> Result<Draft, ProgramError> {
    let amount = intent.terms.amount;
    let lines = vec![
        (
            Account::rail_clearing("sandbox", None),
            Direction::Debit,
            amount,
        ),
        (Account::merchant_pending(), Direction::Credit, amount),
    ];
    let draft = Draft::new(EntryKind::Capture, intent.id.to_string(), lines);
    let origin = Origin {
        payment_intent: Some(intent.id),
        reference: intent.terms.details.reference.clone(),
        ..Origin::default()
    };
    Ok(draft.map_err(failed)?.with_origin(origin))
}

/// Exports a caller's journal over HTTP.
pub(super) struct ExportReader<'a> {
    /// Where the reader runs.
    pub bots: &'a SideRuntime,
    /// Where the service listens.
    pub address: SocketAddr,
    /// Whose journal it is.
    pub caller: &'a Caller,
    /// In which format.
    pub format: Format,
}

impl ExportReader<'_> {
    /// One export of so many entries after the other, for so long.
    pub async fn run(&self, (entries, time): (usize, Duration)) -> Result<Done, ProgramError> {
        let Self {
            bots,
            address,
            caller,
            format,
        } = self;
        let request = format!(
            "GET /v1/exports/journal?from=2000-01-01&to=2100-01-01&format={format} HTTP/1.1\r\n\
        host: bench\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
            caller.api_key
        );
        again((entries, time), async || {
            bots.run(fetch(*address, request.clone())).await
        })
        .await
    }
}

/// The same rows from Postgres alone.
pub(super) async fn copy(
    db: &mut PgConnection,
    caller: &Caller,
    (entries, time): (usize, Duration),
) -> Result<Done, ProgramError> {
    again((entries, time), async || {
        let bytes = store::copy(&mut *db, caller.merchant).await;
        bytes.map_err(failed)
    })
    .await
}

/// Exports until the time is over; the first one warms up.
async fn again(
    (entries, time): (usize, Duration),
    mut export: impl AsyncFnMut() -> Result<u64, ProgramError>,
) -> Result<Done, ProgramError> {
    export().await?;
    let (start, mut sample, mut bytes) = (Instant::now(), Sample::default(), 0);
    while sample.requests.is_empty() || start.elapsed() < time {
        let begun = Instant::now();
        bytes += export().await?;
        sample.requests.push((start.elapsed(), begun.elapsed()));
    }
    let exports = sample.requests.len();
    let last = sample.requests.last().map_or(time, |request| request.0);
    let figures = Figures::of(&[sample], &(Duration::ZERO..last + Duration::from_nanos(1)));
    let rows = entries * POSTINGS * exports;
    Ok(Done {
        figures: Figures {
            per_second: per_second(rows, last),
            ..figures
        },
        count: entries * POSTINGS * (exports + 1),
        bytes_per_second: Some(per_second(usize::try_from(bytes).map_err(failed)?, last)),
        ..Done::default()
    })
}

/// Reads an export to its end without keeping it, and counts its bytes.
async fn fetch(address: SocketAddr, request: String) -> io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut piece = vec![0; 64 * 1024];
    let (mut bytes, mut head, mut tail) = (0, Vec::new(), Vec::new());
    loop {
        let length = stream.read(&mut piece).await?;
        let piece = piece.get(..length).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        if head.is_empty() {
            head.extend_from_slice(piece.get(..OK.len()).unwrap_or_default());
        }
        bytes += u64::try_from(length).unwrap_or(u64::MAX);
        tail.extend_from_slice(
            piece
                .get(length.saturating_sub(END.len())..)
                .unwrap_or_default(),
        );
        tail.drain(..tail.len().saturating_sub(END.len()));
    }
    if head == OK && tail == END {
        Ok(bytes)
    } else {
        Err(io::Error::other("an export was refused or broke off"))
    }
}

const OK: &[u8] = b"HTTP/1.1 200";
/// The last piece of an answer that is whole.
const END: &[u8] = b"\r\n0\r\n\r\n";
