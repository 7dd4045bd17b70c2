//! From a file's text to a `Book`: front matter, numbered headings, prose and fenced `yaml step=<id>` blocks.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::CodeBlockKind;
use pulldown_cmark::Event;
use pulldown_cmark::HeadingLevel;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

use super::book::Book;
use super::book::BookStep;
use super::book::Origin;
use super::book::Param;
use super::book::People;
use super::book::UndoLine;
use super::book::sha256_hex;
use super::hidden;
use super::lint;
use super::problem::Problem;
use super::problem::Problems;
use super::steps::Kind;
use super::yaml;
use super::yaml::Block;
use super::yaml::Front;

/// What became of a runbook file.
#[derive(Debug)]
pub struct Checked {
    /// The book, when nothing makes it unusable.
    pub book: Option<Book>,
    /// Everything that is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Reads and lints one runbook file; `file` is only its name in sentences.
pub fn check(file: &str, text: &str, origin: Origin) -> Checked {
    let mut problems = Problems::new(file);
    if let Some((line, sign)) = hidden::hidden(text) {
        // Nothing more is said of such a file: every other sentence would quote it.
        problems.error("text.hidden", line + 1, unseen(&sign));
        return Checked {
            book: None,
            problems: problems.found,
        };
    }
    let book = book(text, origin, &mut problems);
    // A step that could not be read would make the others look wrong: one sentence for one fault.
    let unread = |problem: &Problem| {
        problem.rule.starts_with("yaml.")
            || ["step.unknown-kind", "step.no-block", "text.hidden"].contains(&problem.rule)
    };
    let whole = !problems.found.iter().any(unread);
    if let Some(book) = book.as_ref().filter(|_| whole) {
        lint::book(book, &mut problems);
    }
    let usable = !problems.any_error();
    let mut found = problems.found;
    found.sort_by_key(|problem| (problem.line, problem.severity));
    Checked {
        book: book.filter(|_| usable),
        problems: found,
    }
}

/// The sentence for a character that nobody sees.
pub(crate) fn unseen(sign: &str) -> String {
    format!("`{sign}` stands here, which is not seen or steers a terminal; take it out")
}

fn book(text: &str, origin: Origin, problems: &mut Problems<'_>) -> Option<Book> {
    let Some((front, body)) = cut(text) else {
        let words = "a runbook begins with front matter between two lines of `---`; write it first";
        problems.error("front.missing", 1, words);
        return None;
    };
    let fields: Front = yaml::read(&text[front.clone()], line_of(text, front.start), problems)?;
    if fields.crashcart != 1 {
        let words = format!(
            "`crashcart: {}` is a format that this version does not know; it knows 1",
            fields.crashcart
        );
        problems.error("front.format", 2, words);
        return None;
    }
    let (summary, steps) = sections(text, body, problems);
    let params = fields.params.0.into_iter().map(|(name, param)| {
        let line = line_with(text, &front, &format!("{name}:"));
        Param {
            name,
            kind: param.kind,
            optional: param.optional,
            help: param.help,
            line,
        }
    });
    Some(Book {
        id: fields.id,
        title: fields.title,
        version: fields.version,
        owner: fields.owner,
        treats: fields.treats,
        params: params.collect(),
        people: People {
            live: fields.people.live,
            drill: fields.people.drill,
        },
        review_by: fields.review_by,
        lock: fields.lock,
        summary,
        steps,
        text: text.to_owned(),
        digest: sha256_hex(text.as_bytes()),
        origin,
    })
}

/// Byte ranges of the front matter and of the rest.
fn cut(text: &str) -> Option<(Range<usize>, Range<usize>)> {
    let start = text.strip_prefix("---\n").map(|_| 4)?;
    let end = start + text[start..].find("\n---\n")? + 1;
    Some((start..end, end + 4..text.len()))
}

/// Line, from 1, on which this byte stands.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The first line inside `range` that begins with `start` after its spaces; the range's first line without one.
fn line_with(text: &str, range: &Range<usize>, start: &str) -> usize {
    let first = line_of(text, range.start);
    let mut lines = text[range.clone()].lines();
    first
        + lines
            .position(|line| line.trim_start().starts_with(start))
            .unwrap_or(0)
}

/// A second-level heading and what stands below it.
#[derive(Default)]
struct Section {
    title: String,
    line: usize,
    prose: String,
    blocks: Vec<Fence>,
}

struct Fence {
    id: String,
    yaml: String,
    line: usize,
}

/// The prose before the first step and every step.
fn sections(
    text: &str,
    body: Range<usize>,
    problems: &mut Problems<'_>,
) -> (String, Vec<BookStep>) {
    let mut sections = vec![Section::default()];
    let mut fence: Option<Fence> = None;
    let mut heading = false;
    for (event, range) in Parser::new(&text[body.clone()]).into_offset_iter() {
        let at = body.start + range.start;
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => {
                heading = true;
                sections.push(Section {
                    line: line_of(text, at),
                    ..Section::default()
                });
            }
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => heading = false,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let line = line_of(text, at) + 1;
                fence = step_id(&info).map(|id| Fence {
                    id,
                    yaml: String::new(),
                    line,
                });
            }
            Event::End(TagEnd::CodeBlock) => {
                if let (Some(fence), Some(section)) = (fence.take(), sections.last_mut()) {
                    section.blocks.push(fence);
                }
            }
            Event::Text(words) => match (&mut fence, sections.last_mut()) {
                (Some(fence), _) => fence.yaml.push_str(&words),
                (None, Some(section)) if heading => section.title.push_str(&words),
                _ => {}
            },
            Event::Start(Tag::Paragraph | Tag::List(_)) => {
                if let Some(section) = sections.last_mut() {
                    add_prose(&mut section.prose, text[at..body.start + range.end].trim());
                }
            }
            Event::Code(words) if heading => {
                if let Some(section) = sections.last_mut() {
                    section.title.push_str(&words);
                }
            }
            _ => {}
        }
    }
    let mut sections = sections.into_iter();
    let summary = sections
        .next()
        .map(|section| section.prose)
        .unwrap_or_default();
    let steps = sections
        .enumerate()
        .filter_map(|(index, section)| step(index, section, problems));
    (summary, steps.collect())
}

