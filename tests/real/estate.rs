//! An estate as the restore sees it. It must not be able to tell which one it talks to.

use std::path::Path;

/// Who runs the restore, everywhere.
pub(crate) const ALICE: &str = "alice@meridian.test";

/// One cluster with one namespace that can be lost, and the console's way to it.
pub(crate) trait Estate {
    /// The console's configuration.
    fn config(&self) -> &Path;

    /// A folder of this estate alone for the console's state and home.
    fn home(&self) -> &Path;

    /// Arguments that make the console alice's.
    fn alice(&self) -> &[&str];

    /// The cluster's name in the configuration.
    fn cluster(&self) -> &str;

    /// The namespace that can be lost.
    fn namespace(&self) -> &str;

    /// The zone that names it.
    fn zone(&self) -> &str;

    /// A kubeconfig of somebody else than alice, who may see every object and delete the namespace.
    fn admin(&self) -> &Path;

    /// The API server's own audit log.
    fn audit_log(&self) -> &Path;
}
