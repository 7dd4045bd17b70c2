//! How does it run? The loop, the effects, the terminal and the clock.