/// Adds a paragraph or list as written; a paragraph inside a list is there already.
fn add_prose(prose: &mut String, words: &str) {
    if prose.ends_with(words) || prose.contains(words) {
        return;
    }
    if !prose.is_empty() {
        prose.push_str("\n\n");
    }
    prose.push_str(words);
}

/// The id of ` ```yaml step=<id> `; `None` when the block is only an illustration.
fn step_id(info: &str) -> Option<String> {
    let mut words = info.split_whitespace();
    (words.next() == Some("yaml")).then_some(())?;
    words
        .find_map(|word| word.strip_prefix("step="))
        .map(str::to_owned)
}

fn step(index: usize, section: Section, problems: &mut Problems<'_>) -> Option<BookStep> {
    let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
    let (given, title) = section
        .title
        .split_once(". ")
        .unwrap_or(("", section.title.as_str()));
    if given.parse() != Ok(number) {
        let words = format!(
            "heading \"{}\" must begin with \"{number}. \"; steps are numbered from 1",
            section.title
        );
        problems.error("step.number", section.line, words);
    }
    let mut blocks = section.blocks.into_iter();
    let Some(fence) = blocks.next() else {
        let words = format!(
            "heading \"{}\" has no ```yaml step=<id> block; add one or make it a third-level heading",
            section.title
        );
        problems.error("step.no-block", section.line, words);
        return None;
    };
    if let Some(second) = blocks.next() {
        problems.error(
            "step.two-blocks",
            second.line,
            "a step has one block; give the second its own heading",
        );
    }
    let block: Block = yaml::read(&fence.yaml, fence.line, problems)?;
    let Some(kind) = Kind::parse(&block.kind) else {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        let words = format!(
            "step {} has the unknown kind `{}`; known are {}",
            fence.id,
            block.kind,
            known.join(", ")
        );
        problems.error("step.unknown-kind", fence.line, words);
        return None;
    };
    let timeout_s = lint::timeout(&fence.id, block.timeout.as_deref(), fence.line, problems);
    Some(BookStep {
        number,
        id: fence.id,
        kind,
        title: title.to_owned(),
        why: section.prose,
        timeout_s,
        values: values(&block),
        done: block.done.unwrap_or_default(),
        undo: block.undo.map(|undo| UndoLine {
            by: undo.by,
            why: undo.why,
        }),
        skip: block.skip,
        line: fence.line,
    })
}

fn values(block: &Block) -> BTreeMap<String, String> {
    let keys = [
        ("typed", &block.typed),
        ("name", &block.name),
        ("keep", &block.keep),
        ("backup", &block.backup),
        ("of", &block.of),
    ];
    keys.into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
        .collect()
}
