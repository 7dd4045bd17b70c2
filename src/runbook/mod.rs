//! What should we do? Runbooks, plans and runs.
