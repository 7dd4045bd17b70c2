//! What is seen? Screens drawn from the state, in roles, never in colours.
