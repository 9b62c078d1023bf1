//! The configuration of the service, read once from the environment.

pub mod settings;

use self::settings::{Setting, Settings, SettingsError};
use crate::base::crypto::{MasterKey, MasterKeyError};
use crate::base::db::{Db, DbError};
use crate::base::net::{Policy, Proxy};
use ipnet::IpNet;
use std::{
    fmt::{self, Display},
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::RangeInclusive,
};
use url::Url;

/// The configuration of the service.
#[derive(Clone)]
pub struct Config {
    /// The database.
    pub database: Db,
    /// Where to listen, `host:port`.
    pub listen: String,
    /// What pay pages are reached by, without a slash at the end.
    pub public_url: String,
    /// Seals the secrets in the database.
    pub master_key: MasterKey,
    /// Whether callbacks may go to private addresses.
    pub allow_private_callbacks: bool,
    /// The ports that callbacks may go to.
    pub callback_ports: Vec<u16>,
    /// Networks that callbacks may go to though they are private.
    pub callback_networks: Vec<IpNet>,
    /// The proxy that callbacks go through, if any.
    pub callback_proxy: Option<Proxy>,
    /// Attempts under way to one endpoint at first.
    pub callback_concurrency: u16,
    /// How long deliveries and their attempts are kept.
    pub retention_days: u16,
    /// Where Stripe's API is, without a slash at the end.
    pub stripe_url: String,
    /// Requests a second that each API key may make, if there is a limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Where health checks and metrics are, if not with all else.
    pub operator_listen: Option<String>,
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
            .field("stripe_url", &self.stripe_url)
            .field("rate_limit", &self.rate_limit)
            .field("operator_listen", &self.operator_listen)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The environment cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A setting that must be set is not.
    #[error("{name} is not set: {hint}")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What to set it to.
        hint: &'static str,
    },
    /// A setting holds what it must not.
    #[error("{name} is {value:?} and must be {wanted}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        wanted: &'static str,
    },
    /// The database's address is wrong.
    #[error(transparent)]
    Database(DbError),
    /// The public address is wrong. It may hold a password, so it is not repeated.
    #[error(
        "THREADPAY_PUBLIC_URL must be an address such as https://pay.example.com, without user, password, query or fragment: everybody reads it"
    )]
    PublicUrl,
    /// The proxy's address is wrong. It may hold a password, so it is not repeated.
    #[error(
        "THREADPAY_CALLBACK_PROXY must be the address of a forward proxy such as http://proxy.example.com:3128, with user:password@ before the host if it asks for them"
    )]
    Proxy,
    /// A master key is none.
    #[error("{name} {source}")]
    MasterKey {
        /// The setting.
        name: &'static str,
        /// What is wrong with it.
        source: MasterKeyError,
    },
}

impl Config {
    /// A configuration made by the program itself; the rest is at its default.
    pub fn new(database: Db, listen: impl Display, master_key: MasterKey) -> Self {
        Self {
            database,
            listen: listen.to_string(),
            public_url: format!("http://{listen}"),
            master_key,
            allow_private_callbacks: false,
            callback_ports: Policy::default().ports,
            callback_networks: Vec::new(),
            callback_proxy: None,
            callback_concurrency: 8,
            retention_days: 30,
            stripe_url: settings::STRIPE_API.default.to_owned(),
            rate_limit: None,
            operator_listen: None,
        }
    }

