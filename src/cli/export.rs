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
            let mut file = Output::open(path)?;
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
/// a whole one. Devices and pipes are no files to be replaced: they are written to as they are.
struct Output {
    out: BufWriter<File>,
    /// The name that it has until it is whole.
    unfinished: Option<PathBuf>,
    path: PathBuf,
}

impl Output {
    fn open(path: &Path) -> Result<Self, ProgramError> {
        // A link stays what it is: the file that it leads to is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let is_stream = fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let unfinished = (!is_stream).then(|| PathBuf::from(unfinished));
        let file = match &unfinished {
            Some(unfinished) => File::create(unfinished),
            None => File::options().write(true).open(&path),
        };
        Ok(Self {
            out: BufWriter::new(file.map_err(ProgramError::file("write", &path))?),
            unfinished,
            path,
        })
    }

    fn finish(mut self) -> Result<(), ProgramError> {
        let done = self.out.flush().and_then(|()| match &self.unfinished {
            Some(unfinished) => fs::rename(unfinished, &self.path),
            None => Ok(()),
        });
        done.map_err(ProgramError::file("write", &self.path))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // Nothing is left under this name once it is finished.
            let _ = fs::remove_file(unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn written(path: &Path) -> Result<(), ProgramError> {
        let mut file = Output::open(path)?;
        file.out.write_all(b"all of it").unwrap();
        file.finish()
    }

    #[test]
    fn only_a_file_is_replaced() {
        let place = std::env::temp_dir().join(format!("threadpay-export-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let (file, link) = (place.join("file"), place.join("link"));
        fs::write(&file, "before").unwrap();
        symlink(&file, &link).unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        let half = Output::open(&link).unwrap();
        assert_eq!(text(&link), "before");
        drop(half);
        written(&link).unwrap();
        assert_eq!(
            (text(&file).as_str(), text(&link).as_str()),
            ("all of it", "all of it")
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let device = place.join("device");
        symlink("/dev/null", &device).unwrap();
        written(&device).unwrap();
        assert!(!fs::metadata(&device).unwrap().is_file());
        symlink("/dev/full", place.join("full")).unwrap();
        assert!(written(&place.join("full")).is_err());
        assert!(written(&place).is_err());
        assert_eq!(fs::read_dir(&place).unwrap().count(), 4);
        fs::remove_dir_all(&place).unwrap();
    }
}
