//! What a cluster is read with while its issuer is down: a credential goes to the server it was given for, or nowhere.

use super::copy;
use super::load;
use crashcart::config::Config;
use crashcart::config::ConfigError;
use crashcart::config::KubeconfigUser;
use rcgen::CertificateParams;
use rcgen::KeyPair;
use std::fs;
use tempfile::TempDir;

const HERE: &str = "https://10.0.0.1:6443";

/// The good configuration with a fallback on its first cluster.
fn with(fallback: &str) -> TempDir {
    let folder = copy();
    let path = folder.path().join("good/crashcart.toml");
    let text = fs::read_to_string(&path).unwrap();
    let named = "name = \"sth-prod\"\n";
    assert!(text.contains(named));
    let text = text.replacen(named, &format!("{named}fallback = {fallback}\n"), 1);
    fs::write(&path, text).unwrap();
    folder
}

fn read(folder: &TempDir) -> Result<Config, ConfigError> {
    load(&folder.path().join("good/crashcart.toml"))
}

/// A kubeconfig beside the configuration, with what its cluster says.
fn kubeconfig(folder: &TempDir, cluster: &str) {
    let text = format!(
        "clusters: [{{name: c, cluster: {{{cluster}}}}}]\n\
         users: [{{name: u, user: {{token: canary}}}}]\n\
         contexts: [{{name: sth, context: {{cluster: c, user: u}}}}]\n"
    );
    let path = folder.path().join("good/other.kubeconfig");
    fs::write(&path, text).unwrap();
    super::mode(&path, 0o600);
}

const NAMED: &str = "{ kubeconfig = \"other.kubeconfig\", context = \"sth\" }";

#[test]
fn a_kubeconfigs_credential_is_taken_for_the_server_it_names() {
    let folder = with(NAMED);
    kubeconfig(
        &folder,
        &format!("server: \"{HERE}/\", certificate-authority: ca.crt"),
    );
    let config = read(&folder).unwrap();
    let user = config.clusters[0].fallback.as_ref().unwrap();
    assert!(matches!(user, KubeconfigUser::Token(_)), "{user:?}");
}

#[test]
fn a_credential_for_another_server_is_refused_and_never_quoted() {
    let folder = with(NAMED);
    let key = KeyPair::generate().unwrap();
    let other = CertificateParams::default().self_signed(&key).unwrap();
    fs::write(folder.path().join("good/other.crt"), other.pem()).unwrap();
    let rows = [
        (
            "server: \"https://10.0.0.2:6443\", certificate-authority: ca.crt".to_owned(),
            "is for https://10.0.0.2:6443, and this cluster is at https://10.0.0.1:6443;",
        ),
        (
            format!("server: \"{HERE}\", certificate-authority: other.crt"),
            "trusts another authority than this cluster's ca;",
        ),
        (
            format!("server: \"{HERE}\", certificate-authority: ca.crt, tls-server-name: b.test"),
            "asks for a certificate of another name than this cluster's;",
        ),
    ];
    for (cluster, words) in rows {
        kubeconfig(&folder, &cluster);
        let said = read(&folder).unwrap_err().to_string();
        let line = "good/crashcart.toml line 18: ";
        assert!(said.contains(line) && said.contains(words), "{said}");
        assert!(
            said.contains("context \"sth\"") && !said.contains("canary"),
            "{said}"
        );
    }
}

#[test]
fn a_token_file_stays_a_file_that_each_connection_reads() {
    let folder = with("{ token_file = \"reader.token\" }");
    let config = read(&folder).unwrap();
    let Some(KubeconfigUser::TokenFile(file)) = &config.clusters[0].fallback else {
        unreachable!("{:?}", config.clusters[0].fallback);
    };
    fs::write(folder.path().join("good/reader.token"), "the-next\n").unwrap();
    assert_eq!(file.read().unwrap().expose(), "the-next");
    fs::write(folder.path().join("good/reader.token"), "\n").unwrap();
    let said = read(&folder).unwrap_err().to_string();
    assert!(said.contains("holds no token"), "{said}");
}
