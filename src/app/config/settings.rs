//! What the environment says: the one list of settings, and how they are read.

use std::{
    collections::HashMap,
    env,
    ffi::{OsStr, OsString},
    fmt, fs, io,
};

/// How the names of settings begin. `DATABASE_URL` is everybody's.
const PREFIX: &str = "THREADPAY_";
/// What is put behind the name of a secret to name a file that holds it.
const FILE: &str = "_FILE";

/// A setting that the environment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What holds where it is not set.
    pub default: &'static str,
    /// Whether nobody else may read it. It may also stand in a file.
    pub is_secret: bool,
}

impl Setting {
    const fn new(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            default,
            is_secret: false,
        }
    }

    const fn secret(name: &'static str, default: &'static str, about: &'static str) -> Self {
        let setting = Self::new(name, default, about);
        Self {
            is_secret: true,
            ..setting
        }
    }
}

macro_rules! settings {
    ($($constant:ident = $make:ident($name:literal, $default:literal, $about:literal);)+) => {
        $(#[doc = concat!("`", $name, "`")] pub const $constant: Setting = Setting::$make($name, $default, $about);)+

        /// All settings: those of the service first.
        pub const ALL: &[&Setting] = &[$(&$constant),+];
    };
}

settings! {
    DATABASE_URL = secret("DATABASE_URL", "none",
        "the Postgres to use, postgres://user:password@host:5432/threadpay");
    MASTER_KEY = secret("THREADPAY_MASTER_KEY", "none",
        "32 random bytes in base64 that seal the secrets in the database: make them once with `openssl rand -base64 32`, and keep a copy");
    LISTEN = new("THREADPAY_LISTEN", "127.0.0.1:8080",
        "where to listen, host:port; port 0 takes any free one");
    PUBLIC_URL = new("THREADPAY_PUBLIC_URL", "http://<listen>",
        "how payers and bots reach the service");
    ALLOW_PRIVATE_CALLBACKS = new("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "false",
        "callbacks may go to any address and port, and over http: for development");
    CALLBACK_PORTS = new("THREADPAY_CALLBACK_PORTS", "443,8443,80",
        "the ports that callbacks may go to");
    CALLBACK_NETWORKS = new("THREADPAY_CALLBACK_NETWORKS", "none",
        "private networks that callbacks may go to all the same, such as 10.20.0.0/16,fd12::/64; with any, names such as bot.internal are taken too, and their addresses decide");
    CALLBACK_PROXY = secret("THREADPAY_CALLBACK_PROXY", "none",
        "a forward proxy (CONNECT) for all callbacks, http://user:password@host:port; it resolves names by itself, so it must refuse private addresses too");
    CALLBACK_CONCURRENCY = new("THREADPAY_CALLBACK_CONCURRENCY", "8",
        "attempts under way to one endpoint at first, 1 to 256");
    RETENTION_DAYS = new("THREADPAY_RETENTION_DAYS", "30",
        "days that deliveries and their attempts are kept, and what providers told, 1 to 3650");
    RATE_LIMIT = new("THREADPAY_RATE_LIMIT", "100",
        "requests a second that one API key may make, and that may be made without a key by one address and about one page; or off");
    STRIPE_API = new("THREADPAY_STRIPE_API", "https://api.stripe.com",
        "where Stripe's API is: another address is for tests with a double of it");
    OPERATOR_LISTEN = new("THREADPAY_OPERATOR_LISTEN", "where all else is",
        "where /healthz, /readyz and /metrics are answered, and nowhere else then, host:port");
    LOG = new("RUST_LOG", "info",
        "what to log, as in info or threadpay=debug");
    NEW_MASTER_KEY = secret("THREADPAY_NEW_MASTER_KEY", "none",
        "for `threadpay rekey`: the master key to seal the database with");
    API_KEY = secret("THREADPAY_API_KEY", "none",
        "for `threadpay listen`: the API key to ask with");
}

/// Why what the environment says cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A name that is none of ours.
    #[error(
        "{name} is no setting, so it would do nothing; the nearest is {nearest} (`threadpay serve --help` lists all)"
    )]
    Unknown {
        /// The name that was found.
        name: String,
        /// The one that may have been meant.
        nearest: String,
    },
    /// The secret is given in both ways.
    #[error("{name} and {name}_FILE are both set: leave one of them out")]
    Both {
        /// The secret.
        name: &'static str,
    },
    /// The file of a secret cannot be read.
    #[error("{name}_FILE names {path}, which cannot be read: {source}")]
    File {
        /// The secret.
        name: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The file of a secret is empty.
    #[error("{name}_FILE names {path}, which holds nothing")]
    Empty {
        /// The secret.
        name: &'static str,
        /// The file.
        path: String,
    },
}

/// What the environment says, read once. Prints no values.
#[derive(Clone, Default)]
pub struct Settings(HashMap<&'static str, String>);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// Reads the environment of the process, and the files that it names.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(env::vars_os())
    }

    /// Reads these variables; an empty one counts as not set.
    pub fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut given = HashMap::new();
        for (name, value) in variables {
            let name = name.to_string_lossy().into_owned();
            check_name(&name, &value)?;
            if !value.is_empty() {
                given.insert(name, value);
            }
        }
        let mut found = HashMap::new();
        for setting in ALL {
            if let Some(value) = value(setting, &given)? {
                found.insert(setting.name, value);
            }
        }
        Ok(Self(found))
    }

    /// What this setting is set to.
    pub fn get(&self, setting: &Setting) -> Option<&str> {
        self.0.get(setting.name).map(String::as_str)
    }
}

