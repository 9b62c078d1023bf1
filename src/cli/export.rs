//! `threadpay export`: a merchant's journal as a file, the same bytes as the API gives.

use crate::app::config::settings::Settings;
use crate::program::{ProgramError, database, print};
use crate::{
    base::{db::Use, ids::MerchantId, timestamp},
    views::exports::{Export, Format, Period},
};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Which journal, which time, in which form.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The merchant whose journal it is.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: MerchantId,
    /// The first moment: a day (2026-01-01, in UTC) or a time (2026-01-01T00:00:00Z).
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    from: OffsetDateTime,
    /// The first moment that is not in it any more: a day or a time.
    #[arg(long, value_name = "TIME", value_parser = timestamp::parse)]
    to: OffsetDateTime,
    /// The form of the file: csv or jsonl.
    #[arg(long)]
    format: Format,
    /// The file to write; else standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: Args, settings: &Settings) -> Result<(), ProgramError> {
    let failed = |error: &dyn std::error::Error| ProgramError::Failed(error.to_string());
    let period = Period::new(args.from, args.to).map_err(|e| failed(&e))?;
    let pool = database::migrated(settings)
        .await?
        .pool(Use::General, 1)
        .await?;
    let export = Export::open(&pool, args.merchant, period, args.format);
    let export = export.await.map_err(|e| failed(&e))?;
    match &args.output {
        None => {
            let mut out = BufWriter::new(io::stdout());
            write(export, &mut out).await?;
            out.flush().map_err(ProgramError::Output)
        }
        Some(path) => {
            let mut file = Beside::create(path)?;
            write(export, &mut file.out).await?;
            file.finish()?;
            print::remark(&format!("Wrote {}.", path.display()));
            Ok(())
        }
    }
}

async fn write(mut export: Export, out: &mut impl Write) -> Result<(), ProgramError> {
    while let Some(chunk) = export
        .next_chunk()
        .await
        .map_err(|e| ProgramError::Failed(e.to_string()))?
    {
        out.write_all(&chunk).map_err(ProgramError::Output)?;
    }
    Ok(())
}

/// A file that gets its name when all of it is written, so that nobody takes half an export for
/// a whole one.
struct Beside<'a> {
    out: BufWriter<File>,
    unfinished: PathBuf,
    path: &'a Path,
}

impl<'a> Beside<'a> {
    fn create(path: &'a Path) -> Result<Self, ProgramError> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).map_err(ProgramError::file("write", path))?;
        Ok(Self {
            out: BufWriter::new(file),
            unfinished,
            path,
        })
    }

    fn finish(mut self) -> Result<(), ProgramError> {
        let done = self.out.flush();
        done.and_then(|()| fs::rename(&self.unfinished, self.path))
            .map_err(ProgramError::file("write", self.path))
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        // Nothing is left under this name once it is finished.
        let _ = fs::remove_file(&self.unfinished);
    }
}
