//! The footer: keys in their role, words after them, the way out last.

use super::row::Row;
use crate::text::width;
use crate::view::role::Role;

/// The footer in so many columns; what does not fit goes before the way out, from its end.
pub fn footer(keys: &[(String, String)], columns: usize) -> Row {
    let mut keys = keys.to_vec();
    if columns < 80 {
        while keys.len() > 5 {
            keys.remove(keys.len() - 2);
        }
    }
    while keys.len() > 1 && length(&keys) > columns {
        keys.remove(keys.len() - 2);
    }
    let mut row = Row::new();
    for (index, (key, words)) in keys.into_iter().enumerate() {
        row = if index == 0 {
            row.put(1, Role::Key, key)
        } else {
            row.then(2, Role::Key, key)
        };
        row = row.then(1, Role::Text, words);
    }
    row
}

fn length(keys: &[(String, String)]) -> usize {
    keys.iter()
        .map(|(key, words)| width(key) + width(words) + 3)
        .sum::<usize>()
        .saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::footer;

    #[test]
    fn the_way_out_is_the_last_to_go() {
        let keys: Vec<(String, String)> = [
            ("Enter", "open"),
            ("r", "runbooks"),
            ("?", "help"),
            ("q", "quit"),
        ]
        .map(|(key, words)| (key.to_owned(), words.to_owned()))
        .to_vec();
        assert_eq!(
            footer(&keys, 80).plain(80),
            " Enter open  r runbooks  ? help  q quit"
        );
        assert_eq!(footer(&keys, 20).plain(20), " Enter open  q quit");
    }
}
