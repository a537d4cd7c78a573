//! The run folder.

use crate::evidence::{DiskError, write_whole};
use crate::scenario::{Scenario, to_yaml};
use std::path::{Path, PathBuf};

/// A folder for the files of one run.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    created: bool,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be written to.
    #[error("{}: cannot write a run folder there: {source}; choose another with --out", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something already.
    #[error("{}: not empty; a run folder holds one run, so choose another with --out", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

impl Folder {
    /// Makes the folder and makes sure that it can be written to, before any load.
    pub fn create(out: Option<&Path>, scenario: &str) -> Result<Self, FolderError> {
        let path = match out {
            Some(path) => path.to_owned(),
            None => default_path(scenario),
        };
        let fail = |source| FolderError::Unwritable { path: path.clone(), source };
        let created = !path.exists();
        std::fs::create_dir_all(&path).map_err(fail)?;
        if std::fs::read_dir(&path).map_err(fail)?.next().is_some() {
            return Err(FolderError::NotEmpty { path });
        }
        let probe = path.join(".writable");
        std::fs::write(&probe, b"").map_err(fail)?;
        std::fs::remove_file(&probe).map_err(fail)?;
        Ok(Self { path, created })
    }

    /// A folder of an earlier run.
    pub fn existing(path: &Path) -> Self {
        Self { path: path.to_owned(), created: false }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name: the id of the run.
    pub fn id(&self) -> String {
        self.path.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Where the embedded service's own output goes.
    pub fn target_log(&self) -> PathBuf {
        self.path.join("target.log")
    }

    /// The folder of the plots, made if it is not there.
    pub fn plots(&self) -> Result<PathBuf, DiskError> {
        let path = self.path.join("plots");
        std::fs::create_dir_all(&path).map_err(|source| DiskError::Io { path: path.clone(), source })?;
        Ok(path)
    }

    /// Keeps the scenario as it was resolved.
    pub fn write_scenario(&self, scenario: &Scenario) -> Result<(), DiskError> {
        write_whole(&self.path.join(super::SCENARIO_FILE), to_yaml(scenario).as_bytes())
    }

    /// Takes the folder away again after a run that measured nothing.
    pub fn discard(self) {
        // Only what we put there: our log, and the folder if we made it.
        let _ = std::fs::remove_file(self.target_log());
        if self.created {
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// `reports/<scenario>-<UTC>`, with a number where two runs begin in one second.
fn default_path(scenario: &str) -> PathBuf {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let base = Path::new("reports").join(format!("{scenario}-{stamp}"));
    if !base.exists() {
        return base;
    }
    (2..1000)
        .map(|n| Path::new("reports").join(format!("{scenario}-{stamp}-{n}")))
        .find(|path| !path.exists())
        .unwrap_or(base)
}
