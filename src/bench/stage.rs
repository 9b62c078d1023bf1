//! A service in the environment, with merchants who are called back.

use super::{
    connection::{Connection, Head},
    environment::Environment,
    failure::failed,
    receiver::Manner,
    services::{self, Caller},
};
use crate::program::ProgramError;
use crate::{app::config::settings, base::ambient::Ambient, program::Service};
use serde::Deserialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    num::NonZeroU32,
};
use uuid::Uuid;

impl Environment {
    /// Starts a service without limits; without workers it only writes down what is due.
    pub(super) async fn serve(&self, workers: bool) -> Result<Stage, ProgramError> {
        self.stage(None, workers).await
    }

    /// Starts a service with the limits that `serve` has if nothing is set.
    pub(super) async fn serve_limited(&self) -> Result<Stage, ProgramError> {
        let limit = settings::RATE_LIMIT.default.parse();
        self.stage(Some(limit.map_err(failed)?), true).await
    }

    async fn stage(
        &self,
        rate_limit: Option<NonZeroU32>,
        workers: bool,
    ) -> Result<Stage, ProgramError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ProgramError::Runtime)?;
        let address = listener.local_addr().map_err(ProgramError::Runtime)?;
        let mut config = services::config(&self.db, address);
        config.rate_limit = rate_limit;
        Ok(Stage {
            service: Service::start(config, Some(listener), workers).await?,
            address,
        })
    }

    /// A new merchant without endpoints.
    pub(super) async fn merchant(&self) -> Result<Caller, ProgramError> {
        services::caller(&self.db).await
    }

    /// So many new merchants, each with one healthy endpoint.
    pub(super) async fn merchants(
        &self,
        stage: &Stage,
        count: usize,
    ) -> Result<Vec<Caller>, ProgramError> {
        let mut callers = Vec::new();
        for endpoint in 0..count {
            let caller = self.merchant().await?;
            let url = self.receiver.url(endpoint, Manner::Healthy)?;
            stage.register(&caller, &url, "*").await?;
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
    /// Registers an endpoint for events of one type, or of all (`*`), and gives its id.
    pub async fn register(
        &self,
        caller: &Caller,
        url: &str,
        event_type: &str,
    ) -> Result<String, ProgramError> {
        let body = serde_json::json!({ "url": url, "event_types": [event_type] });
        let line = "POST /v1/callback_endpoints";
        let made = self.ask(caller, line, &body.to_string()).await;
        let Made { id } = serde_json::from_slice(&made.map_err(failed)?.body).map_err(failed)?;
        Ok(id)
    }

    /// Deletes an endpoint.
    pub async fn delete(&self, caller: &Caller, endpoint: &str) -> Result<(), ProgramError> {
        let line = format!("DELETE /v1/callback_endpoints/{endpoint}");
        self.ask(caller, &line, "").await.map_err(failed)?;
        Ok(())
    }

    /// Asks for a change in the name of a merchant.
    pub async fn ask(&self, caller: &Caller, line: &str, body: &str) -> io::Result<Head> {
        let mut connection = Connection::open(self.address).await?;
        let key = Ambient::system().id::<Uuid>().to_string();
        connection.prepare(line, (&caller.api_key, &key), body);
        let answer = connection.exchange().await?;
        answer.check()?;
        Ok(answer)
    }
}
