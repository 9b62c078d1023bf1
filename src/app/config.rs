//! The configuration of the service, read once from the environment.

use crate::base::crypto::{MasterKey, MasterKeyError};
use crate::base::db::{Db, DbError};
use crate::base::net::{Policy, Proxy};
use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::RangeInclusive,
};
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
    /// `THREADPAY_CALLBACK_PORTS`: the ports that callbacks may go to.
    pub callback_ports: Vec<u16>,
    /// `THREADPAY_CALLBACK_NETWORKS`: networks that callbacks may go to though they are private.
    pub callback_networks: Vec<IpNet>,
    /// `THREADPAY_CALLBACK_PROXY`: the proxy that callbacks go through, if any.
    pub callback_proxy: Option<Proxy>,
    /// `THREADPAY_CALLBACK_CONCURRENCY`: tries under way to one endpoint at first.
    pub callback_concurrency: u16,
    /// `THREADPAY_RETENTION_DAYS`: how long deliveries and their attempts are kept.
    pub retention_days: u16,
    /// `THREADPAY_RATE_LIMIT`: requests a second that each API key may make, if there is a limit.
    pub rate_limit: Option<NonZeroU32>,
    /// `THREADPAY_OPERATOR_LISTEN`: where health checks and metrics are, if not with all else.
    pub operator_listen: Option<SocketAddr>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("database", &self.database.address())
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("allow_private_callbacks", &self.allow_private_callbacks)
            .field("callback_ports", &self.callback_ports)
            .field("callback_networks", &self.callback_networks)
            .field("callback_proxy", &self.callback_proxy)
            .field("callback_concurrency", &self.callback_concurrency)
            .field("retention_days", &self.retention_days)
            .field("rate_limit", &self.rate_limit)
            .field("operator_listen", &self.operator_listen)
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
    /// The proxy's address is wrong. It may hold a password, so it is not repeated.
    #[error(
        "THREADPAY_CALLBACK_PROXY must be the address of a forward proxy such as http://proxy.example.com:3128, with user:password@ before the host if it asks for them"
    )]
    Proxy,
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
            callback_ports: Policy::default().ports,
            callback_networks: Vec::new(),
            callback_proxy: None,
            callback_concurrency: 8,
            retention_days: 30,
            rate_limit: None,
            operator_listen: None,
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
        config.read_callbacks(&variable)?;
        let limit = variable("THREADPAY_RATE_LIMIT").unwrap_or_else(|| "100".to_owned());
        if limit != "off" {
            let wanted = "a whole number of requests a second, 1 or more, or off";
            config.rate_limit = Some(parse("THREADPAY_RATE_LIMIT", limit, wanted)?);
        }
        if let Some(value) = variable("THREADPAY_OPERATOR_LISTEN") {
            let wanted = "an IP address and port such as 127.0.0.1:9090";
            config.operator_listen = Some(parse("THREADPAY_OPERATOR_LISTEN", value, wanted)?);
        }
        Ok(config)
    }

    /// Reads what is said of the way that callbacks take.
    fn read_callbacks(
        &mut self,
        variable: &impl Fn(&'static str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        if let Some(value) = variable("THREADPAY_ALLOW_PRIVATE_CALLBACKS") {
            self.allow_private_callbacks =
                parse("THREADPAY_ALLOW_PRIVATE_CALLBACKS", value, "true or false")?;
        }
        if let Some(value) = variable("THREADPAY_CALLBACK_PORTS") {
            let wanted = "ports from 1 to 65535 such as 443,8443";
            self.callback_ports = list("THREADPAY_CALLBACK_PORTS", value, port, wanted)?;
        }
        if let Some(value) = variable("THREADPAY_CALLBACK_NETWORKS") {
            let wanted = "networks such as 10.20.0.0/16,fd12::/64, each from its first address";
            self.callback_networks = list("THREADPAY_CALLBACK_NETWORKS", value, network, wanted)?;
        }
        if let Some(value) = variable("THREADPAY_CALLBACK_PROXY") {
            self.callback_proxy = Some(Proxy::parse(&value).ok_or(ConfigError::Proxy)?);
        }
        if let Some(value) = variable("THREADPAY_CALLBACK_CONCURRENCY") {
            let wanted = "a whole number from 1 to 256";
            self.callback_concurrency =
                within("THREADPAY_CALLBACK_CONCURRENCY", value, 1..=256, wanted)?;
        }
        if let Some(value) = variable("THREADPAY_RETENTION_DAYS") {
            let wanted = "a whole number of days from 1 to 3650";
            self.retention_days = within("THREADPAY_RETENTION_DAYS", value, 1..=3650, wanted)?;
        }
        Ok(())
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

fn within(
    name: &'static str,
    value: String,
    range: RangeInclusive<u16>,
    wanted: &'static str,
) -> Result<u16, ConfigError> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or(ConfigError::Invalid {
        name,
        value,
        wanted,
    })
}

