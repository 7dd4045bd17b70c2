//! What a piece of the screen is, never how it looks: a theme says that.

/// What a piece of the screen is. Every theme gives each of them a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// All else.
    Text,
    /// Times and past entries.
    Dim,
    /// A first sentence.
    Title,
    /// A rule without the focus.
    Border,
    /// The rule that has the focus.
    Focus,
    /// The marked row, worn over what the row wears.
    Selection,
    /// Keys and ids.
    Key,
    /// What cannot be done now.
    Off,
    /// A field that is typed in.
    Input,
    /// A field whose value will not do.
    InputBad,
    /// What stands for a secret.
    Secret,
    /// What will be sent, byte for byte.
    Wire,
    /// Digests and fingerprints.
    Digest,
    /// The sign-in picture: black on white, both set.
    Qr,
    /// Line 2 and the log's word when the log cannot be written.
    Alarm,
    /// The one sentence in the last body line.
    Message,
    /// Level OK.
    Ok,
    /// Level WARN.
    Warn,
    /// Level CRIT.
    Crit,
    /// Level `?`.
    Unknown,
    /// Level `-`.
    None,
    /// Late ages and values.
    Late,
    /// History: values of a source that fell silent.
    Stale,
    /// Mode READ.
    ModeRead,
    /// Mode RUN.
    ModeRun,
    /// Mode DRILL.
    ModeDrill,
    /// Mode BREAK-GLASS.
    ModeGlass,
    /// A step that is done.
    StepDone,
    /// The step whose turn it is.
    StepNow,
    /// A step to come.
    StepNext,
    /// A step that failed.
    StepFailed,
    /// A step left out.
    StepSkipped,
    /// A step whose answer nobody saw.
    StepIndoubt,
    /// A step taken back.
    StepUndone,
    /// A line that is added.
    DiffAdd,
    /// A line that goes.
    DiffDel,
    /// A line that stays.
    DiffSame,
    /// An address.
    Link,
}

/// Every role with its name in a theme file and its letter in the role maps of the tests.
const ROLES: [(Role, &str, char); Role::COUNT] = [
    (Role::Text, "text", 't'),
    (Role::Dim, "dim", 'd'),
    (Role::Title, "title", 'T'),
    (Role::Border, "border", 'b'),
    (Role::Focus, "focus", 'f'),
    (Role::Selection, "selection", 'S'),
    (Role::Key, "key", 'k'),
    (Role::Off, "off", 'o'),
    (Role::Input, "input", 'i'),
    (Role::InputBad, "input.bad", 'I'),
    (Role::Secret, "secret", 's'),
    (Role::Wire, "wire", 'w'),
    (Role::Digest, "digest", 'D'),
    (Role::Qr, "qr", 'q'),
    (Role::Alarm, "alarm", 'A'),
    (Role::Message, "message", 'm'),
    (Role::Ok, "ok", 'O'),
    (Role::Warn, "warn", 'W'),
    (Role::Crit, "crit", 'C'),
    (Role::Unknown, "unknown", 'U'),
    (Role::None, "none", 'N'),
    (Role::Late, "late", 'l'),
    (Role::Stale, "stale", 'x'),
    (Role::ModeRead, "mode.read", 'r'),
    (Role::ModeRun, "mode.run", 'R'),
    (Role::ModeDrill, "mode.drill", 'L'),
    (Role::ModeGlass, "mode.glass", 'G'),
    (Role::StepDone, "step.done", '1'),
    (Role::StepNow, "step.now", '2'),
    (Role::StepNext, "step.next", '3'),
    (Role::StepFailed, "step.failed", '4'),
    (Role::StepSkipped, "step.skipped", '5'),
    (Role::StepIndoubt, "step.indoubt", '6'),
    (Role::StepUndone, "step.undone", '7'),
    (Role::DiffAdd, "diff.add", '+'),
    (Role::DiffDel, "diff.del", '-'),
    (Role::DiffSame, "diff.same", '='),
    (Role::Link, "link", 'u'),
];

impl Role {
    /// How many roles there are.
    pub const COUNT: usize = 38;

    /// Every role, in the order of the table of roles.
    pub fn all() -> impl Iterator<Item = Role> {
        ROLES.iter().map(|(role, _, _)| *role)
    }

    /// Its place in the table of roles, from 0.
    pub fn place(self) -> usize {
        self as usize
    }

    /// Its name in a theme file, `step.indoubt`.
    pub fn name(self) -> &'static str {
        ROLES[self.place()].1
    }

    /// Its letter in a role map.
    pub fn letter(self) -> char {
        ROLES[self.place()].2
    }

    /// The role of that name, where there is one.
    pub fn named(name: &str) -> Option<Role> {
        ROLES.iter().find(|role| role.1 == name).map(|role| role.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ROLES, Role};
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_no_letter_is_used_twice() {
        for (place, (role, name, _)) in ROLES.iter().enumerate() {
            assert_eq!(role.place(), place, "{name}");
            assert_eq!(Role::named(name), Some(*role));
        }
        let letters: BTreeSet<char> = Role::all().map(Role::letter).collect();
        assert_eq!(letters.len(), Role::COUNT);
    }
}
