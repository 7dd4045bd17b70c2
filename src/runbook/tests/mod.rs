//! Runs against a hand-made estate: walked to the end, cut after every entry, and pushed at random.

mod cut;
mod doubt;
mod drive;
mod estate;
mod golden;
mod journal;
mod property;
mod refuse;
mod server;
mod undo;
mod unseen;
