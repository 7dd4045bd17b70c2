//! The grammar of every screen: rows of pieces at columns, panes under rules, header and footer.
//!
//! A widget knows roles and columns, never what an estate is; `screens/` fills them.

pub mod footer;
pub mod header;
pub mod pane;
pub mod row;
pub mod stack;
