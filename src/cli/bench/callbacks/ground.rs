//! What a measurement stands on: the database, a service on it, those who ask and who is called.

use super::{
    super::{
        commits,
        connection::{Connection, Head},
        site::{self, Caller, failed},
    },
    CliError,
    aside::Aside,
    cost::{self, Cost},
    receiver::{Manner, Receiver},
};
use crate::{
    ambient::Ambient,
    cli::{Service, database::Database},
    db::Db,
};
use serde::Deserialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};
use uuid::Uuid;

/// Everything but the service.
#[derive(Debug)]
pub(super) struct Ground {
    db: Db,
    postgres: Option<u32>,
    /// Who is called back.
    pub receiver: Receiver,
    /// Who asks for money.
    pub bots: Aside,
}

impl Ground {
    /// Sets up on a database that holds nothing else.
    pub async fn prepare(database: &Database) -> Result<Self, CliError> {
        site::refuse_others(&database.db).await?;
        Ok(Self {
            db: database.db.clone(),
            postgres: database.process_id(),
            receiver: Receiver::start().await?,
            bots: Aside::start("bots").map_err(CliError::Runtime)?,
        })
    }

    /// Starts a service; without workers it only writes down what it owes.
    pub async fn serve(&self, workers: bool) -> Result<Stage, CliError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(CliError::Runtime)?;
        let address = listener.local_addr().map_err(CliError::Runtime)?;
        let config = site::config(&self.db, address)?;
        Ok(Stage {
            service: Service::start(config, Some(listener), workers).await?,
            address,
        })
    }

    /// What service and Postgres have cost until now.
    pub async fn cost(&self) -> Result<Cost, CliError> {
        let others = self.bots.cpu().await? + self.receiver.aside.cpu().await?;
        let all = cost::of_this_process().map_err(failed)?;
        Ok(Cost {
            service: all.saturating_sub(others),
            postgres: self.postgres.and_then(cost::of_postgres),
        })
    }

    /// How many commits of one row the machine makes in a second just now.
    pub async fn commits(&self) -> Result<u64, CliError> {
        commits::per_second(&self.db).await
    }

    /// A new merchant without endpoints.
    pub async fn merchant(&self) -> Result<Caller, CliError> {
        site::caller(&self.db).await
    }

    /// So many new merchants, each with one healthy endpoint.
    pub async fn merchants(&self, stage: &Stage, count: usize) -> Result<Vec<Caller>, CliError> {
        let mut callers = Vec::new();
        for endpoint in 0..count {
            let caller = self.merchant().await?;
            let url = self.receiver.url(endpoint, Manner::Healthy)?;
            stage.register(&caller, &url).await?;
            callers.push(caller);
        }
        Ok(callers)
    }
}

/// A service that runs.
#[derive(Debug)]
pub(super) struct Stage {
    /// The service.
    pub service: Service,
    /// Where it answers.
    pub address: SocketAddr,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl Stage {
    /// Registers an endpoint that is told everything, and gives its id.
    pub async fn register(&self, caller: &Caller, url: &str) -> Result<String, CliError> {
        let body = serde_json::json!({ "url": url, "event_types": ["*"] });
        let line = "POST /v1/callback_endpoints";
        let made = self.ask(caller, line, &body.to_string()).await;
        let Made { id } = serde_json::from_slice(&made.map_err(failed)?.body).map_err(failed)?;
        Ok(id)
    }

    /// Deletes an endpoint.
    pub async fn delete(&self, caller: &Caller, endpoint: &str) -> Result<(), CliError> {
        let line = format!("DELETE /v1/callback_endpoints/{endpoint}");
        self.ask(caller, &line, "").await.map_err(failed)?;
        Ok(())
    }

    async fn ask(&self, caller: &Caller, line: &str, body: &str) -> io::Result<Head> {
        let mut connection = Connection::open(self.address).await?;
        let key = Ambient::system().id::<Uuid>().to_string();
        connection.prepare(line, (&caller.api_key, &key), body);
        let answer = connection.exchange().await?;
        answer.check()?;
        Ok(answer)
    }
}
