//! What the backup stores hold: the content of each backup, results, and signed addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::clock::Clock;
use crate::sim::people::secret;

use super::super::after;

/// Seconds a signed address is good for.
pub(super) const SIGNED_SECONDS: f64 = 600.0;

/// The objects of one backup, in the order in which they are restored.
pub(super) type Content = Arc<Vec<Arc<Value>>>;

/// One recovery point as the store keeps it.
#[derive(Clone)]
pub(super) struct Point {
    /// The name of its store.
    pub(super) location: String,
    /// The Backup object as it was when it ended; none while it runs.
    pub(super) backup: Option<Arc<Value>>,
    pub(super) content: Content,
}

/// The backup stores of one cluster; clones share them.
#[derive(Clone)]
pub(in crate::sim) struct Vault {
    clock: Clock,
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Default)]
struct Shelves {
    points: BTreeMap<String, Point>,
    /// Warnings and errors of restores and backups, by file name.
    results: BTreeMap<String, Value>,
    signed: BTreeMap<String, Signed>,
    origin: Option<String>,
}

struct Signed {
    path: String,
    until: Timestamp,
    body: Vec<u8>,
}

/// Why an address gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFile {
    /// The signature is not one of ours, or belongs to another path.
    Unsigned,
    /// Its ten minutes are over.
    Expired,
}

impl Vault {
    /// Empty stores.
    pub(in crate::sim) fn new(clock: Clock) -> Self {
        Self {
            clock,
            shelves: Arc::default(),
        }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, backup: &str, point: Point) {
        self.shelves().points.insert(backup.to_owned(), point);
    }

    pub(super) fn point(&self, backup: &str) -> Option<Point> {
        self.shelves().points.get(backup).cloned()
    }

    pub(super) fn drop_point(&self, backup: &str) {
        self.shelves().points.remove(backup);
    }

    /// The Backup objects that a store holds, by name.
    pub(super) fn held(&self, location: &str) -> Vec<(String, Arc<Value>)> {
        let shelves = self.shelves();
        let here = shelves
            .points
            .iter()
            .filter(|(_, p)| p.location == location);
        here.filter_map(|(name, point)| Some((name.clone(), point.backup.clone()?)))
            .collect()
    }

    pub(super) fn keep_results(&self, file: &str, results: Value) {
        self.shelves().results.insert(file.to_owned(), results);
    }

    pub(in crate::sim::controllers) fn results(&self, file: &str) -> Option<Value> {
        self.shelves().results.get(file).cloned()
    }

    /// Adds the error that something in a namespace met.
    pub(super) fn add_error(&self, file: &str, space: &str, words: &str) {
        let mut shelves = self.shelves();
        let slot = shelves.results.entry(file.to_owned());
        let results = slot.or_insert_with(|| json!({"errors": {}, "warnings": {}}));
        let list = &mut results["errors"]["namespaces"][space];
        match list.as_array_mut() {
            Some(list) => list.push(json!(words)),
            None => *list = json!([words]),
        }
    }

    /// How many errors a file holds.
    pub(super) fn errors(&self, file: &str) -> u32 {
        let shelves = self.shelves();
        let spaces = shelves
            .results
            .get(file)
            .map(|all| &all["errors"]["namespaces"]);
        let spaces = spaces.and_then(Value::as_object);
        let lists = spaces.into_iter().flat_map(|all| all.values());
        let count = lists
            .filter_map(Value::as_array)
            .map(Vec::len)
            .sum::<usize>();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Notes the address at which the files are served, such as `http://127.0.0.1:4711`.
    pub(super) fn open_at(&self, origin: String) {
        self.shelves().origin = Some(origin);
    }

    /// Signs an address for a file; none until the files are served.
    pub(super) fn sign(&self, path: &str, body: Vec<u8>) -> Option<(String, Timestamp)> {
        let mut shelves = self.shelves();
        let now = self.clock.now();
        shelves.signed.retain(|_, signed| signed.until > now);
        let until = after(now, SIGNED_SECONDS);
        let signature = secret();
        let query = format!("X-Amz-Expires={SIGNED_SECONDS}&X-Amz-Signature={signature}");
        let url = format!("{}{path}?{query}", shelves.origin.as_ref()?);
        let path = path.to_owned();
        shelves
            .signed
            .insert(signature, Signed { path, until, body });
        Some((url, until))
    }

    /// The file behind a signature.
    pub(super) fn file(&self, path: &str, signature: &str) -> Result<Vec<u8>, NoFile> {
        let shelves = self.shelves();
        let signed = shelves.signed.get(signature).filter(|s| s.path == path);
        let signed = signed.ok_or(NoFile::Unsigned)?;
        if signed.until <= self.clock.now() {
            return Err(NoFile::Expired);
        }
        Ok(signed.body.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signed_address_is_for_one_path_and_ten_minutes() {
        let clock = Clock::manual("2026-08-15T04:11:00Z".parse().unwrap());
        let vault = Vault::new(clock.clone());
        assert!(vault.sign("/b/x.gz", vec![1]).is_none());
        vault.open_at("http://127.0.0.1:9".to_owned());
        let (url, _) = vault.sign("/b/x.gz", vec![1]).unwrap();
        let signature = url.rsplit('=').next().unwrap();
        assert_eq!(vault.file("/b/x.gz", signature), Ok(vec![1]));
        assert_eq!(vault.file("/b/y.gz", signature), Err(NoFile::Unsigned));
        clock.advance(Duration::from_secs(600));
        assert_eq!(vault.file("/b/x.gz", signature), Err(NoFile::Expired));
    }
}
