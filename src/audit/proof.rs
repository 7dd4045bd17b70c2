//! Proofs about the tree: that one leaf is in it, and that an older tree is its beginning.
//!
//! Both are lists of hashes, made as section 2.1 of RFC 6962 says and checked as section 2.1 of RFC 9162 says; a
//! checker needs neither the log nor us.

use crate::audit::leaf::Leaf;
use crate::audit::tree;
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

/// Gives the hashes that show that the first `old` leaves of a tree of `size` are the older tree.
///
/// # Errors
/// Whatever `nodes` cannot give. Trees of equal size, and an empty old one, need no hashes.
pub(super) fn consistency<N: Nodes>(nodes: &N, old: u64, size: u64) -> Result<Vec<Leaf>, N::Error> {
    let mut path = Vec::new();
    if old == 0 || old >= size {
        return Ok(path);
    }
    let (mut from, mut to) = (0, size);
    // While the old tree ends at the end of what is looked at, its root is known to the checker only at the very left.
    while old != to {
        let split = from + half(to - from);
        if old <= split {
            path.push(nodes.range(split, to)?);
            to = split;
        } else {
            path.push(nodes.range(from, split)?);
            from = split;
        }
    }
    if from != 0 {
        path.push(nodes.range(from, to)?);
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

/// Tells whether a path shows that the tree of `old` leaves is the beginning of the one of `size`.
pub(super) fn extends(
    (old, old_root): (u64, Leaf),
    (size, root): (u64, Leaf),
    path: &[Leaf],
) -> bool {
    if old > size {
        return false;
    }
    if old == size {
        return path.is_empty() && old_root == root;
    }
    if old == 0 {
        return path.is_empty() && old_root == tree::empty();
    }
    // A whole power of two is a node of the new tree itself, and the path leaves it out.
    let mut steps = path.iter().copied();
    let first = if old.is_power_of_two() {
        old_root
    } else {
        match steps.next() {
            Some(first) => first,
            None => return false,
        }
    };
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (size - 1) >> shift);
    let (mut was, mut is) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            was = parent(step, was);
            is = parent(step, is);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = parent(is, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == old_root && is == root
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
        for size in 1..=40u64 {
            let root = plain_root(&all[..size as usize]);
            for index in 0..size {
                let leaf = all[index as usize];
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

    #[test]
    fn every_older_tree_is_proved_to_be_a_beginning_and_no_other() {
        let all = leaves(40);
        let nodes = Plain(all.clone());
        let root = |size: u64| plain_root(&all[..size as usize]);
        for size in 0..=40u64 {
            for old in 0..=size {
                let path = consistency(&nodes, old, size).unwrap();
                assert!(
                    extends((old, root(old)), (size, root(size)), &path),
                    "{old} in {size}"
                );
                let forged = Leaf::of(b"forged");
                assert!(!extends((old, forged), (size, root(size)), &path));
                if old != 0 {
                    assert!(!extends((old, root(old)), (size, forged), &path));
                }
                assert!(!extends((size + 1, root(old)), (size, root(size)), &path));
                let mut longer = path.clone();
                longer.push(forged);
                assert!(!extends((old, root(old)), (size, root(size)), &longer));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!extends((old, root(old)), (size, root(size)), shorter));
                }
                for at in 0..path.len() {
                    let mut other = path.clone();
                    other[at] = forged;
                    assert!(!extends((old, root(old)), (size, root(size)), &other));
                }
            }
        }
    }

    #[test]
    fn a_tree_that_was_written_anew_is_no_continuation() {
        let all = leaves(40);
        let mut other = all.clone();
        other[11] = Leaf::of(b"rewritten");
        let nodes = Plain(other.clone());
        for size in 20..=40u64 {
            let path = consistency(&nodes, 20, size).unwrap();
            let root = plain_root(&other[..size as usize]);
            assert!(!extends((20, plain_root(&all[..20])), (size, root), &path));
        }
    }
}
