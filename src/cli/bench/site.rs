//! What is measured: the service twice on one database, batched and plain, with its merchants.

use super::{CliError, plain::Plain, store};
use crate::cli::key;
use crate::{
    ambient::Ambient,
    app::{App, Performed},
    auth::Role,
    callbacks::{EndpointRequest, EndpointSecret, NewSecret},
    config::Config,
    crypto::MasterKey,
    db::Db,
    http,
    ids::{EndpointId, MerchantId},
    net::Policy,
    writer::{self, Command, Submission, WriteError},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// The merchants' name, by which a database of an earlier run is told from anything else.
const NAME: &str = "threadpay bench";
/// Where callbacks would go: nobody sends them.
const ENDPOINT: &str = r#"{"url": "http://127.0.0.1:9/", "event_types": ["*"]}"#;

/// One of the two ways to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// The service as it is.
    Batched,
    /// One transaction per request.
    Plain,
}

/// A merchant with an API key.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Its id.
    pub merchant: MerchantId,
    /// Its key.
    pub api_key: String,
}

/// Both services and their callers.
#[derive(Debug)]
pub(super) struct Site {
    /// The database.
    pub db: Db,
    batched: Arc<App>,
    plain: Arc<App>,
    callers: Vec<Caller>,
}

impl Site {
    /// Starts both services on `db`, and makes so many merchants, each with one endpoint.
    pub async fn build(db: &Db, merchants: u16) -> Result<Self, CliError> {
        refuse_others(db).await?;
        let batched = start(db).await?;
        let plain = start(db).await?;
        let mut plain = Arc::into_inner(plain)
            .ok_or_else(|| CliError::Failed("the plain service is in use".to_owned()))?;
        plain.writer.close().await;
        let (ambient, urls) = (plain.ambient.clone(), plain.urls.clone());
        plain.writer = Plain { ambient, urls }.start(db).await?;
        let mut site = Self {
            db: db.clone(),
            batched,
            plain: Arc::new(plain),
            callers: Vec::new(),
        };
        for _ in 0..merchants {
            let caller = site.caller().await?;
            site.callers.push(caller);
        }
        Ok(site)
    }

    /// The service that writes so.
    pub fn app(&self, variant: Variant) -> &Arc<App> {
        match variant {
            Variant::Batched => &self.batched,
            Variant::Plain => &self.plain,
        }
    }

    /// The first so many callers.
    pub fn callers(&self, count: u16) -> Arc<[Caller]> {
        self.callers.iter().take(count.into()).cloned().collect()
    }

    async fn caller(&self) -> Result<Caller, CliError> {
        let app = &self.batched;
        let caller = caller(&self.db).await?;
        let merchant = caller.merchant;
        let id: EndpointId = app.ambient.id();
        let endpoint: EndpointRequest = serde_json::from_str(ENDPOINT).map_err(failed)?;
        let endpoint = endpoint.check(&Policy::private()).map_err(failed)?;
        let secret = EndpointSecret::generate(&app.ambient);
        let sealed = secret.seal(&app.keyring.secrets, (merchant, id), &app.ambient);
        let secret = NewSecret {
            sealed: sealed.map_err(failed)?,
            public_key: secret.public_key(),
        };
        let command = Command::CreateEndpoint(id, Box::new(endpoint), secret);
        perform(app, merchant, command).await.map_err(failed)?;
        Ok(caller)
    }

    /// Ends what runs.
    pub async fn close(self) {
        self.batched.close().await;
        self.plain.close().await;
    }
}

/// Nobody's payments are measured upon.
pub(super) async fn refuse_others(db: &Db) -> Result<(), CliError> {
    if store::holds_others(db, NAME).await? {
        return Err(CliError::Failed(
            "the database of DATABASE_URL holds merchants: give the benchmark one of its own"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Runs a command that carries no key.
pub(super) async fn perform(
    app: &App,
    merchant: MerchantId,
    command: Command,
) -> Result<Performed, WriteError> {
    let submission = Submission {
        merchant,
        command,
        claim: None,
        request_id: String::new(),
    };
    app.perform(submission).await
}

async fn start(db: &Db) -> Result<Arc<App>, CliError> {
    let config = config(db, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(App::start(config, Ambient::system(), http::rejection::render).await?)
}

/// A new merchant with a bot's key.
pub(super) async fn caller(db: &Db) -> Result<Caller, CliError> {
    let merchant = writer::create_merchant(db, NAME, &Ambient::system()).await?;
    let api_key = key::create(db, merchant, Role::Bot).await?.text();
    Ok(Caller { merchant, api_key })
}

/// What a service on `db` is told.
pub(super) fn config(db: &Db, listen: SocketAddr) -> Result<Config, CliError> {
    // Always the same, so that a database can be used again: it holds nothing worth sealing.
    let master_key = MasterKey::from_base64(&STANDARD.encode([0; 32]))?;
    let mut config = Config::new(db.clone(), listen, master_key);
    config.allow_private_callbacks = true;
    Ok(config)
}

/// What went wrong in words.
pub(super) fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}