/// Reads what stands between commas. There must be something.
fn list<T>(
    name: &'static str,
    value: String,
    read: fn(&str) -> Option<T>,
    wanted: &'static str,
) -> Result<Vec<T>, ConfigError> {
    let items: Option<_> = value.split(',').map(|item| read(item.trim())).collect();
    items.ok_or(ConfigError::Invalid {
        name,
        value,
        wanted,
    })
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

/// A network, or one address. `10.20.0.1/16` is more likely a slip than a network.
fn network(text: &str) -> Option<IpNet> {
    let address: Option<IpAddr> = text.parse().ok();
    let network = address.map(IpNet::from).or_else(|| text.parse().ok());
    network.filter(|net| *net == net.trunc())
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
        assert_eq!(config.callback_ports, [443, 8443, 80]);
        assert_eq!(config.callback_networks, []);
        assert_eq!(config.callback_proxy, None);
        assert_eq!(config.callback_concurrency, 8);
        assert_eq!(config.retention_days, 30);
        assert_eq!(config.rate_limit, NonZeroU32::new(100));
    }

    #[test]
    fn reads_every_variable() {
        let config = read(&[
            ("THREADPAY_LISTEN", "0.0.0.0:80"),
            ("THREADPAY_PUBLIC_URL", "https://pay.example.com/"),
            ("THREADPAY_ALLOW_PRIVATE_CALLBACKS", "true"),
            ("THREADPAY_CALLBACK_PORTS", "443, 9443"),
            (
                "THREADPAY_CALLBACK_NETWORKS",
                "10.20.0.0/16, fd12::/64,192.0.2.7,::1",
            ),
            ("THREADPAY_CALLBACK_PROXY", "http://me:hidden@proxy:3128"),
            ("THREADPAY_CALLBACK_CONCURRENCY", "256"),
            ("THREADPAY_RETENTION_DAYS", "3650"),
            ("THREADPAY_RATE_LIMIT", "50"),
            ("THREADPAY_OPERATOR_LISTEN", "[::1]:9090"),
        ])
        .unwrap();
        let networks = ["10.20.0.0/16", "fd12::/64", "192.0.2.7/32", "::1/128"];
        let networks = networks.map(|net| net.parse::<IpNet>().unwrap());
        assert_eq!(config.listen.port(), 80);
        assert_eq!(config.public_url, "https://pay.example.com");
        assert!(config.allow_private_callbacks);
        assert_eq!(config.callback_ports, [443, 9443]);
        assert_eq!(config.callback_networks, networks);
        assert!(config.callback_proxy.is_some());
        assert_eq!(config.callback_concurrency, 256);
        assert_eq!(config.retention_days, 3650);
        assert_eq!(config.rate_limit, NonZeroU32::new(50));
        assert_eq!(config.operator_listen.map(|a| a.port()), Some(9090));
        let off = read(&[("THREADPAY_RATE_LIMIT", "off")]);
        assert_eq!(off.unwrap().rate_limit, None);
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
            ("THREADPAY_CALLBACK_PORTS", "443,"),
            ("THREADPAY_CALLBACK_PORTS", "0"),
            ("THREADPAY_CALLBACK_PORTS", "65536"),
            ("THREADPAY_CALLBACK_PORTS", "https"),
            ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.0/33"),
            ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.1/16"),
            ("THREADPAY_CALLBACK_NETWORKS", "10.20.0.0/16 fd12::/64"),
            ("THREADPAY_CALLBACK_NETWORKS", "bots.internal"),
            ("THREADPAY_CALLBACK_PROXY", "proxy:3128"),
            ("THREADPAY_CALLBACK_CONCURRENCY", "0"),
            ("THREADPAY_CALLBACK_CONCURRENCY", "257"),
            ("THREADPAY_RETENTION_DAYS", "0"),
            ("THREADPAY_RETENTION_DAYS", "3651"),
            ("THREADPAY_RATE_LIMIT", "0"),
            ("THREADPAY_OPERATOR_LISTEN", "9090"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let proxy = |url| read(&[("THREADPAY_CALLBACK_PROXY", url)]);
        let config = proxy("http://me:hidden@proxy:3128").unwrap();
        let error = proxy("http://me:hidden@proxy:3128/path").unwrap_err();
        let printed = format!("{config:?} {error} {error:?}");
        assert!(printed.contains("http://proxy:3128"), "{printed}");
        assert!(
            !printed.contains("hidden") && !printed.contains("AQEB"),
            "{printed}"
        );
    }
}
