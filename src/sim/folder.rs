//! The folder that an estate is written to: for its owner alone.

use std::fs::{DirBuilder, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::sim::SimError;

/// Makes the folder where it is missing, and lets its owner alone into it.
pub(in crate::sim) fn private_folder(dir: &Path) -> Result<(), SimError> {
    let failed = |source| SimError::Write {
        path: dir.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(failed)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed)
}

/// Writes a file for its owner alone, whole.
pub(in crate::sim) fn write(path: &Path, text: &str) -> Result<(), SimError> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())
    })
    .map_err(|source| SimError::Write {
        path: path.to_owned(),
        source,
    })
}
