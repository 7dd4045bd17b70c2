//! Configuration, kubeconfig and runbook files that will not do: file, line and what to do, before any network.

use std::path::Path;
use std::process::Command;

use crate::bench;

/// `status` on a configuration of the bad ones, with a state folder of its own.
fn status(home: &Path, config: &Path) -> Command {
    let mut command = bench::program(home);
    command
        .args(["status", "--wait", "2s", "--config"])
        .arg(config);
    command.arg("--state").arg(home.join("state"));
    command
}

#[test]
fn every_bad_configuration_is_refused_with_file_and_line_in_one_sentence() {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    let mut seen = 0;
    for entry in std::fs::read_dir(&bad).expect("the bad ones").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let home = tempfile::tempdir().expect("a folder");
        let said = bench::said(&mut status(home.path(), &path));
        let words = std::fs::read_to_string(path.with_extension("toml.words")).expect("its words");
        let words = words.trim().replace("DIR", &bad.display().to_string());
        said.one_sentence(69, &["crashcart: ", &path.display().to_string(), &words]);
        assert!(
            !home.path().join("state").exists(),
            "nothing is kept: {said:?}"
        );
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_program_named_in_a_kubeconfig_is_never_started() {
    let home = tempfile::tempdir().expect("a folder");
    let marker = home.path().join("it-ran");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/ca.crt");
    std::fs::copy(good, home.path().join("ca.crt")).expect("copied");
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: k\n  cluster:\n    server: https://127.0.0.1:9\n    certificate-authority: ca.crt\ncontexts:\n- name: c\n  context: {{cluster: k, user: u}}\nusers:\n- name: u\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: /usr/bin/touch\n      args: [\"{}\"]\n      interactiveMode: Never\n",
        marker.display()
    );
    std::fs::write(home.path().join("kubeconfig"), kubeconfig).expect("written");
    let config = home.path().join("crashcart.toml");
    std::fs::write(&config, with_kubeconfig("kubeconfig")).expect("written");
    let said = bench::said(&mut status(home.path(), &config));
    said.one_sentence(
        69,
        &[
            "crashcart.toml line 10",
            "kubeconfig",
            "it runs a program, and crashcart starts none",
        ],
    );

    let said = bench::said(
        bench::program(home.path())
            .arg("init")
            .arg("--kubeconfig")
            .arg(home.path().join("kubeconfig"))
            .arg("--config")
            .arg(home.path().join("made.toml")),
    );
    assert_ne!(said.code, 64, "{said:?}");
    assert!(
        !marker.exists(),
        "the program of the kubeconfig was started"
    );
}

