//! Stock kubectl at both servers: what a person reads there is the same text.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::play;
use crate::servers::Bed;
use crate::servers::Bench;
use crate::story::Story;

/// What is typed, in the namespace that the story `tables` fills.
const TYPED: &[&str] = &[
    "get pods",
    "get pods -o wide",
    "get pods -o name",
    "get pod web-3 -o jsonpath={.status.reason}",
    "get pod nothing",
    "get deployments,statefulsets,replicasets,daemonsets",
    "get deploy -o wide",
    "get daemonsets -o wide",
    "get jobs",
    "get cronjobs -o wide",
    "get services,configmaps,secrets,serviceaccounts",
    "get services -o wide",
    "get pvc -o wide",
    "get pv contract-volume",
    "get resourcequotas,leases,roles,rolebindings",
    "get rolebindings -o wide",
    "get events",
    "get namespace tables --show-labels",
    "get node contract-node -o wide",
    "get backups,restores,schedules,backupstoragelocations",
    "get podvolumebackups,downloadrequests",
    "get kustomizations,gitrepositories",
    "get crd backups.velero.io -o name",
    "get nonsense",
    "auth can-i delete pods",
    "auth whoami",
    "rollout status deployment/web --timeout=1s",
    "label pod web-3 tier=front",
    "get pods -l tier=front",
    "annotate deployment web note=x --overwrite",
    "scale deployment web --replicas=2",
    "patch kustomization o --type=merge -p {\"spec\":{\"suspend\":true}}",
    "delete pod web-3 --grace-period=0 --force --wait=false",
    "delete backup o --wait=false",
    "delete backup o --wait=false",
];

/// Where kubectl says something else; empty when it never does.
pub(crate) async fn differences(bed: &Bed, stories: &[Story]) -> Vec<String> {
    let bench = Bench::start().await;
    let tables = stories.iter().find(|story| story.name == "tables").unwrap();
    play::story(&bench.server(), tables).await;
    let home = tempfile::tempdir().unwrap();
    let simulated = home.path().join("simulated.kubeconfig");
    let alice = bench.estate.people().find("alice").unwrap();
    std::fs::write(&simulated, bench.estate.kubeconfig(alice)).unwrap();
    let real = home.path().join("real.kubeconfig");
    std::fs::write(&real, bed.kubeconfig()).unwrap();
    let said = |config: &Path, typed: &str| says(bed.tool(), config, home.path(), typed);
    let mut other = Vec::new();
    for typed in TYPED {
        let (one, two) = (said(&real, typed), said(&simulated, typed));
        if one != two {
            other.push(format!(
                "kubectl {typed}\n  real:\n{one}\n  simulated:\n{two}"
            ));
        }
    }
    other
}

/// What kubectl prints, word by word; ages and instants are any.
fn says(kubectl: PathBuf, config: &Path, home: &Path, typed: &str) -> String {
    let cache = home.join(config.file_stem().unwrap());
    let output = Command::new(kubectl)
        .arg(format!("--kubeconfig={}", config.display()))
        .arg(format!("--cache-dir={}", cache.display()))
        .args(["--namespace", "tables", "--request-timeout=10s"])
        .args(typed.split(' '))
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    let lines: Vec<String> = String::from_utf8_lossy(&all)
        .lines()
        .map(|line| {
            line.split_whitespace()
                .map(plain)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    lines.join("\n")
}

fn plain(word: &str) -> &str {
    let units = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"smhdy".contains(&byte));
    let age = units
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.ends_with(['s', 'm', 'h', 'd', 'y']);
    let instant = word.len() == 20 && word.ends_with('Z') && word.contains('T');
    if age || instant {
        "AGE"
    } else if word.starts_with("10.9") {
        "ADDRESS"
    } else {
        word
    }
}
