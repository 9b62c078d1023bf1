//! `threadpay bench` as it is run by hand, only shorter: it ends, and nothing that it compares is
//! missing. What the figures say is not asserted: that is what they are for.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use std::process::{Command, Stdio};

fn bench(line: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_threadpay"))
        .args(line.split(' '))
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{complaint}");
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// Who was measured at a point, each with something done.
fn rivals(point: &Value) -> Vec<&str> {
    let rivals = point["rivals"].as_array().unwrap().iter();
    let rivals = rivals.inspect(|rival| {
        let rate = rival["figures"]["per_second"].as_u64();
        assert!(rate.unwrap() > 0, "{point:#}");
    });
    rivals.map(|rival| rival["who"].as_str().unwrap()).collect()
}

#[test]
fn each_scenario_stands_beside_what_it_is_compared_with() {
    let report = bench(
        "bench pay post read export mixed --connections 1 --merchants 1 --seconds 1 --rounds 1 --filled 300 --json",
    );
    let points = report["points"].as_array().unwrap();
    let found: Vec<_> = points
        .iter()
        .map(|point| (point["scenario"].as_str().unwrap(), rivals(point)))
        .collect();
    let expected = [
        ("pay", vec!["service", "half_load", "plain"]),
        (
            "post",
            vec!["service", "half_load", "one_by_one", "plain", "unnest"],
        ),
        ("read", vec!["service", "half_load", "bare", "plain"]),
        ("export", vec!["service", "jsonl", "copy"]),
        ("mixed", vec!["service", "half_load", "plain"]),
    ];
    assert_eq!(found, expected);
    let pay = points.first().unwrap();
    assert_eq!(pay["filled"], 300);
    for rival in pay["rivals"].as_array().unwrap() {
        let callbacks = rival["figures"]["callbacks_per_second"].as_u64();
        assert!(callbacks.unwrap() > 0, "{pay:#}");
    }
}

#[test]
fn a_fixed_pace_compares_latencies_alone() {
    let report =
        bench("bench create --rate 40 --connections 4 --merchants 1 --seconds 1 --rounds 1 --json");
    assert_eq!(report["mode"], "paced");
    let points = report["points"].as_array().unwrap();
    let point = points.first().unwrap();
    assert_eq!(rivals(point), ["service", "plain"]);
    for rival in point["rivals"].as_array().unwrap() {
        assert_eq!(rival["wanted_percent"], Value::Null);
        assert!(rival["figures"]["p50_us"].as_u64().unwrap() > 0);
    }
}
