//! The real program under more than it can do: too many requests, too many connections, clients
//! that take their time. Whoever behaves is served or told to come back, and what is told is true.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "../api/harness/client.rs"]
mod client;
mod crowds;
mod figures;
mod open_loop;
mod process;
mod raw;
mod requests;
mod service;

use client::Client;
use process::Process;
use service::Service;
use tokio::sync::Mutex;

/// Held by the test that runs: side by side they would starve each other of the processor.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A service with its process and its address.
struct House {
    service: Service,
    process: Process,
    address: String,
    bot: Client,
}

impl House {
    async fn start(name: &'static str) -> Self {
        process::raise_files();
        let service = tokio::task::spawn_blocking(move || Service::start(name));
        Self::of(service.await.unwrap())
    }

    fn of(service: Service) -> Self {
        let base = service.fact("base_url");
        Self {
            process: Process(service.process()),
            address: base.trim_start_matches("http://").to_owned(),
            bot: Client::new(&base).with_key(&service.fact("api_key")),
            service,
        }
    }

    async fn stop(self) {
        tokio::task::spawn_blocking(|| self.service.stop())
            .await
            .unwrap();
    }
}
