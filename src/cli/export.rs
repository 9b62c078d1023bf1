//! `threadpay export`: a merchant's journal as a file, the same bytes as the API gives.

use super::{CliError, database, print, seam};
use crate::ids::MerchantId;
use clap::ValueEnum;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

/// Which journal, which time, in which form.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The merchant whose journal it is.
    #[arg(long, value_name = "MERCHANT_ID")]
    merchant: MerchantId,
    /// The first moment: a day (2026-01-01, in UTC) or a time (2026-01-01T00:00:00Z).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: OffsetDateTime,
    /// The first moment that is not in it any more: a day or a time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: OffsetDateTime,
    /// The form of the file.
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write; else standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms that the journal can be exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// One JSON object a line, for programs.
    Jsonl,
}

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Whose journal.
    pub merchant: MerchantId,
    /// The first moment of booking.
    pub from: OffsetDateTime,
    /// The first moment after.
    pub to: OffsetDateTime,
    /// The form.
    pub format: Format,
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    if args.from > args.to {
        return Err(CliError::Setting {
            name: "--to",
            problem: "lies before --from: give the earlier time first".to_owned(),
        });
    }
    let selection = Selection {
        merchant: args.merchant,
        from: args.from,
        to: args.to,
        format: args.format,
    };
    let db = database::named().await?;
    match &args.output {
        None => {
            let mut out = BufWriter::new(io::stdout());
            seam::export(&db, selection, &mut out).await?;
            out.flush().map_err(CliError::Output)
        }
        Some(path) => {
            let mut file = Beside::create(path)?;
            seam::export(&db, selection, &mut file.out).await?;
            file.finish()?;
            print::remark(&format!("Wrote {}.", path.display()));
            Ok(())
        }
    }
}

/// A file that gets its name when all of it is written, so that nobody takes half an export for
/// a whole one.
struct Beside<'a> {
    out: BufWriter<File>,
    unfinished: PathBuf,
    path: &'a Path,
}

impl<'a> Beside<'a> {
    fn create(path: &'a Path) -> Result<Self, CliError> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).map_err(CliError::file("write", path))?;
        Ok(Self {
            out: BufWriter::new(file),
            unfinished,
            path,
        })
    }

    fn finish(mut self) -> Result<(), CliError> {
        let done = self.out.flush();
        done.and_then(|()| fs::rename(&self.unfinished, self.path))
            .map_err(CliError::file("write", self.path))
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        // Nothing is left under this name once it is finished.
        let _ = fs::remove_file(&self.unfinished);
    }
}

/// A day, which begins at midnight in UTC, or an RFC 3339 time.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
    let day = day.map(|day| day.with_time(Time::MIDNIGHT).assume_utc());
    day.or_else(|_| OffsetDateTime::parse(text, &Rfc3339))
        .map_err(|_| "write a day as 2026-01-31 or a time as 2026-01-31T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_moments() {
        assert_eq!(moment("2026-01-31"), moment("2026-01-31T01:00:00+01:00"));
        for wrong in ["", "2026-02-30", "2026-01-31T25:00:00Z", "yesterday"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
