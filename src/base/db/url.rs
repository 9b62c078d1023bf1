//! What the driver takes in a Postgres URL and would tell others of: it is refused before.

use url::Url;

/// The parameters that the driver knows. Another one would do nothing, and be logged with its value.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Says what is wrong with the URL of a database, without repeating any value of it.
pub(super) fn check(url: &str) -> Result<(), String> {
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or("it must begin with postgres:// or postgresql://")?;
    // Such a letter in a password ends the address early, and the rest passes for a name.
    let behind = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..));
    if behind.is_some_and(|behind| behind.contains('@')) {
        return Err("write @, /, ? and # as %40, %2F, %3F and %23 in user and password".to_owned());
    }
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let is_known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
    match url.query_pairs().find(|(name, _)| !is_known(name)) {
        Some((name, _)) => Err(format!("it has the parameter {name:?}, which is not known")),
        None => Ok(()),
    }
}
