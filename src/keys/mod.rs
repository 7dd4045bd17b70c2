//! What was pressed? Key syntax and the one table that keys, footer, help and palette come from.
