//! What ends the server when its owner is killed and can do nothing any more.

use super::EmbeddedError;
use super::plan::Plan;
use std::io;
use std::path::Path;
use std::process::{Child, Stdio};

/// Waits for the end of its input, which comes when the owner is gone, then stops the server if
/// it is still the one of this cluster and removes what was temporary.
///
/// `$1` is the server's process, `$2` the signal, `$3` the directory to remove, `$4` the cluster.
/// The wait is bounded, since a process that nobody reaps would seem to live for ever.
const SCRIPT: &str = r#"
read -r _
if read -r running < "$4/postmaster.pid" && [ "$running" = "$1" ]; then
    kill "-$2" "$1"
fi
i=0
while kill -0 "$1" && [ "$i" -lt 100 ]; do
    sleep 0.1
    i=$((i + 1))
done
rm -rf "$3"
"#;

/// A small shell that outlives us for a moment if we are killed.
#[derive(Debug)]
pub(super) struct Leash(Child);

impl Leash {
    /// Ties the server `process` to this process.
    pub fn tie(plan: &Plan, process: u32) -> Result<Self, EmbeddedError> {
        // Nobody needs the temporary data: the server need not write it down.
        let signal = if plan.temporary { "QUIT" } else { "INT" };
        plan.account
            .command_on(&plan.cluster, Path::new("/bin/sh"))?
            .args(["-c", SCRIPT, "threadpay-leash"])
            .arg(process.to_string())
            .arg(signal)
            .arg(&plan.socket_dir)
            .arg(plan.cluster.name_inside(&plan.account))
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(EmbeddedError::io("run", "/bin/sh"))
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
