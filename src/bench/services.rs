//! What is measured: the service, and the same service with other ways to write, on one database,
//! with its merchants.

use super::{
    backlog_limit::BacklogLimit,
    environment::{Environment, NAME},
    failure::failed,
    plain::Plain,
    receiver::{ENDPOINTS, Manner},
    scenario::Scenario,
    store,
};
use crate::program::ProgramError;
use crate::{
    app::{App, Performed, config::Config},
    base::{
        actor::Actor,
        ambient::Ambient,
        crypto::MasterKey,
        db::{Db, Use},
        ids::{EndpointId, MerchantId},
        mode::Mode,
        net::Policy,
    },
    domain::{
        auth::Role,
        callbacks::{EndpointRequest, EndpointSecret, NewSecret},
    },
    http,
    program::{keys, service},
    workers::{self, Dispatcher, Worker},
    writer::{self, Command, EndpointCommand, Submission, WriteError},
};
use serde_json::json;
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One of the ways to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// The service as it is.
    Batched,
    /// One transaction per request, on sixteen connections.
    Plain,
    /// One transaction per request, on one connection.
    OneByOne,
}

/// A merchant with an API key.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Its id.
    pub merchant: MerchantId,
    /// Its key.
    pub api_key: String,
}

/// All services and their callers.
#[derive(Debug)]
pub(super) struct Services<'a> {
    /// The environment.
    pub environment: &'a Environment,
    batched: Arc<App>,
    plain: Arc<App>,
    one_by_one: Arc<App>,
    callers: HashMap<Scenario, Vec<Caller>>,
}

impl<'a> Services<'a> {
    /// Starts the services, and makes so many merchants for each scenario, or one where more
    /// would change nothing.
    pub async fn build(
        environment: &'a Environment,
        scenarios: &[Scenario],
        merchants: u16,
    ) -> Result<Self, ProgramError> {
        let db = &environment.db;
        let mut services = Self {
            environment,
            batched: start(db).await?,
            plain: Plain::take_over(start(db).await?, 16).await?,
            one_by_one: Plain::take_over(start(db).await?, 1).await?,
            callers: HashMap::new(),
        };
        for scenario in scenarios {
            let count = if scenario.is_spread() { merchants } else { 1 };
            let mut callers = Vec::new();
            for number in 0..count.into() {
                callers.push(services.caller(*scenario, number).await?);
            }
            services.callers.insert(*scenario, callers);
        }
        Ok(services)
    }

    /// The service that writes so.
    pub fn app(&self, variant: Variant) -> &Arc<App> {
        match variant {
            Variant::Batched => &self.batched,
            Variant::Plain => &self.plain,
            Variant::OneByOne => &self.one_by_one,
        }
    }

    /// The first so many callers of a scenario.
    pub fn callers(&self, scenario: Scenario, count: u16) -> Arc<[Caller]> {
        let callers = self.callers.get(&scenario).into_iter().flatten();
        callers.take(count.into()).cloned().collect()
    }

    /// The first merchant of a scenario.
    pub fn merchant(&self, scenario: Scenario) -> Result<MerchantId, ProgramError> {
        let callers = self.callers.get(&scenario);
        let first = callers.and_then(|callers| callers.first());
        let first = first.ok_or_else(|| failed("nobody is measured"))?;
        Ok(first.merchant)
    }

    /// All merchants but those whose journal is exported: that one is to be whole.
    pub fn writers(&self) -> Vec<MerchantId> {
        let callers = self.callers.iter();
        let callers = callers.filter(|(scenario, _)| **scenario != Scenario::Export);
        let callers = callers.flat_map(|(_, callers)| callers);
        callers.map(|caller| caller.merchant).collect()
    }

    /// Keeps a load near the callbacks that come from now on.
    pub fn backlog(&self) -> Arc<BacklogLimit> {
        Arc::new(BacklogLimit::new(self.environment.receiver.meter()))
    }

    async fn caller(&self, scenario: Scenario, number: usize) -> Result<Caller, ProgramError> {
        let app = &self.batched;
        let caller = caller(&self.environment.db).await?;
        let types = scenario.sent_events();
        if types.is_empty() {
            return Ok(caller);
        }
        let url = self
            .environment
            .receiver
            .url(number % ENDPOINTS, Manner::Healthy)?;
        let endpoint = json!({"url": url, "event_types": types});
        let endpoint: EndpointRequest = serde_json::from_value(endpoint).map_err(failed)?;
        let endpoint = endpoint.check(&Policy::private()).map_err(failed)?;
        let id: EndpointId = app.ambient.id();
        let secret = EndpointSecret::generate(&app.ambient);
        let sealed = secret.seal(&app.keyring.secrets, (caller.merchant, id), &app.ambient);
        let secret = NewSecret {
            sealed: sealed.map_err(failed)?,
            public_key: secret.public_key(),
        };
        let command = EndpointCommand::Create(id, Box::new(endpoint), secret).into();
        let made = perform(app, caller.merchant, command).await;
        made.map_err(failed)?;
        Ok(caller)
    }

    /// Begins to send callbacks, of what is due from now on.
    pub async fn send(&self, variant: Variant) -> Result<Sending, ProgramError> {
        let mut connection = self.environment.db.connect(Use::General).await?;
        let forgotten = store::forget_owed(&mut connection).await;
        forgotten.map_err(failed)?;
        self.environment.receiver.forget();
        let (app, stop) = (Arc::clone(self.app(variant)), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let dispatcher = service::dispatcher(&app);
            let beat = app.pulse.enter(Dispatcher::NAME, Dispatcher::PERIOD);
            workers::run(
                dispatcher,
                &app.wake.deliveries,
                &app.ambient,
                stopped,
                beat,
            )
            .await;
        });
        Ok(Sending { stop, task })
    }

    /// Ends what runs.
    pub async fn close(self) {
        for app in [self.batched, self.plain, self.one_by_one] {
            app.close().await;
        }
    }
}

/// A dispatcher that runs.
#[derive(Debug)]
pub(super) struct Sending {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Sending {
    /// Ends it; what is still due stays so.
    pub async fn stop(self) -> Result<(), ProgramError> {
        self.stop.cancel();
        self.task.await.map_err(failed)
    }
}

/// Runs a command that carries no key.
pub(super) async fn perform(
    app: &App,
    merchant: MerchantId,
    command: Command,
) -> Result<Performed, WriteError> {
    let submission = Submission {
        merchant,
        actor: Actor::Operator,
        command,
        claim: None,
        request_id: String::new(),
        bytes: 0,
    };
    app.perform(submission).await
}

async fn start(db: &Db) -> Result<Arc<App>, ProgramError> {
    let config = config(db, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    Ok(App::start(config, Ambient::system(), http::rejection::render).await?)
}

/// A new merchant with a key that may do everything.
pub(super) async fn caller(db: &Db) -> Result<Caller, ProgramError> {
    let merchant = writer::create_merchant(db, NAME, Mode::Test, &Ambient::system())
        .await?
        .id;
    let api_key = keys::create(db, merchant, Role::Merchant.into())
        .await?
        .text();
    Ok(Caller { merchant, api_key })
}

/// The configuration of a service on `db`.
pub(super) fn config(db: &Db, listen: SocketAddr) -> Config {
    // Always the same, so that a database can be used again: it holds nothing worth sealing.
    let master_key = MasterKey::new([0; 32]);
    let mut config = Config::new(db.clone(), listen, master_key);
    config.allow_private_callbacks = true;
    config
}
