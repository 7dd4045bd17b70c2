//! What were we told? The estate, its clusters, zones, identities and the policy.
