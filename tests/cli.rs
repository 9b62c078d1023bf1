//! The commands, from outside: what goes wrong is said in one sentence, with the right status.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// A master key.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// No logs among the complaints.
const QUIET: (&str, &str) = ("RUST_LOG", "off");

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
fn a_misspelled_setting_stops_every_command_that_reads_them() {
    let merchant = "mer_01jd8x0000000000000000000a";
    for line in [
        "serve",
        "migrate",
        "merchant list",
        &format!("key list --merchant {merchant}"),
        &format!("export --merchant {merchant} --from 2026-01-01 --to 2026-02-01 --format csv"),
        "verify",
        "rekey",
        "listen",
        "ready",
        "dev --data-dir nowhere-made --listen 127.0.0.1:0",
        "demo --exit",
        "bench --quick",
    ] {
        let sentence = "THREADPAY_PUBLC_URL is no setting, so it would do nothing; \
                        the nearest is THREADPAY_PUBLIC_URL";
        fails(
            line,
            ("THREADPAY_PUBLC_URL", "https://me:secret@here"),
            sentence,
        );
    }
    let (status, complaint) = run("openapi", &[("THREADPAY_PUBLC_URL", "x")]);
    assert_eq!((status, complaint.as_str()), (Some(0), ""));
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, text: &str| {
        let path = place.join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let url = file("url", "postgres://threadpay:secret@127.0.0.1:1/books\n");
    let crlf = file("crlf", "postgres://threadpay:secret@127.0.0.1:1/books\r\n");
    let (key, none) = (file("key", KEY), file("none", "\n"));
    let gone = place.join("gone").into_os_string().into_string().unwrap();
    let (database, master) = ("DATABASE_URL_FILE", "THREADPAY_MASTER_KEY_FILE");
    let unreachable = "cannot connect to Postgres at 127.0.0.1:1/books";
    fails("verify", (database, &url), unreachable);
    fails("verify", (database, &crlf), unreachable);
    let free = ("THREADPAY_LISTEN", "127.0.0.1:0");
    fails_with(
        "serve",
        &[(database, &url), (master, &key), free, QUIET],
        unreachable,
    );
    let new = ("THREADPAY_NEW_MASTER_KEY_FILE", url.as_str());
    let not_a_key = "THREADPAY_NEW_MASTER_KEY is not base64";
    fails_with("rekey", &[(database, &url), (master, &key), new], not_a_key);
    let missing = format!("DATABASE_URL_FILE names {gone}, which cannot be read: No such file");
    fails("verify", (database, &gone), &missing);
    fails("verify", (database, &none), "which holds nothing");
    let both = "DATABASE_URL and DATABASE_URL_FILE are both set";
    let direct = ("DATABASE_URL", "postgres://threadpay@127.0.0.1:1/books");
    fails_with("verify", &[(database, &url), direct], both);
}

#[test]
fn a_key_on_the_command_line_is_not_repeated() {
    let key = format!("tp_test_00{}_{}", "0".repeat(26), "s".repeat(43));
    for line in [
        format!("listen --api-key {key}"),
        format!("listen --api-key={key}"),
        format!("key revoke {key}"),
        format!("key revoke key_{key}"),
        format!("key list --merchant {key}"),
        format!("key create --merchant={key} --role bot"),
        format!("merchant rename {key} --name x"),
        format!("verify {key}"),
        key.clone(),
    ] {
        let (status, complaint) = run(&line, &[]);
        assert_ne!(status, Some(0));
        assert!(!complaint.contains("ssss"), "{line}: {complaint}");
        assert!(complaint.len() > 30, "{line}: {complaint}");
    }
    let master_key = format!("{}=", "s".repeat(43));
    for line in [
        "migrate postgres://me:ssss@127.0.0.1/books".to_owned(),
        "verify --database-url=postgres://me:ssss@127.0.0.1/books".to_owned(),
        "export --database-url postgres://me:ssss@127.0.0.1/books".to_owned(),
        "serve postgres://me:ss@ss/ss#ssss@127.0.0.1/books".to_owned(),
        format!("rekey {master_key}"),
        format!("rekey --new-master-key={master_key}"),
        "listen whsec_ssssssss".to_owned(),
    ] {
        let (status, complaint) = run(&line, &[]);
        assert_eq!(status, Some(2), "{line}: {complaint}");
        assert!(!complaint.contains("ssss"), "{line}: {complaint}");
    }
    let (_, complaint) = run("merchant rename \u{1b}[31m\u{202e} --name x", &[]);
    assert!(!complaint.contains(['\u{1b}', '\u{202e}']), "{complaint}");
    for line in ["listen", &format!("listen --api-key {key}")] {
        let (_, complaint) = run(line, &[]);
        assert!(complaint.contains("THREADPAY_API_KEY_FILE"), "{complaint}");
    }
    let given = ("THREADPAY_API_KEY", key.as_str());
    let (_, complaint) = run("listen --url http://me:secret@127.0.0.1:1", &[given]);
    assert!(complaint.contains("--url is not an address"), "{complaint}");
    assert!(!complaint.contains("secret"), "{complaint}");
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = format!("dev --data-dir nowhere-made --listen {address}");
    fails(
        &line,
        QUIET,
        &format!("cannot listen on {address}: the port is in use"),
    );
    assert!(!Path::new("nowhere-made").exists());
}

#[test]
fn a_data_directory_of_others_is_one_sentence() {
    let line = "dev --data-dir src --listen 127.0.0.1:0";
    fails(line, QUIET, "is not a Threadpay data directory");
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

#[test]
fn a_bank_statement_is_read_or_refused_whole() {
    let check = |file: &str, option: &str| {
        Command::new(env!("CARGO_BIN_EXE_threadpay"))
            .args([
                "statement",
                "check",
                &format!("fuzz/corpus/statements/{file}"),
            ])
            .args(option.split_whitespace())
            .output()
            .unwrap()
    };
    let said = String::from_utf8(check("mt940", "").stdout).unwrap();
    assert!(said.contains("booked"), "{said}");
    let json = String::from_utf8(check("camt053", "--json").stdout).unwrap();
    let statement: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(statement["object"], "statement");
    assert!(statement["lines"][0]["amount"].is_string(), "{statement}");
    fails(
        "statement check fuzz/corpus/statements/camt_unbalanced",
        QUIET,
        "camt_unbalanced: ",
    );
    fails("statement check nowhere.xml", QUIET, "nowhere.xml: ");
    fails(
        "statement check fuzz/corpus/statements/csv --format csv",
        QUIET,
        "mapping",
    );
}
