//! What is true now? The state, the events that change it, the effects it asks for.
