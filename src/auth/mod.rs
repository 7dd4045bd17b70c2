//! Who is acting? Identities, sessions and sign-in.
