//! The proof that one leaf is in the tree.
//!
//! A list of hashes, made as section 2.1.1 of RFC 6962 says and checked as section 2.1.3.2 of RFC 9162 says; a checker
//! needs neither the log nor us.

use crate::audit::leaf::Leaf;
use crate::audit::tree::Nodes;
use crate::audit::tree::parent;

/// Gives the hashes that lead from leaf `index` (from 0) to the root of the first `size` leaves.
///
/// # Errors
/// Whatever `nodes` cannot give. An index that is not below the size has no proof: it is an empty list.
pub(super) fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Leaf>, N::Error> {
    let mut path = Vec::new();
    if index >= size {
        return Ok(path);
    }
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let split = from + half(to - from);
        if index < split {
            path.push(nodes.range(split, to)?);
            to = split;
        } else {
            path.push(nodes.range(from, split)?);
            from = split;
        }
    }
    path.reverse();
    Ok(path)
}

/// Tells whether a path leads from leaf `index` to the root of a tree of `size` leaves.
pub(super) fn includes(leaf: Leaf, index: u64, size: u64, path: &[Leaf], root: Leaf) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = parent(*step, hash);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = parent(hash, *step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// The largest power of two below a number that is at least 2.
fn half(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::tests::Plain;
    use crate::audit::tree::tests::leaves;
    use crate::audit::tree::tests::plain_root;

    #[test]
    fn every_leaf_of_every_small_tree_is_proved_and_no_other() {
        let all = leaves(40);
        let nodes = Plain(all.clone());
        for (size, part) in (1..).zip((1..=40).map(|size| &all[..size])) {
            let root = plain_root(part);
            for (index, leaf) in (0..).zip(part.iter().copied()) {
                let path = inclusion(&nodes, index, size).unwrap();
                assert!(includes(leaf, index, size, &path, root));
                assert!(!includes(Leaf::of(b"another"), index, size, &path, root));
                assert!(!includes(leaf, index, size, &path, Leaf::of(b"root")));
                assert!(!includes(leaf, size, size, &path, root));
                if index + 1 < size {
                    assert!(!includes(leaf, index + 1, size, &path, root));
                }
                let mut longer = path.clone();
                longer.push(root);
                assert!(!includes(leaf, index, size, &longer, root));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!includes(leaf, index, size, shorter, root));
                }
            }
        }
    }
}