    /// Reads the configuration of the service.
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let set = |setting: &Setting| settings.get(setting).map(ToOwned::to_owned);
        let listen = set(&settings::LISTEN).unwrap_or_else(|| settings::LISTEN.default.to_owned());
        let listen = address(settings::LISTEN, listen)?;
        let master_key = master_key(settings, &settings::MASTER_KEY)?;
        let mut config = Self::new(database(settings)?, listen, master_key);
        config.rate_limit = NonZeroU32::new(100);
        config.read_rest(settings)?;
        Ok(config)
    }

    /// Reads all that is said of how the service works; the rest stays as it is.
    pub fn read_rest(&mut self, settings: &Settings) -> Result<(), ConfigError> {
        let set = |setting: &Setting| settings.get(setting).map(ToOwned::to_owned);
        if let Some(url) = settings.get(&settings::PUBLIC_URL) {
            self.public_url = public_url(url).ok_or(ConfigError::PublicUrl)?;
        }
        self.read_callbacks(settings)?;
        if let Some(limit) = set(&settings::RATE_LIMIT) {
            let wanted = "a whole number of requests a second, 1 or more, or off";
            let limit = (limit != "off").then_some(limit);
            let limit = limit.map(|limit| parse(settings::RATE_LIMIT, limit, wanted));
            self.rate_limit = limit.transpose()?;
        }
        if let Some(value) = set(&settings::OPERATOR_LISTEN) {
            self.operator_listen = Some(address(settings::OPERATOR_LISTEN, value)?);
        }
        Ok(())
    }

    /// Takes down where it really listens: port 0 is any that was free.
    pub fn listens_at(&mut self, address: SocketAddr) {
        let (port, asked) = (address.port(), self.listen.clone());
        let host = asked.rsplit_once(':').map_or("", |(host, _)| host);
        if self.public_url == format!("http://{asked}") {
            self.public_url = format!("http://{host}:{port}");
        }
        self.listen = address.to_string();
    }

    /// Reads what is said of the way that callbacks take.
    fn read_callbacks(&mut self, settings: &Settings) -> Result<(), ConfigError> {
        let set = |setting: &Setting| settings.get(setting).map(ToOwned::to_owned);
        if let Some(value) = set(&settings::ALLOW_PRIVATE_CALLBACKS) {
            let name = settings::ALLOW_PRIVATE_CALLBACKS;
            self.allow_private_callbacks = parse(name, value, "true or false")?;
        }
        if let Some(value) = set(&settings::CALLBACK_PORTS) {
            let wanted = "ports from 1 to 65535 such as 443,8443";
            self.callback_ports = list(settings::CALLBACK_PORTS, value, port, wanted)?;
        }
        if let Some(value) = set(&settings::CALLBACK_NETWORKS) {
            let wanted = "networks such as 10.20.0.0/16,fd12::/64, each from its first address";
            self.callback_networks = list(settings::CALLBACK_NETWORKS, value, network, wanted)?;
        }
        if let Some(value) = set(&settings::CALLBACK_PROXY) {
            self.callback_proxy = Some(Proxy::parse(&value).ok_or(ConfigError::Proxy)?);
        }
        if let Some(value) = set(&settings::CALLBACK_CONCURRENCY) {
            let wanted = "a whole number from 1 to 256";
            let name = settings::CALLBACK_CONCURRENCY;
            self.callback_concurrency = within(name, value, 1..=256, wanted)?;
        }
        if let Some(value) = set(&settings::RETENTION_DAYS) {
            let wanted = "a whole number of days from 1 to 3650";
            self.retention_days = within(settings::RETENTION_DAYS, value, 1..=3650, wanted)?;
        }
        if let Some(value) = set(&settings::STRIPE_API) {
            self.stripe_url = public_url(&value).ok_or(ConfigError::Invalid {
                name: settings::STRIPE_API.name,
                value,
                wanted: "an address such as https://api.stripe.com",
            })?;
        }
        Ok(())
    }
}

/// The database that was named.
pub fn database(settings: &Settings) -> Result<Db, ConfigError> {
    let url = settings
        .get(&settings::DATABASE_URL)
        .ok_or(ConfigError::Missing {
            name: settings::DATABASE_URL.name,
            hint: "name the Postgres to use, as in postgres://user:password@host:5432/threadpay, or try `threadpay dev`, which brings its own",
        })?;
    Db::from_url(url).map_err(ConfigError::Database)
}

/// A master key that must be set.
pub fn master_key(settings: &Settings, setting: &Setting) -> Result<MasterKey, ConfigError> {
    let name = setting.name;
    let key = settings.get(setting).ok_or(ConfigError::Missing {
        name,
        hint: "make one with `openssl rand -base64 32` and keep it safe: without it no secret in the database can be read again",
    })?;
    MasterKey::from_base64(key).map_err(|source| ConfigError::MasterKey { name, source })
}

fn parse<T: std::str::FromStr>(
    setting: Setting,
    value: String,
    wanted: &'static str,
) -> Result<T, ConfigError> {
    value.parse().map_err(|_| ConfigError::Invalid {
        name: setting.name,
        value,
        wanted,
    })
}

fn within(
    setting: Setting,
    value: String,
    range: RangeInclusive<u16>,
    wanted: &'static str,
) -> Result<u16, ConfigError> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or(ConfigError::Invalid {
        name: setting.name,
        value,
        wanted,
    })
}

/// Reads the items between commas. There must be something.
fn list<T>(
    setting: Setting,
    value: String,
    read: fn(&str) -> Option<T>,
    wanted: &'static str,
) -> Result<Vec<T>, ConfigError> {
    let items: Option<_> = value.split(',').map(|item| read(item.trim())).collect();
    items.ok_or(ConfigError::Invalid {
        name: setting.name,
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

/// `host:port`, of an address or of a name that leads to one.
fn address(setting: Setting, value: String) -> Result<String, ConfigError> {
    let is_name = |host: &str| !host.is_empty() && !host.contains([':', '/', '@', ' ']);
    let is_named = value
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_name(host) && port.parse::<u16>().is_ok());
    if is_named || value.parse::<SocketAddr>().is_ok() {
        return Ok(value);
    }
    Err(ConfigError::Invalid {
        name: setting.name,
        value,
        wanted: "an address and a port such as 127.0.0.1:8080, localhost:8080 or [::1]:8080",
    })
}

/// The address as browsers write it, so that a space or a dot in it breaks no link.
fn public_url(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    let path = url.path().trim_end_matches('/');
    let sound = ["http", "https"].contains(&url.scheme())
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        // A link to such a path would lead to another host, and a cookie of such a path nowhere.
        && !path.contains("//")
        && !path.contains(';');
    // An empty user leaves no trace but its sign.
    (sound && !value.contains('@')).then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
