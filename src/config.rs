//! The configuration of the service, read once from the environment.

use crate::crypto::{MasterKey, MasterKeyError};
use crate::db::{Db, DbError};
use std::{fmt, net::SocketAddr, num::NonZeroU32};
use url::Url;

/// Where the service listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:8080";

/// What the service is told from outside.
#[derive(Clone)]
pub struct Config {
    /// `DATABASE_URL`: the database.
    pub database: Db,
    /// `THREADPAY_LISTEN`: address and port to listen on.
    pub listen: SocketAddr,
    /// `THREADPAY_PUBLIC_URL`: what pay pages are reached by, without a slash at the end.
    pub public_url: String,
    /// `THREADPAY_MASTER_KEY`: seals the secrets in the database.
    pub master_key: MasterKey,
    /// `THREADPAY_ALLOW_PRIVATE_CALLBACKS`: whether callbacks may go to private addresses.
    pub allow_private_callbacks: bool,
    /// `THREADPAY_RATE_LIMIT`: requests a second that each API key may make; no limit if not set.
    pub rate_limit: Option<NonZeroU32>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database", &self.database.address())
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("allow_private_callbacks", &self.allow_private_callbacks)
            .field("rate_limit", &self.rate_limit)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that must be set is not.
    #[error("{name} is not set: {hint}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What to set it to.
        hint: &'static str,
    },
    /// A variable holds what it must not.
    #[error("{name} is {value:?} and must be {wanted}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        wanted: &'static str,
    },
    /// The database is not Postgres.
    #[error("DATABASE_URL must begin with postgres:// or postgresql://")]
    Scheme,
    /// The database's address is wrong.
    #[error(transparent)]
    Database(DbError),
    /// The master key is wrong.
    #[error("THREADPAY_MASTER_KEY {0}")]
    MasterKey(#[from] MasterKeyError),
}

impl Config {
    /// A configuration made by the program itself; the rest stands at its default.
    pub fn new(database: Db, listen: SocketAddr, master_key: MasterKey) -> Self {
        Self {
            database,
            listen,
            public_url: format!("http://{listen}"),
            master_key,
            allow_private_callbacks: false,
            rate_limit: None,
        }
    }

    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(environment)
    }

    /// Reads `DATABASE_URL` alone, for commands that need no more.
    pub fn database_from_env() -> Result<Db, ConfigError> {
        database(&environment)
    }

    /// Reads variables from wherever `variable` finds them; an empty one counts as not set.
    pub fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let listen = variable("THREADPAY_LISTEN").unwrap_or_else(|| LISTEN.to_owned());
        let listen = parse(
            "THREADPAY_LISTEN",
            listen,
            "an IP address and port such as 127.0.0.1:8080",
        )?;
        let master_key = variable("THREADPAY_MASTER_KEY").ok_or(ConfigError::Missing {
            name: "THREADPAY_MASTER_KEY",
            hint: "make one with `openssl rand -base64 32` and keep it safe: without it no secret in the database can be read again",
        })?;
        let mut config = Self::new(
            database(&variable)?,
            listen,
            MasterKey::from_base64(&master_key)?,
        );
        if let Some(url) = variable("THREADPAY_PUBLIC_URL") {
            config.public_url = public_url(url)?;
        }
        if let Some(value) = variable("THREADPAY_ALLOW_PRIVATE_CALLBACKS") {
            config.allow_private_callbacks =
                parse("THREADPAY_ALLOW_PRIVATE_CALLBACKS", value, "true or false")?;
        }
        if let Some(value) = variable("THREADPAY_RATE_LIMIT") {
            let limit = parse(
                "THREADPAY_RATE_LIMIT",
                value,
                "a whole number of requests a second, 1 or more",
            )?;
            config.rate_limit = Some(limit);
        }
        Ok(config)
    }
}

fn environment(name: &'static str) -> Option<String> {
    // Bytes that are not UTF-8 become a text that no variable allows, and so are named as wrong.
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn database(variable: &impl Fn(&'static str) -> Option<String>) -> Result<Db, ConfigError> {
    let url = variable("DATABASE_URL").ok_or(ConfigError::Missing {
        name: "DATABASE_URL",
        hint: "set it to postgres://user:password@host:port/database",
    })?;
    // The value may hold a password, so the error does not repeat it.
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err(ConfigError::Scheme);
    }
    Db::from_url(&url).map_err(ConfigError::Database)
}

fn parse<T: std::str::FromStr>(
    name: &'static str,
    value: String,
    wanted: &'static str,
) -> Result<T, ConfigError> {
    value.parse().map_err(|_| ConfigError::Invalid {
        name,
        value,
        wanted,
    })
}

fn public_url(value: String) -> Result<String, ConfigError> {
    let sound = Url::parse(&value).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    });
    if sound {
        Ok(value.trim_end_matches('/').to_owned())
    } else {
        Err(ConfigError::Invalid {
            name: "THREADPAY_PUBLIC_URL",
            value,
            wanted: "an address such as https://pay.example.com",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn read(extra: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let set = extra.iter().find(|(n, _)| *n == name);
            match (set, name) {
                (Some((_, value)), _) => Some((*value).to_owned()),
                (None, "DATABASE_URL") => Some("postgres://me:hidden@db:5432/pay".to_owned()),
                (None, "THREADPAY_MASTER_KEY") => Some(KEY.to_owned()),
                (None, _) => None,
            }
        })
    }

    #[test]
    fn defaults_are_those_of_the_manual() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), LISTEN);
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(!config.allow_private_callbacks);
        assert_eq!(config.rate_limit, None);
    }

    #[test]
    fn reads_every_variable() {
        let config = read(&[
            ("THREADPAY_LISTEN", "0.0.0.0:80"),
            ("THREADPAY_PUBLIC_URL", "https://pay.example.com/"),
            ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true"),
            ("THREADPAY_RATE_LIMIT", "50"),
        ])
        .unwrap();
        assert_eq!(config.listen.port(), 80);
        assert_eq!(config.public_url, "https://pay.example.com");
        assert!(config.allow_private_callbacks);
        assert_eq!(config.rate_limit, NonZeroU32::new(50));
    }

    #[test]
    fn every_error_names_its_variable() {
        for (name, value) in [
            ("DATABASE_URL", ""),
            ("DATABASE_URL", "mysql://db"),
            ("THREADPAY_LISTEN", "8080"),
            ("THREADPAY_PUBLIC_URL", "pay.example.com"),
            ("THREADPAY_PUBLIC_URL", "https://pay.example.com/?x=1"),
            ("THREADPAY_MASTER_KEY", ""),
            ("THREADPAY_MASTER_KEY", "c2hvcnQ="),
            ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "yes"),
            ("THREADPAY_RATE_LIMIT", "0"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", read(&[]).unwrap());
        assert!(
            !printed.contains("hidden") && !printed.contains("AQEB"),
            "{printed}"
        );
    }
}
