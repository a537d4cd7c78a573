//! Evidence on disk.

use super::sound::{self, Unsound};
use super::{Evidence, SCHEMA_VERSION};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Name of the file in a run folder.
pub const FILE: &str = "evidence.json";

/// Evidence that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not evidence.
    #[error("{}: not evidence of a run: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It is evidence by its form, but no run can have written it.
    #[error("{}: not evidence of a run: {source}", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What does not fit together.
        source: Unsound,
    },
    /// Another version wrote it.
    #[error("{}: written in evidence format {found}, and this version reads format {SCHEMA_VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

/// Writes a file whole or not at all: beside it first, then renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let fail = |source| DiskError::Io { path: path.into(), source };
    let beside = path.with_extension("part");
    let mut file = std::fs::File::create(&beside).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    std::fs::rename(&beside, path).map_err(fail)
}

/// Writes the evidence into a run folder.
pub fn save(evidence: &Evidence, folder: &Path) -> Result<(), DiskError> {
    let path = folder.join(FILE);
    let text =
        serde_json::to_vec(evidence).map_err(|source| DiskError::Format { path: path.clone(), source })?;
    write_whole(&path, &text)
}

/// Reads the evidence of a run folder.
pub fn load(folder: &Path) -> Result<Evidence, DiskError> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema_version: u32,
    }
    let path = folder.join(FILE);
    let text = std::fs::read(&path).map_err(|source| DiskError::Io { path: path.clone(), source })?;
    let format = |source| DiskError::Format { path: path.clone(), source };
    let head: Head = serde_json::from_slice(&text).map_err(format)?;
    if head.schema_version != SCHEMA_VERSION {
        return Err(DiskError::Version { path, found: head.schema_version });
    }
    let evidence = serde_json::from_slice(&text).map_err(format)?;
    sound::check(&evidence).map_err(|source| DiskError::Unsound { path, source })?;
    Ok(evidence)
}
