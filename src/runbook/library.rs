//! Every runbook there is: those of the binary and those of the user's folder.

use std::path::Path;
use std::path::PathBuf;

use super::book::Book;
use super::book::Origin;
use super::parse::check;
use super::problem::Problem;
use super::problem::Severity;
use crate::sources::finding::FindingKind;
use crate::text::SafeText;

/// File name and text of every runbook of the binary.
pub const BUILT_IN: [(&str, &str); 1] = [(
    "runbooks/restore-namespace.md",
    include_str!("../../runbooks/restore-namespace.md"),
)];

/// The longest file that is looked at as a runbook, in bytes.
const LARGEST: u64 = 1 << 20;

/// Every runbook that can be used, and what is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Library {
    books: Vec<Book>,
    problems: Vec<Problem>,
}

impl Library {
    /// The runbooks of the binary; a test holds that none of them has a problem.
    pub fn built_in() -> Library {
        let mut library = Library::default();
        for (file, text) in BUILT_IN {
            library.add(file, text, Origin::BuiltIn);
        }
        library
    }

    /// The runbooks of the binary, and every `*.md` of the user's folder, by name: those can be read, never run live.
    ///
    /// A folder that is not there is no problem; a file that cannot be read or used is one of [`Library::problems`].
    pub fn with_folder(folder: &Path) -> Library {
        let mut library = Library::built_in();
        let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = found
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "md"))
            .collect();
        files.sort();
        for path in files {
            let name = path.display().to_string();
            match read(&path) {
                Ok(text) => library.add_user(&name, &text),
                Err(why) => library.unusable(&name, "book.unreadable", why),
            }
        }
        library
    }

    /// Adds one file of the user's folder: readable, never live. A book whose id is taken is refused.
    fn add_user(&mut self, file: &str, text: &str) {
        self.add(file, text, Origin::User(file.to_owned()));
    }

    fn unusable(&mut self, file: &str, rule: &'static str, words: String) {
        self.problems.push(Problem {
            file: SafeText::new(file).to_string(),
            line: 1,
            severity: Severity::Error,
            rule,
            words,
        });
    }

    fn add(&mut self, file: &str, text: &str, origin: Origin) {
        let checked = check(file, text, origin);
        self.problems.extend(checked.problems);
        let Some(book) = checked.book else { return };
        if self.book(&book.id).is_some() {
            let words = format!(
                "a runbook `{}` exists already; give this one another id",
                book.id
            );
            self.unusable(file, "book.duplicate-id", words);
            return;
        }
        self.books.push(book);
        self.books.sort_by(|a, b| a.id.cmp(&b.id));
    }

    /// Every usable book, by id.
    pub fn books(&self) -> &[Book] {
        &self.books
    }

    /// The book of that id.
    pub fn book(&self, id: &str) -> Option<&Book> {
        self.books.iter().find(|book| book.id == id)
    }

    /// The books that treat findings of this kind, by id.
    pub fn treating(&self, kind: FindingKind) -> Vec<&Book> {
        self.books
            .iter()
            .filter(|book| book.treats.iter().any(|treated| treated == kind.0))
            .collect()
    }

    /// Everything that is wrong with any file, in the order of reading.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// The text of one file: a plain file of at most a megabyte.
fn read(path: &Path) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("it cannot be read: {error}");
    let found = std::fs::metadata(path).map_err(unread)?;
    if !found.is_file() || found.len() > LARGEST {
        return Err("it is no file of at most 1 MiB; a runbook is a short text".to_owned());
    }
    std::fs::read_to_string(path).map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_books_have_no_problem_and_name_what_they_treat() {
        let library = Library::built_in();
        assert_eq!(library.problems(), []);
        let treating = library.treating(FindingKind("zone.namespace-missing"));
        assert_eq!(
            treating
                .iter()
                .map(|book| book.id.as_str())
                .collect::<Vec<_>>(),
            ["restore-namespace"]
        );
        assert!(library.treating(FindingKind("node.not-ready")).is_empty());
    }

    #[test]
    fn a_second_book_of_the_same_id_is_an_error_and_the_first_stays() {
        let mut library = Library::built_in();
        library.add_user("my/restore.md", BUILT_IN[0].1);
        assert_eq!(library.books().len(), 1);
        assert!(library.books()[0].trusted());
        assert_eq!(library.problems()[0].rule, "book.duplicate-id");
    }

    #[test]
    fn a_users_folder_is_read_by_name_and_what_cannot_be_used_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
        let mine = BUILT_IN[0].1.replace("id: restore-namespace", "id: mine");
        put("a.md", mine.as_bytes());
        put("b.md", BUILT_IN[0].1.as_bytes());
        put("c.md", b"\xff\xfe");
        put("notes.txt", b"not a runbook");
        std::fs::create_dir(folder.path().join("d.md")).unwrap();
        let library = Library::with_folder(folder.path());
        let ids: Vec<&str> = library
            .books()
            .iter()
            .map(|book| book.id.as_str())
            .collect();
        assert_eq!(ids, ["mine", "restore-namespace"]);
        assert!(!library.book("mine").unwrap().trusted());
        assert!(library.book("restore-namespace").unwrap().trusted());
        let rules: Vec<&str> = library.problems().iter().map(|one| one.rule).collect();
        assert_eq!(
            rules,
            ["book.duplicate-id", "book.unreadable", "book.unreadable"]
        );
        let nothing = Library::with_folder(&folder.path().join("not there"));
        assert_eq!((nothing.books().len(), nothing.problems().len()), (1, 0));
    }

    #[test]
    fn a_users_book_can_be_read_but_is_not_trusted() {
        let mut library = Library::default();
        library.add_user("my/restore.md", BUILT_IN[0].1);
        assert!(
            library
                .book("restore-namespace")
                .is_some_and(|book| !book.trusted())
        );
    }
}
