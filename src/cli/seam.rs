//! SEAM: where the commands meet the rest of the house. Each function here is joined to its
//! module when that module stands; until then it says so.

use super::export::Selection;
use super::key::Role;
use super::notes::TestMerchant;
use super::{CliError, Signals};
use crate::crypto::MasterKey;
use crate::db::Db;
use crate::ids::{KeyId, MerchantId};
use std::io::Write;
use std::net::TcpListener;
use url::Url;

/// What a service is started with.
#[derive(Debug)]
pub struct Settings {
    /// Where HTTP is answered; nowhere with `--no-http`.
    pub listener: Option<TcpListener>,
    /// How the world reaches the service, if not at the listener's address.
    pub public_url: Option<Url>,
    /// What seals the secrets in the database.
    pub master_key: MasterKey,
    /// Whether the background work is done here.
    pub workers: bool,
    /// Whether callbacks may go to private addresses.
    pub allow_private_callbacks: bool,
    /// Requests a second for one API key; none: no limit.
    pub rate_limit: Option<u32>,
}

/// A service that runs.
#[derive(Debug)]
pub struct Service {
    base_url: Option<String>,
}

fn unbuilt<T>(what: &str) -> Result<T, CliError> {
    Err(CliError::Failed(format!("this build has no {what} yet")))
}

impl Service {
    /// `App::start(config, db)`, then HTTP and workers as the settings say.
    pub async fn start(_settings: Settings, _db: Db) -> Result<Self, CliError> {
        unbuilt("service")
    }

    /// The public URL without a slash at its end; none without HTTP.
    pub fn base_url(&self) -> Option<&str> {
        self.base_url.as_deref()
    }

    /// Runs until the soft signal, then lets what is begun come to its end.
    pub async fn run(self, signals: &Signals) -> Result<(), CliError> {
        signals.soft().cancelled().await;
        Ok(())
    }
}

/// The test merchant that is noted, if the database still knows it; else a new one.
pub(super) async fn test_merchant(
    _service: &Service,
    _noted: Option<TestMerchant>,
) -> Result<TestMerchant, CliError> {
    unbuilt("merchants")
}

/// Plays the main job, printing each step, and gives its facts; an error if a step failed.
pub(super) async fn play(
    _service: &Service,
    _merchant: &TestMerchant,
) -> Result<serde_json::Value, CliError> {
    unbuilt("demo")
}

/// A new merchant.
pub(super) async fn create_merchant(_db: &Db, _name: &str) -> Result<MerchantId, CliError> {
    unbuilt("merchants")
}

/// A new API key; an error if there is no such merchant.
pub(super) async fn create_key(
    _db: &Db,
    _merchant: MerchantId,
    _role: Role,
) -> Result<(KeyId, String), CliError> {
    unbuilt("keys")
}

/// Revokes a key; an error if there is no such key.
pub(super) async fn revoke_key(_db: &Db, _key: KeyId) -> Result<(), CliError> {
    unbuilt("keys")
}

/// Writes an export.
pub(super) async fn export(
    _db: &Db,
    _selection: Selection,
    _out: &mut dyn Write,
) -> Result<(), CliError> {
    unbuilt("exports")
}

/// How much was proved.
pub(super) struct Proof {
    pub merchants: u64,
    pub entries: u64,
}

/// Proves the books of one merchant or of all; the error names the first fault.
pub(super) async fn verify(_db: &Db, _merchant: Option<MerchantId>) -> Result<Proof, CliError> {
    unbuilt("proof")
}

/// The OpenAPI document as JSON.
pub(super) fn openapi() -> Result<String, CliError> {
    unbuilt("OpenAPI document")
}
