//! What this process holds stays in it: no core file, and no other process of the same user may look inside.

use rustix::process::DumpableBehavior;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::set_dumpable_behavior;
use rustix::process::setrlimit;

/// Forbids core files and looking into this process, for it and what it might start (prctl(2) `PR_SET_DUMPABLE`,
/// setrlimit(2) `RLIMIT_CORE`). Called before anything secret is read.
///
/// # Errors
/// When the system refuses; then the sentence says which of the two.
pub fn keep_to_ourselves() -> Result<(), String> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|error| {
        format!("core files cannot be switched off ({error}), and one could hold a token")
    })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| {
        format!("this process cannot be closed to others of this user ({error}), and they could read a token")
    })
}

#[cfg(test)]
mod tests {
    use super::keep_to_ourselves;
    use rustix::process::DumpableBehavior;
    use rustix::process::Resource;
    use rustix::process::dumpable_behavior;
    use rustix::process::getrlimit;

    #[test]
    fn at_id_04_neither_a_core_file_nor_a_neighbour_gets_at_it() {
        keep_to_ourselves().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        // What we read about ourselves can still be read.
        assert!(
            std::fs::read_to_string("/proc/self/loginuid").is_ok()
                || !std::path::Path::new("/proc/self/loginuid").exists()
        );
    }
}