/// The value of a setting, from the variable or from its file.
fn value(
    setting: &'static Setting,
    given: &HashMap<String, OsString>,
) -> Result<Option<String>, SettingsError> {
    let name = setting.name;
    // Bytes that are not UTF-8 become a text that no setting allows, and so are named as wrong.
    let value = given.get(name).map(|value| value.to_string_lossy());
    let file = given.get(&format!("{name}{FILE}"));
    let Some(file) = file.filter(|_| setting.is_secret) else {
        return Ok(value.map(Into::into));
    };
    if value.is_some() {
        return Err(SettingsError::Both { name });
    }
    let path = file.to_string_lossy().into_owned();
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(source) => return Err(SettingsError::File { name, path, source }),
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(SettingsError::Empty { name, path });
    }
    Ok(Some(text.to_owned()))
}

/// A name that looks like a setting and is none is a slip that would go unnoticed.
fn check_name(name: &str, value: &OsStr) -> Result<(), SettingsError> {
    if !name.starts_with(PREFIX) || names().any(|known| known == name) || is_link(name, value) {
        return Ok(());
    }
    let likeness = |known: &String| strsim::sorensen_dice(name, known);
    Err(SettingsError::Unknown {
        name: name.to_owned(),
        nearest: names()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .unwrap_or_default(),
    })
}

/// All names that may be set.
fn names() -> impl Iterator<Item = String> {
    ALL.iter().flat_map(|setting| {
        let file = setting.is_secret.then(|| format!("{}{FILE}", setting.name));
        [Some(setting.name.to_owned()), file].into_iter().flatten()
    })
}

/// Whether it is not a person who set it: Kubernetes tells every container of a service named
/// `threadpay-…` by such variables.
fn is_link(name: &str, value: &OsStr) -> bool {
    let is_address = || value.to_string_lossy().contains("://");
    ["_SERVICE_HOST", "_SERVICE_PORT"]
        .iter()
        .any(|part| name.contains(part))
        || ["_TCP", "_UDP", "_SCTP"]
            .iter()
            .any(|part| name.contains("_PORT_") && name.contains(part))
        || name.ends_with("_PORT") && is_address()
}

/// How a setting is named: a secret also by the file that holds it.
fn title(setting: &Setting, quote: &str) -> String {
    let name = setting.name;
    let file = format!(" or {quote}{name}{FILE}{quote}");
    let file = if setting.is_secret { &file } else { "" };
    format!("{quote}{name}{quote}{file}")
}

/// These settings, as the help of a command prints them.
pub fn help(settings: &[&Setting]) -> String {
    let sections = settings.iter().map(|setting| {
        let about = wrapped(setting.about).join("\n      ");
        format!(
            "  {} [{}]\n      {about}",
            title(setting, ""),
            setting.default
        )
    });
    let sections: Vec<_> = sections.collect();
    format!(
        "Environment (_FILE names a file that holds the value):\n{}",
        sections.join("\n")
    )
}

/// The same words in lines that fit a terminal.
fn wrapped(text: &str) -> Vec<String> {
    const WIDTH: usize = 90;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|(n, v)| (n.into(), v.into()));
        Settings::read(variables).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_the_nearest() {
        for (name, nearest) in [
            ("THREADPAY_PUBLC_URL", "THREADPAY_PUBLIC_URL"),
            ("THREADPAY_URL", "THREADPAY_PUBLIC_URL"),
            ("THREADPAY_PORT", "THREADPAY_CALLBACK_PORTS"),
            ("THREADPAY_LISTEN_FILE", "THREADPAY_LISTEN"),
            ("THREADPAY_MASTERKEY_FILE", "THREADPAY_MASTER_KEY_FILE"),
            ("THREADPAY_DATABASE_URL", "DATABASE_URL"),
        ] {
            let error = read(&[(name, "value-1")]).unwrap_err();
            assert!(
                error.starts_with(&format!("{name} is no setting")),
                "{error}"
            );
            assert!(error.contains(&format!("nearest is {nearest} ")), "{error}");
            assert!(!error.contains("value-1"), "{error}");
        }
    }

    #[test]
    fn what_kubernetes_says_of_a_service_of_our_name_is_no_setting() {
        let settings = read(&[
            ("THREADPAY_SERVICE_HOST", "10.0.0.1"),
            ("THREADPAY_SERVICE_PORT_HTTP", "8080"),
            ("THREADPAY_PORT", "tcp://10.0.0.1:8080"),
            ("THREADPAY_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("THREADPAY_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("HOME", "/root"),
        ]);
        assert_eq!(settings.unwrap().get(&LISTEN), None);
    }

    #[test]
    fn only_secrets_stand_in_files() {
        let named = ALL.iter().filter(|setting| setting.is_secret);
        let named: Vec<_> = named.map(|setting| setting.name).collect();
        let wanted = [
            DATABASE_URL,
            MASTER_KEY,
            CALLBACK_PROXY,
            NEW_MASTER_KEY,
            API_KEY,
        ];
        assert_eq!(named, wanted.map(|setting| setting.name));
        let unset = read(&[("THREADPAY_API_KEY", ""), ("THREADPAY_API_KEY_FILE", "")]);
        assert_eq!(unset.unwrap().get(&API_KEY), None);
        let printed = format!("{:?}", read(&[("THREADPAY_API_KEY", "hidden")]).unwrap());
        assert_eq!(printed, r#"{"THREADPAY_API_KEY"}"#);
    }

    #[test]
    fn the_manual_has_every_setting() {
        let mut table = "| setting | default | what it does |\n|---|---|---|\n".to_owned();
        for setting in ALL {
            let (default, about) = (setting.default, setting.about);
            let title = title(setting, "`");
            table.extend([format!("| {title} | `{default}` | {about} |\n")]);
        }
        let manual = include_str!("../../../docs/settings.md");
        assert!(
            manual.contains(&table),
            "docs/settings.md lacks this table:\n{table}"
        );
    }
}
