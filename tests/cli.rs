//! The commands, from outside: what goes wrong is said in one sentence, with the right status.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Runs the program with these settings of the environment; its status and its complaint.
fn run(line: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_threadpay"))
        .args(line.split(' '))
        .env_remove("DATABASE_URL")
        .env_remove("THREADPAY_MASTER_KEY")
        .env_remove("THREADPAY_NEW_MASTER_KEY")
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[track_caller]
fn fails(line: &str, setting: (&str, &str), sentence: &str) {
    fails_with(line, &[setting], sentence);
}

#[track_caller]
fn fails_with(line: &str, settings: &[(&str, &str)], sentence: &str) {
    let (status, complaint) = run(line, settings);
    assert_eq!(status, Some(1), "{complaint}");
    assert!(complaint.starts_with("threadpay: "), "{complaint}");
    assert!(complaint.contains(sentence), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
}

#[test]
fn a_wrong_database_is_one_sentence() {
    let database = "DATABASE_URL";
    fails("migrate", (database, ""), "DATABASE_URL is not set");
    fails(
        "migrate",
        (database, "mysql://here/it"),
        "DATABASE_URL is not a Postgres URL",
    );
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("postgres://threadpay:secret@{closed}/books");
    fails(
        "verify",
        (database, &url),
        &format!("cannot connect to Postgres at {closed}/books"),
    );
    let (_, complaint) = run("verify", &[(database, &url)]);
    assert!(!complaint.contains("secret"), "{complaint}");
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = format!("dev --data-dir nowhere-made --listen {address}");
    fails(
        &line,
        ("RUST_LOG", "off"),
        &format!("cannot listen on {address}: the port is in use"),
    );
    assert!(!std::path::Path::new("nowhere-made").exists());
}

#[test]
fn a_data_directory_of_others_is_one_sentence() {
    let line = "dev --data-dir src --listen 127.0.0.1:0";
    fails(
        line,
        ("RUST_LOG", "off"),
        "is not a Threadpay data directory",
    );
}

#[test]
fn a_missing_or_wrong_master_key_is_one_sentence() {
    let key = "THREADPAY_MASTER_KEY";
    let database = ("DATABASE_URL", "postgres://threadpay@127.0.0.1:1/books");
    fails("serve", database, "THREADPAY_MASTER_KEY is not set");
    fails_with(
        "serve",
        &[database, (key, "short")],
        "THREADPAY_MASTER_KEY is not",
    );
}

#[test]
fn a_rekey_wants_two_master_keys() {
    let key = |byte: &str| byte.repeat(42) + "A=";
    let (old, new) = ("THREADPAY_MASTER_KEY", "THREADPAY_NEW_MASTER_KEY");
    let (a, b) = (key("A"), key("B"));
    for (settings, sentence) in [
        (vec![(new, a.as_str())], "THREADPAY_MASTER_KEY is not set"),
        (vec![(old, &a)], "THREADPAY_NEW_MASTER_KEY is not set"),
        (
            vec![(old, &a), (new, "!")],
            "THREADPAY_NEW_MASTER_KEY is not base64",
        ),
        (
            vec![(old, &a), (new, &a)],
            "THREADPAY_NEW_MASTER_KEY is the same as",
        ),
        (vec![(old, &a), (new, &b)], "DATABASE_URL is not set"),
    ] {
        fails_with("rekey", &settings, sentence);
    }
}

#[test]
fn a_wrong_command_line_has_status_two() {
    let (status, complaint) = run("key create --role king", &[]);
    assert_eq!(status, Some(2));
    assert!(
        complaint.contains("bot, merchant or finance"),
        "{complaint}"
    );
}
