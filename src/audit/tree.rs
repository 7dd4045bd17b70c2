//! The Merkle tree of RFC 6962 over the leaves of the log: its right edge, its root, and any part of it.
//!
//! A tree of n leaves is kept as the roots of its perfect subtrees, largest first: at most 64 hashes, enough to add a
//! leaf and to give the root. What proofs need besides are the roots of perfect subtrees anywhere in it; [`Nodes`]
//! gives them, from hashes that were stored for every 256th, 65 536th .. leaf.

use sha2::Digest as _;
use sha2::Sha256;

use crate::audit::leaf::Leaf;

/// How many levels of the tree lie between two that are stored: each stored hash stands for 256 of the level below.
pub(super) const STRIDE: u32 = 8;

/// Hashes two children into their parent: SHA-256 over a one byte and both (RFC 6962, section 2.1).
pub(super) fn parent(left: Leaf, right: Leaf) -> Leaf {
    let mut hash = Sha256::new();
    hash.update([1u8]);
    hash.update(left.as_bytes());
    hash.update(right.as_bytes());
    Leaf::from_bytes(hash.finalize().into())
}

/// The root of a tree without leaves: SHA-256 over nothing.
pub(super) fn empty() -> Leaf {
    Leaf::from_bytes(Sha256::digest([]).into())
}

/// One hash to be stored: the root of the `index`-th 256^level leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) level: u32,
    pub(super) index: u64,
    pub(super) hash: Leaf,
}

/// The right edge of a growing tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    size: u64,
    /// The roots of the perfect subtrees, one for each bit of the size that is set, the largest first.
    peaks: Vec<Leaf>,
}

impl Edge {
    /// Gives how many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `completed` is told each subtree of 1, 256, 65 536 .. leaves that this made whole, by its stored level (0, 1, 2 ..).
    pub(super) fn push(&mut self, leaf: Leaf, mut completed: impl FnMut(u32, Leaf)) {
        let mut top = leaf;
        completed(0, top);
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = parent(left, top);
            }
            if height % STRIDE == 0 {
                completed(height / STRIDE, top);
            }
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// Adds a leaf, and adds what is to be stored of it to a list.
    pub(super) fn push_stored(&mut self, leaf: Leaf, stored: &mut Vec<Stored>) {
        let at = self.size;
        self.push(leaf, |level, hash| {
            let index = at >> (level * STRIDE);
            stored.push(Stored { level, index, hash });
        });
    }

    /// Gives the root over all leaves.
    pub(super) fn root(&self) -> Leaf {
        let mut peaks = self.peaks.iter().rev().copied();
        let last = peaks.next().unwrap_or_else(empty);
        peaks.fold(last, |right, left| parent(left, right))
    }

    /// Takes up a tree of a known size from the roots of its perfect subtrees.
    ///
    /// # Errors
    /// Whatever `nodes` cannot give.
    pub(super) fn of<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let peaks = Perfect::of(0, size)
            .map(|part| nodes.node(part.height, part.index))
            .collect::<Result<_, _>>()?;
        Ok(Self { size, peaks })
    }
}

/// Where the roots of perfect subtrees are kept.
pub(super) trait Nodes {
    /// Why one cannot be given.
    type Error;

    /// Gives the root of the subtree over the leaves `index * 2^height` to `(index + 1) * 2^height`.
    fn node(&self, height: u32, index: u64) -> Result<Leaf, Self::Error>;

    /// Gives the root over the leaves from `from` up to, not including, `to`; `from` begins a subtree at least that large, as in every proof.
    fn range(&self, from: u64, to: u64) -> Result<Leaf, Self::Error> {
        let mut parts = Vec::new();
        for part in Perfect::of(from, to) {
            parts.push(self.node(part.height, part.index)?);
        }
        let mut parts = parts.into_iter().rev();
        let last = parts.next().unwrap_or_else(empty);
        Ok(parts.fold(last, |right, left| parent(left, right)))
    }
}

/// One perfect subtree: 2^height leaves, the index-th of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subtree {
    height: u32,
    index: u64,
}

/// The perfect subtrees that make up a range, from left to right.
struct Perfect {
    from: u64,
    to: u64,
}

impl Perfect {
    fn of(from: u64, to: u64) -> Self {
        Self { from, to }
    }
}

impl Iterator for Perfect {
    type Item = Subtree;

    fn next(&mut self) -> Option<Subtree> {
        let left = self.to.checked_sub(self.from).filter(|left| *left > 0)?;
        let height = left.ilog2();
        let index = self.from >> height;
        self.from += 1 << height;
        Some(Subtree { height, index })
    }
}

/// Folds a full row of hashes (a power of two of them) into their common root.
pub(super) fn fold(mut row: Vec<Leaf>) -> Leaf {
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|pair| match *pair {
                [left, right] => parent(left, right),
                [single] => single,
                _ => empty(),
            })
            .collect();
    }
    row.first().copied().unwrap_or_else(empty)
}

#[cfg(test)]
pub(super) mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Leaves in memory, and every subtree hashed anew: slow, and too simple to be wrong.
    pub(in crate::audit) struct Plain(pub(in crate::audit) Vec<Leaf>);

    impl Nodes for Plain {
        type Error = Infallible;

        fn node(&self, height: u32, index: u64) -> Result<Leaf, Infallible> {
            let width = 1usize << height;
            let from = usize::try_from(index).unwrap() * width;
            Ok(plain_root(&self.0[from..from + width]))
        }
    }

    /// The root as section 2.1 of RFC 6962 defines it, word for word.
    pub(in crate::audit) fn plain_root(leaves: &[Leaf]) -> Leaf {
        match leaves {
            [] => empty(),
            [leaf] => *leaf,
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                parent(plain_root(&leaves[..half]), plain_root(&leaves[half..]))
            }
        }
    }

    pub(in crate::audit) fn leaves(n: u64) -> Vec<Leaf> {
        (0..n).map(|i| Leaf::of(&i.to_be_bytes())).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        // The eight inputs and roots that the reference implementations of RFC 6962 share.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut edge = Edge::default();
        assert_eq!(
            edge.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (input, root) in inputs.iter().zip(roots) {
            edge.push(Leaf::of(input), |_, _| {});
            assert_eq!(edge.root().to_string(), root);
        }
    }

    #[test]
    fn an_edge_gives_the_root_of_every_size_and_can_be_taken_up_at_any() {
        let all = leaves(600);
        let plain = Plain(all.clone());
        let mut edge = Edge::default();
        for (at, leaf) in all.iter().enumerate() {
            edge.push(*leaf, |_, _| {});
            assert_eq!(edge.root(), plain_root(&all[..=at]), "size {}", at + 1);
            assert_eq!(Edge::of(&plain, at as u64 + 1).unwrap(), edge);
        }
    }

    #[test]
    fn a_completed_subtree_is_told_once_with_its_level() {
        let all = leaves(65_536 + 300);
        let mut told = vec![Vec::new(); 4];
        let mut edge = Edge::default();
        for leaf in &all {
            edge.push(*leaf, |level, hash| told[level as usize].push(hash));
        }
        assert_eq!(told[0], all);
        assert_eq!(told[1].len(), 257);
        assert_eq!(told[1][256], plain_root(&all[65_536..65_792]));
        assert_eq!(told[2], [plain_root(&all[..65_536])]);
        assert!(told[3].is_empty());
        assert_eq!(fold(all[..256].to_vec()), told[1][0]);
    }
}
