//! A service in the environment, with merchants who are called back.

use super::{
    super::{
        connection::{Connection, Head},
        failure::failed,
        services::{self, Caller},
    },
    Environment, Manner,
};
use crate::program::ProgramError;
use crate::{base::ambient::Ambient, program::Service};
use serde::Deserialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};
use uuid::Uuid;

impl Environment {
    /// Starts a service; without workers it only writes down what it owes.
    pub(super) async fn serve(&self, workers: bool) -> Result<Stage, ProgramError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ProgramError::Runtime)?;
        let address = listener.local_addr().map_err(ProgramError::Runtime)?;
        let config = services::config(&self.db, address);
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
    pub async fn register(&self, caller: &Caller, url: &str) -> Result<String, ProgramError> {
        let body = serde_json::json!({ "url": url, "event_types": ["*"] });
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

    async fn ask(&self, caller: &Caller, line: &str, body: &str) -> io::Result<Head> {
        let mut connection = Connection::open(self.address).await?;
        let key = Ambient::system().id::<Uuid>().to_string();
        connection.prepare(line, (&caller.api_key, &key), body);
        let answer = connection.exchange().await?;
        answer.check()?;
        Ok(answer)
    }
}
