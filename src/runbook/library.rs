//! Every runbook there is: those of the binary, and later those of the user's folder.

use super::book::Book;
use super::book::Origin;
use super::parse::check;
use super::problem::Problem;
use crate::sources::finding::FindingKind;

/// File name and text of every runbook of the binary.
pub const BUILT_IN: [(&str, &str); 1] = [(
    "runbooks/restore-namespace.md",
    include_str!("../../runbooks/restore-namespace.md"),
)];

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

    /// Adds one file of the user's folder: readable, never live. A book whose id is taken is refused.
    pub fn add_user(&mut self, file: &str, text: &str) {
        self.add(file, text, Origin::User(file.to_owned()));
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
            let severity = super::problem::Severity::Error;
            self.problems.push(Problem {
                file: file.to_owned(),
                line: 1,
                severity,
                rule: "book.duplicate-id",
                words,
            });
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
