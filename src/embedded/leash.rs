//! What cleans up when the owner is killed and can do nothing any more.

use super::EmbeddedError;
use super::account::Account;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Stdio};

/// Reads the server's process whenever there is another one. Its input ends when the owner is
/// gone: then it stops the server, waits, and removes what was temporary.
///
/// `$1` is the signal, `$2` the directory to remove. The wait is bounded, since a process that
/// nobody reaps would seem to live for ever.
const SCRIPT: &str = r#"
server=
while read -r line; do server=$line; done
i=0
[ -z "$server" ] || kill "-$1" "$server"
while [ -n "$server" ] && kill -0 "$server" && [ "$i" -lt 100 ]; do
    sleep 0.1
    i=$((i + 1))
done
rm -rf "$2"
"#;

/// A small shell that outlives us for a moment if we are killed.
#[derive(Debug)]
pub(super) struct Leash(Child);

impl Leash {
    /// Starts it, before there is anything to clean up.
    pub fn make(
        account: &Account,
        scratch: &Path,
        is_data_needed: bool,
    ) -> Result<Self, EmbeddedError> {
        // Nobody needs temporary data: the server need not write it down.
        let signal = if is_data_needed { "INT" } else { "QUIT" };
        account
            .command(Path::new("/bin/sh"))
            .args(["-c", SCRIPT, "threadpay-leash", signal])
            .arg(scratch)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(EmbeddedError::io("run", "/bin/sh"))
    }

    /// Ties the server `process` to this process.
    pub fn tie(&self, process: u32) {
        self.tell(&process.to_string());
    }

    /// Forgets the server, which has ended: its number may become another's.
    pub fn untie(&self) {
        self.tell("");
    }

    fn tell(&self, line: &str) {
        let sent = self
            .0
            .stdin
            .as_ref()
            .map(|mut input| writeln!(input, "{line}"));
        if let Some(Err(error)) = sent {
            tracing::warn!(%error, "nobody will stop the embedded Postgres if this is killed");
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // Killed before its input ends, so that it does nothing.
        let ended = self.0.kill().and_then(|()| self.0.wait());
        if let Err(error) = ended
            && error.kind() != io::ErrorKind::InvalidInput
        {
            tracing::warn!(%error, "cannot end the watcher of the embedded Postgres");
        }
    }
}
