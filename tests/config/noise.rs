//! Whatever stands in a file, the answer is a configuration or one sentence, never a panic.

use super::copy_of;
use super::load;
use super::mode;
use crashcart::config::kubeconfig;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

const CONFIG: &[u8] = include_bytes!("good/crashcart.toml");
const KUBECONFIG: &[u8] = include_bytes!("good/aws.kubeconfig");

/// A file with some bytes changed, left out or added.
fn noisy(file: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..file.len(), any::<u8>(), 0..4_usize, any::<bool>());
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut bytes = file.to_vec();
        for (at, byte, cut, add) in edits {
            let from = at.min(bytes.len());
            let to = (from + cut).min(bytes.len());
            bytes.splice(from..to, add.then_some(byte));
        }
        bytes
    })
}

fn one_sentence(folder: &Path, said: &str) {
    let said = said.replace(&folder.display().to_string(), "");
    assert!(
        said.len() < 2_000 && !said.chars().any(char::is_control),
        "{said:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_configuration_is_read_or_refused(bytes in noisy(CONFIG)) {
        let folder = copy_of(&["good"]);
        let path = folder.path().join("good/crashcart.toml");
        fs::write(&path, bytes).unwrap();
        mode(&path, 0o644);
        if let Err(error) = load(&path) {
            one_sentence(folder.path(), &error.to_string());
        }
    }

    #[test]
    fn a_damaged_kubeconfig_is_read_or_refused(bytes in noisy(KUBECONFIG)) {
        let folder = copy_of(&["good"]);
        let path = folder.path().join("good/aws.kubeconfig");
        fs::write(&path, bytes).unwrap();
        mode(&path, 0o644);
        let read = kubeconfig::read(&path).and_then(|file| file.access(None, &[]));
        if let Err(error) = read {
            one_sentence(folder.path(), &error.to_string());
        }
    }
}
