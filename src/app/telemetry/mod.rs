//! What the service says of itself: logs as JSON lines on stderr, and metrics.

mod metrics;

pub use metrics::{LaneMetrics, Metrics};

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. A stranger's malformed request is no error of
/// ours, and would fill the log.
const FILTER: &str = "info,actix_http=off,actix_server=warn";

/// Sends logs to stderr as JSON lines. `RUST_LOG` says which; by default `info` and above. Only the
/// first call in a process does anything.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER));
    let logs = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if logs.try_init().is_err() {
        tracing::debug!("logs were set up before");
    }
}
