//! Counters and histograms in the Prometheus text format.

use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder, core::Collector,
};
use std::time::Duration;

const REQUEST_SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
const BATCH_COMMANDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const BATCH_SECONDS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// The metrics of one lane of the writer. Cheap to clone; recording is a few atomic additions.
#[derive(Clone, Debug)]
pub struct LaneMetrics {
    queue: IntGauge,
    batch_commands: Histogram,
    batch_seconds: Histogram,
}

impl LaneMetrics {
    /// Commands that wait in the lane's queue now.
    pub fn queue_depth(&self, commands: usize) {
        self.queue.set(i64::try_from(commands).unwrap_or(i64::MAX));
    }

    /// A batch of so many commands was committed, and took so long from lock to commit.
    pub fn batch(&self, commands: usize, took: Duration) {
        let commands = u32::try_from(commands).unwrap_or(u32::MAX);
        self.batch_commands.observe(commands.into());
        self.batch_seconds.observe(took.as_secs_f64());
    }
}

/// All metrics of one process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    batch_commands: Histogram,
    batch_seconds: Histogram,
    queues: IntGaugeVec,
    outbox_lag: Gauge,
    delivered: IntCounter,
    failed: IntCounter,
    exhausted: IntCounter,
    put_off: IntCounterVec,
    stuck: IntGaugeVec,
}

fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    metric: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histogram(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(name, help).buckets(buckets.to_vec())
}

fn put_off(registry: &Registry) -> Result<IntCounterVec, prometheus::Error> {
    let opts = Opts::new(
        "threadpay_put_off_total",
        "Times that something due could not be finished and was put off.",
    );
    register(registry, IntCounterVec::new(opts, &["kind"])?)
}

fn stuck(registry: &Registry) -> Result<IntGaugeVec, prometheus::Error> {
    let opts = Opts::new(
        "threadpay_stuck",
        "Things that were put off so often that somebody should look at them.",
    );
    register(registry, IntGaugeVec::new(opts, &["kind"])?)
}

fn deliveries(registry: &Registry) -> Result<IntCounterVec, prometheus::Error> {
    let opts = Opts::new(
        "threadpay_deliveries_total",
        "Attempts to deliver an event, by result.",
    );
    register(registry, IntCounterVec::new(opts, &["result"])?)
}

impl Metrics {
    /// A registry of its own, with everything at zero.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let deliveries = deliveries(&registry)?;
        Ok(Self {
            requests: register(
                &registry,
                IntCounterVec::new(
                    Opts::new("threadpay_http_requests_total", "HTTP requests answered."),
                    &["method", "route", "status"],
                )?,
            )?,
            request_seconds: register(
                &registry,
                HistogramVec::new(
                    histogram(
                        "threadpay_http_request_seconds",
                        "Seconds from a request's head to its answer's head.",
                        REQUEST_SECONDS,
                    ),
                    &["method", "route"],
                )?,
            )?,
            batch_commands: register(
                &registry,
                Histogram::with_opts(histogram(
                    "threadpay_batch_commands",
                    "Commands in one batch of the writer.",
                    BATCH_COMMANDS,
                ))?,
            )?,
            batch_seconds: register(
                &registry,
                Histogram::with_opts(histogram(
                    "threadpay_batch_seconds",
                    "Seconds of one batch of the writer, from lock to commit.",
                    BATCH_SECONDS,
                ))?,
            )?,
            queues: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new(
                        "threadpay_lane_queue_depth",
                        "Commands waiting in a writer's lane.",
                    ),
                    &["lane"],
                )?,
            )?,
            outbox_lag: register(
                &registry,
                Gauge::new(
                    "threadpay_outbox_lag_seconds",
                    "Age of the oldest delivery that is due and not sent.",
                )?,
            )?,
            delivered: deliveries.with_label_values(&["delivered"]),
            failed: deliveries.with_label_values(&["failed"]),
            exhausted: deliveries.with_label_values(&["exhausted"]),
            put_off: put_off(&registry)?,
            stuck: stuck(&registry)?,
            registry,
        })
    }

    /// An HTTP request was answered. `route` is the pattern of its route, never its path.
    pub fn request(&self, method: &str, route: &str, status: &str, took: Duration) {
        self.requests
            .with_label_values(&[method, route, status])
            .inc();
        self.request_seconds
            .with_label_values(&[method, route])
            .observe(took.as_secs_f64());
    }

    /// The metrics of one lane, for the lane to keep.
    pub fn lane(&self, number: usize) -> LaneMetrics {
        LaneMetrics {
            queue: self.queues.with_label_values(&[&number.to_string()]),
            batch_commands: self.batch_commands.clone(),
            batch_seconds: self.batch_seconds.clone(),
        }
    }

    /// The age of the oldest delivery that is due and not sent; zero if there is none.
    pub fn outbox_lag(&self, age: Duration) {
        self.outbox_lag.set(age.as_secs_f64());
    }

    /// Something of this kind could not be finished and was put off.
    pub fn put_off(&self, kind: &str) {
        self.put_off.with_label_values(&[kind]).inc();
    }

    /// How many things of this kind were put off again and again.
    pub fn stuck(&self, kind: &str, count: i64) {
        self.stuck.with_label_values(&[kind]).set(count);
    }

    /// How many attempts at deliveries this process has made so far, by how they ended.
    pub fn deliveries(&self, delivered: u64, failed: u64, exhausted: u64) {
        let results = [
            (&self.delivered, delivered),
            (&self.failed, failed),
            (&self.exhausted, exhausted),
        ];
        for (counter, total) in results {
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut page = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut page) {
            tracing::error!(%error, "cannot print the metrics");
        }
        String::from_utf8_lossy(&page).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_was_recorded() {
        let metrics = Metrics::new().unwrap();
        metrics.request("GET", "/p/{token}", "200", Duration::from_millis(3));
        metrics.deliveries(1, 0, 0);
        metrics.outbox_lag(Duration::from_millis(1500));
        let lane = metrics.lane(0);
        lane.batch(3, Duration::from_millis(2));
        lane.queue_depth(7);
        let page = metrics.render();
        for line in [
            r#"threadpay_http_requests_total{method="GET",route="/p/{token}",status="200"} 1"#,
            r#"threadpay_http_request_seconds_bucket{method="GET",route="/p/{token}",le="0.005"} 1"#,
            r#"threadpay_deliveries_total{result="delivered"} 1"#,
            r#"threadpay_deliveries_total{result="exhausted"} 0"#,
            "threadpay_outbox_lag_seconds 1.5",
            r#"threadpay_batch_commands_bucket{le="4"} 1"#,
            r#"threadpay_lane_queue_depth{lane="0"} 7"#,
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
