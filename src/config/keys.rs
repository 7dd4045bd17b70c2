//! Every key a configuration or policy file may hold, by section; the document and the parser
//! both follow this list.

/// A table of a file and the keys it may hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// How messages and the document name it, such as `[[cluster]]`.
    pub name: &'static str,
    /// The keys, in the order of the document.
    pub keys: &'static [&'static str],
}

/// The top of a configuration file.
pub const FILE: Section = Section {
    name: "crashcart.toml",
    keys: &["estate", "identity", "cluster", "zone"],
};
/// The estate.
pub const ESTATE: Section = Section {
    name: "[estate]",
    keys: &[
        "name",
        "id",
        "regimes",
        "outside",
        "token_store",
        "token_recipient",
        "shift",
        "idle",
        "policy_bundle",
    ],
};
/// One entry of the estate's `outside`.
pub const OUTSIDE: Section = Section {
    name: "outside",
    keys: &["cluster", "namespaces"],
};
/// An identity.
pub const IDENTITY: Section = Section {
    name: "[[identity]]",
    keys: &[
        "name",
        "issuer",
        "ca",
        "client_id",
        "flow",
        "loopback_on_shared_host",
        "groups_claim",
    ],
};
/// A cluster.
pub const CLUSTER: Section = Section {
    name: "[[cluster]]",
    keys: &[
        "name",
        "site",
        "server",
        "ca",
        "fingerprint",
        "auth",
        "kubeconfig",
        "oauth_ca",
        "eks",
        "fallback",
        "audience",
        "proxy",
        "tls_server_name",
        "copy_of",
    ],
};
/// How an EKS cluster is entered.
pub const EKS: Section = Section {
    name: "eks",
    keys: &["cluster", "region", "profile", "ca", "sts"],
};
/// What a cluster is read with while its issuer is down.
pub const FALLBACK: Section = Section {
    name: "fallback",
    keys: &["kubeconfig", "context", "token_file"],
};
/// Where a cluster's kubeconfig credential is.
pub const KUBECONFIG: Section = Section {
    name: "kubeconfig",
    keys: &["path", "context"],
};
/// A zone.
pub const ZONE: Section = Section {
    name: "[[zone]]",
    keys: &[
        "name",
        "criticality",
        "rpo",
        "rto",
        "people",
        "owners",
        "members",
        "application",
    ],
};
/// One owner of a zone.
pub const OWNER: Section = Section {
    name: "owners",
    keys: &["name", "phone"],
};
/// One member of a zone.
pub const MEMBER: Section = Section {
    name: "members",
    keys: &["cluster", "selector", "namespaces"],
};
/// An application of a zone.
pub const APPLICATION: Section = Section {
    name: "[[zone.application]]",
    keys: &["name", "criticality", "namespaces", "rpo", "rto"],
};
/// The top of a policy file.
pub const POLICY: Section = Section {
    name: "policy.toml",
    keys: &[
        "simulated_only",
        "serial",
        "not_after",
        "idle",
        "issuers",
        "token_stores",
        "person_claim",
        "signers",
        "ssh_keys",
        "witnesses",
        "drill_targets",
        "zone",
        "approver",
        "program",
    ],
};
/// A zone of a policy file.
pub const POLICY_ZONE: Section = Section {
    name: "policy [[zone]]",
    keys: &["name", "people", "members"],
};
/// Namespaces of a zone of a policy file.
pub const POLICY_MEMBER: Section = Section {
    name: "policy members",
    keys: &["cluster_uid", "namespaces"],
};
/// A group that may approve, in a policy file.
pub const POLICY_APPROVER: Section = Section {
    name: "policy [[approver]]",
    keys: &["group", "zones"],
};
/// A program that may be started for a credential, in a policy file.
pub const POLICY_PROGRAM: Section = Section {
    name: "policy [[program]]",
    keys: &["path", "sha256", "env"],
};
/// A key with which a person signs, in a policy file.
pub const POLICY_SSH_KEY: Section = Section {
    name: "policy ssh_keys",
    keys: &["person", "key"],
};
/// Where a drill may write, in a policy file.
pub const POLICY_DRILL: Section = Section {
    name: "policy drill_targets",
    keys: &["cluster_uid", "namespaces"],
};

/// All sections, in the order of the document.
pub const SECTIONS: &[&Section] = &[
    &FILE,
    &ESTATE,
    &OUTSIDE,
    &IDENTITY,
    &CLUSTER,
    &KUBECONFIG,
    &EKS,
    &FALLBACK,
    &ZONE,
    &OWNER,
    &MEMBER,
    &APPLICATION,
    &POLICY,
    &POLICY_ZONE,
    &POLICY_MEMBER,
    &POLICY_APPROVER,
    &POLICY_PROGRAM,
    &POLICY_SSH_KEY,
    &POLICY_DRILL,
];

/// The key of a section that an unknown one was most likely meant to be: at most two letters
/// added, left out or changed, and not more than half of it.
pub(super) fn nearest<'k>(unknown: &str, keys: &[&'k str]) -> Option<&'k str> {
    keys.iter()
        .map(|key| (distance(unknown, key), *key))
        .filter(|(far, key)| *far <= 2 && far * 2 <= key.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, key)| key)
}

/// How many letters must be added, left out or changed to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for letter in one.chars() {
        let mut left = row.first().map_or(1, |first| first + 1);
        let mut next = vec![left];
        for (pair, theirs) in row.windows(2).zip(&other) {
            let [corner, above] = pair else { continue };
            left = (corner + usize::from(letter != *theirs))
                .min(above + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::CLUSTER;
    use super::ZONE;
    use super::distance;
    use super::nearest;

    #[test]
    fn the_nearest_key_is_found_only_when_it_is_near() {
        assert_eq!(nearest("sever", CLUSTER.keys), Some("server"));
        assert_eq!(nearest("finger_print", CLUSTER.keys), Some("fingerprint"));
        assert_eq!(nearest("member", ZONE.keys), Some("members"));
        assert_eq!(nearest("rp0", ZONE.keys), Some("rpo"));
        assert_eq!(nearest("colour", ZONE.keys), None);
        assert_eq!(nearest("", ZONE.keys), None);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
