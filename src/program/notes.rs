//! What `dev` remembers between two runs, beside the data: the key that seals the secrets, and
//! the test merchant with its API keys, of which the database knows only hashes.

use super::{ProgramError, Service, keys};
use crate::base::ambient::Ambient;
use crate::base::crypto::MasterKey;
use crate::base::db::DbError;
use crate::base::mode::Mode;
use crate::domain::auth::{self, Role};
use crate::embedded::OWNERS_FILE;
use crate::writer;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The notes of one data directory.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// 32 bytes in base64: `THREADPAY_MASTER_KEY` unless that is set.
    master_key: String,
    /// The test merchant, once it exists.
    pub merchant: Option<TestMerchant>,
}

/// A merchant to try things with. Its keys are test keys: no money moves.
#[derive(Clone, Serialize, Deserialize)]
pub struct TestMerchant {
    /// `mer_…`
    pub merchant_id: String,
    /// A key of the role `merchant`.
    pub api_key: String,
    /// A key of the role `finance`.
    pub finance_key: String,
}

impl TestMerchant {
    /// The merchant that was noted, if the database still knows it; else a new one.
    pub async fn find_or_make(
        service: &Service,
        noted: Option<Self>,
    ) -> Result<Self, ProgramError> {
        let (db, ambient) = (&service.app.config.database, &service.app.ambient);
        if let Some(noted) = noted
            && let Ok(id) = noted.merchant_id.parse()
            && auth::store::merchant(&service.app.pool, id)
                .await
                .map_err(DbError::from)?
                .is_some()
        {
            return Ok(noted);
        }
        let id = writer::create_merchant(db, "Corner Café", Mode::Test, ambient)
            .await?
            .id;
        let (key, finance) = (
            keys::create(db, id, Role::Merchant.into()).await?,
            keys::create(db, id, Role::Finance.into()).await?,
        );
        Ok(Self {
            merchant_id: id.to_string(),
            api_key: key.text(),
            finance_key: finance.text(),
        })
    }
}

impl Notes {
    /// New notes: a new master key and no merchant.
    pub fn new(ambient: &Ambient) -> Self {
        Self {
            master_key: STANDARD.encode(ambient.bytes::<32>()),
            merchant: None,
        }
    }

    /// The notes in `directory`; new ones if there are none.
    pub fn read(directory: &Path, ambient: &Ambient) -> Result<Self, ProgramError> {
        let path = directory.join(OWNERS_FILE);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| ProgramError::file("read", path)(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(ambient)),
            Err(error) => Err(ProgramError::file("read", path)(error)),
        }
    }

    /// The master key that was noted.
    pub fn master_key(&self) -> Result<MasterKey, ProgramError> {
        MasterKey::from_base64(&self.master_key).map_err(|error| {
            ProgramError::Failed(format!("the master_key in {OWNERS_FILE} {error}"))
        })
    }

    /// Writes the notes, for their owner's eyes only: beside their place first, so that a crash
    /// leaves the old ones.
    pub fn write(&self, directory: &Path) -> Result<(), ProgramError> {
        let path = directory.join(OWNERS_FILE);
        self.replace(directory, &path)
            .map_err(ProgramError::file("write", path))
    }

    fn replace(&self, directory: &Path, path: &PathBuf) -> io::Result<()> {
        let mut make = DirBuilder::new();
        make.recursive(true).mode(0o700).create(directory)?;
        let beside = path.with_extension("new");
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o600);
        let mut file = open.open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(beside, path)
    }
}