#[test]
fn at_id_02_no_program_of_any_kubeconfig_is_started_and_the_field_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/kubeconfigs");
    let marker = home.path().join("it-ran");
    // A plugin on the search path, one beside the file, and the program of the gcp provider under its own name.
    let script = format!("#!/bin/sh\necho ran > {}\n", marker.display());
    let shadow = home.path().join("bin");
    let files = home.path().join("files");
    for (folder, name) in [(&shadow, "aws"), (&shadow, "touch"), (&files, "plugin")] {
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(folder.join(name), &script).expect("written");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.join(name), executable).expect("executable");
    }
    std::fs::copy(corpus.join("files/ca.crt"), files.join("ca.crt")).expect("copied");
    let mut seen = 0;
    for entry in std::fs::read_dir(&corpus).expect("the corpus").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let asks = name.starts_with("exec-") || name.starts_with("provider-");
        let takes = ["exec-null", "exec-beside-token", "provider-oidc.k"];
        if !asks || !name.ends_with(".kubeconfig") || takes.iter().any(|one| name.starts_with(one))
        {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(entry.path()).expect("a kubeconfig");
        let text = text.replace(
            "/usr/bin/touch",
            &shadow.join("touch").display().to_string(),
        );
        let path = home.path().join(&name);
        std::fs::write(&path, text).expect("written");
        let config = home.path().join("crashcart.toml");
        std::fs::write(&config, with_kubeconfig(&name)).expect("written");
        let field = name
            .split('-')
            .next()
            .expect("a field")
            .replace("provider", "auth-provider");
        let mut command = status(home.path(), &config);
        let said = bench::said(command.env("PATH", &shadow));
        said.one_sentence(69, &["crashcart.toml line 10", &name, &field]);
        let made = home.path().join("made.toml");
        let mut command = bench::program(home.path());
        command
            .arg("init")
            .arg("--kubeconfig")
            .arg(&path)
            .arg("--config")
            .arg(&made);
        let said = bench::said(command.env("PATH", &shadow));
        assert!(said.out.contains(&field) && !made.exists(), "{said:?}");
        assert!(!marker.exists(), "{name} started a program");
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn an_x509_v1_client_certificate_is_refused_by_name() {
    let home = tempfile::tempdir().expect("a folder");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config");
    std::fs::copy(tests.join("good/ca.crt"), home.path().join("ca.crt")).expect("copied");
    let text = std::fs::read_to_string(tests.join("kubeconfigs/x509-v1.kubeconfig"))
        .expect("a kubeconfig");
    let text = text.replace("files/ca.crt", "ca.crt");
    std::fs::write(home.path().join("v1.kubeconfig"), text).expect("written");
    let config = home.path().join("crashcart.toml");
    std::fs::write(&config, with_kubeconfig("v1.kubeconfig")).expect("written");
    let said = bench::said(&mut status(home.path(), &config));
    said.one_sentence(69, &["crashcart.toml line 10", "v1.kubeconfig", "X.509 v1"]);
}

/// A whole configuration of one cluster that is reached by a kubeconfig; the kubeconfig stands in line 10.
fn with_kubeconfig(name: &str) -> String {
    format!(
        "[estate]\nname = \"meridian-health\"\nid = \"0197c1f2-7a52-7f0e-9a36-0d6c4a9f6b11\"\n\n[[cluster]]\nname = \"sth-prod\"\nsite = \"on-prem\"\nserver = \"https://127.0.0.1:9\"\nca = \"ca.crt\"\nkubeconfig = {{ path = \"{name}\" }}\n\n[[zone]]\nname = \"clinical\"\ncriticality = \"critical\"\nmembers = [{{ cluster = \"sth-prod\", namespaces = [\"ehr\"] }}]\n"
    )
}

#[test]
fn a_runbook_with_a_bad_step_is_named_with_its_line() {
    let home = tempfile::tempdir().expect("a folder");
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runbooks/bad");
    for name in ["step-unknown-kind", "step-no-undo", "yaml-invalid"] {
        let path = bad.join(format!("{name}.md"));
        let said = bench::said(
            bench::program(home.path())
                .args(["runbook", "lint"])
                .arg(&path),
        );
        let words = std::fs::read_to_string(path.with_extension("txt")).expect("its words");
        assert_ne!(said.code, 0, "{said:?}");
        assert!(said.out.contains(&path.display().to_string()), "{said:?}");
        let words = words.trim();
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    let said = bench::said(bench::program(home.path()).args(["runbook", "lint", "none.md"]));
    said.one_sentence(69, &["none.md", "cannot be read"]);
}

#[test]
fn a_policy_for_simulated_estates_is_refused_beside_a_live_one() {
    let home = tempfile::tempdir().expect("a folder");
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good");
    for entry in std::fs::read_dir(&good).expect("the good one").flatten() {
        std::fs::copy(entry.path(), home.path().join(entry.file_name())).expect("a copy");
    }
    let policy = home.path().join("policy.toml");
    std::fs::write(&policy, "simulated_only = true\n").expect("a policy");
    let config = home.path().join("crashcart.toml");
    let said = bench::said(&mut status(home.path(), &config));
    let path = policy.display().to_string();
    said.one_sentence(69, &[&path, "good for simulated estates only", "remove it"]);
}
