//! The end of the log, beside what the head says of it.

use crate::audit::chain::Fault;
use crate::audit::head::Head;
use crate::audit::head::Seen;
use crate::audit::verify::Walk;
use crate::text::count;

impl Walk {
    /// Compares the end of the log with the head.
    pub(super) fn judge(&mut self, said: &Seen) {
        let end = self.chain.clone();
        let head = match said {
            Seen::Read(head) => head,
            Seen::Half(head) => {
                self.note("one of the two places of the file head cannot be read, as a power loss leaves it; the next append writes it anew".to_owned());
                head
            }
            Seen::Missing if end.seq == 0 => return self.unprovable.push("there is no log here; name its folder".to_owned()),
            Seen::Missing if end.seq == 1 => return self.note_behind(1, 1),
            Seen::Missing => return self.unprovable.push("the file head is missing; the chain alone cannot show that nothing was cut off its end".to_owned()),
            Seen::Garbled => return self.unprovable.push("the file head cannot be read; the chain alone cannot show that nothing was cut off its end".to_owned()),
        };
        match head {
            Head { size, .. } if *size > end.seq => self.found(Fault {
                seq: end.seq + 1,
                what: "is missing".to_owned(),
            }),
            Head { size, .. } if *size == end.seq => {
                let last = self.last_segment == (head.segment, head.bytes);
                let leaf = end.leaf.is_none_or(|last| last == head.leaf);
                if !last || !leaf {
                    self.found(Fault {
                        seq: end.seq,
                        what: "differs (head)".to_owned(),
                    });
                } else if head.root.is_some_and(|root| root != self.edge.root()) {
                    self.found(Fault {
                        seq: 1,
                        what: "or one after it differs (tree)".to_owned(),
                    });
                }
            }
            Head { size, .. } if self.agrees(head) => self.note_behind(size + 1, end.seq),
            Head { size, .. } => self.found(Fault {
                seq: size + 1,
                what: "is not known to the file head".to_owned(),
            }),
        }
    }

    /// Tells whether entry and tree stood as the head says, where it says so.
    fn agrees(&self, head: &Head) -> bool {
        self.at_head.is_some_and(|(leaf, root)| {
            leaf == head.leaf && head.root.is_none_or(|said| said == root)
        })
    }

    /// Notes that a crash came between entries and their head.
    fn note_behind(&mut self, from: u64, to: u64) {
        let which = if from == to {
            format!("entry {} is", count(to))
        } else {
            format!("entries {} to {} are", count(from), count(to))
        };
        self.note(format!("{which} newer than the file head, as a crash right after the writing leaves it; the next start mends the head"));
    }
}
