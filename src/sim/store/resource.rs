//! One kind of object: how it is named, where it lives and how it behaves.

/// What an ordinary resource can be asked for.
const EVERY_VERB: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// One kind of object: how it is named, where it lives and how it behaves.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a plain fact of a table, none excludes another"
)]
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The one served version.
    pub version: &'static str,
    /// The name in paths and RBAC rules (`pods`).
    pub plural: &'static str,
    /// The name of one (`pod`).
    pub singular: &'static str,
    /// The kind in objects (`Pod`).
    pub kind: &'static str,
    /// Short names kubectl accepts.
    pub short: &'static [&'static str],
    /// True when objects live in a namespace.
    pub namespaced: bool,
    /// True when status is written through `/status` only.
    pub status_subresource: bool,
    /// True when the server counts `metadata.generation`.
    pub generation: bool,
    /// True when it is defined by a `CustomResourceDefinition`.
    pub custom: bool,
    /// Member of kubectl's `all`.
    pub in_all: bool,
    /// The verbs discovery tells of.
    pub verbs: &'static [&'static str],
}

impl Resource {
    /// `v1` or `apps/v1`, as objects carry it.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `deployments.apps`, as messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    pub(super) const fn core(
        plural: &'static str,
        singular: &'static str,
        kind: &'static str,
        short: &'static [&'static str],
    ) -> Resource {
        Resource {
            group: "",
            version: "v1",
            plural,
            singular,
            kind,
            short,
            namespaced: true,
            status_subresource: false,
            generation: false,
            custom: false,
            in_all: false,
            verbs: EVERY_VERB,
        }
    }

    pub(super) const fn of(mut self, group: &'static str) -> Resource {
        self.group = group;
        self
    }

    pub(super) const fn cluster_wide(mut self) -> Resource {
        self.namespaced = false;
        self
    }

    pub(super) const fn with_status(mut self) -> Resource {
        self.status_subresource = true;
        self
    }

    pub(super) const fn counted(mut self) -> Resource {
        self.generation = true;
        self
    }

    pub(super) const fn custom(mut self, group: &'static str) -> Resource {
        self.group = group;
        self.generation = true;
        self.custom = true;
        self
    }

    /// Not deleted as a collection.
    pub(super) const fn one_by_one(mut self) -> Resource {
        self.verbs = &[
            "create", "delete", "get", "list", "patch", "update", "watch",
        ];
        self
    }

    pub(super) const fn in_all(mut self) -> Resource {
        self.in_all = true;
        self
    }
}
