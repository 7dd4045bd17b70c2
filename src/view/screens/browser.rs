//! Sign in with a browser: the address, whole and from edge to edge so that it can be copied, and where it ends.

use super::Frame;
use crate::auth::redirect;
use crate::auth::sign_in::PagePrompt;
use crate::state::prompt::Prompt;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// The panes of a sign-in with a browser; `answer` is the sentence of where it stands.
pub(super) fn panes(frame: &Frame<'_>, page: &PagePrompt, answer: &str) -> Vec<Pane> {
    let ends = text::clock(page.expires_at, frame.state.judged_at.wall);
    let mut rows = vec![Row::line(
        Role::Text,
        format!("Open this address, all of it, in a browser. It counts until {ends}."),
    )];
    // Nothing else stands on these lines: what is marked with a mouse is the address and nothing more.
    let address = page.address.as_str().as_bytes().chunks(frame.width.max(1));
    let lines = address.map(|line| String::from_utf8_lossy(line).into_owned());
    rows.extend(lines.map(|line| Row::new().put(0, Role::Link, line)));
    let least = rows.len();
    let address = Pane::default().rows(rows).least(least);
    vec![address, what_to_do(frame, page), said(frame, answer)]
}

fn what_to_do(frame: &Frame<'_>, page: &PagePrompt) -> Pane {
    let (host, client) = (&page.issuer_host, &page.client_id);
    let mut steps = vec![format!(
        "Check the page: address {host}, client {client}. Sign in as yourself."
    )];
    if page.listens {
        steps.push(
            "The browser must be on this computer. This screen goes on by itself.".to_owned(),
        );
    } else {
        steps.push(
            "The browser then says that 127.0.0.1 cannot be reached: so it should be.".to_owned(),
        );
        steps.push("Copy its whole address line, paste it here, press Enter.".to_owned());
    }
    let room = frame.width.saturating_sub(6);
    let rows = steps.iter().enumerate().flat_map(|(index, step)| {
        let lines = text::wrap(step, room).into_iter().enumerate();
        lines.map(move |(line, words)| {
            let number = if line == 0 {
                (index + 1).to_string()
            } else {
                String::new()
            };
            Row::new()
                .put(2, Role::Text, number)
                .put(5, Role::Text, words)
        })
    });
    Pane::new("WHAT TO DO")
        .rows(rows.collect::<Vec<_>>())
        .least(2)
}

/// The field, when it is open, and the sentence.
fn said(frame: &Frame<'_>, answer: &str) -> Pane {
    let mut rows = Vec::new();
    if let Some(Prompt::Redirect(line)) = &frame.state.prompt {
        let shown = redirect::shown(&line.text);
        rows.push(Row::line(Role::Text, "Address:").then(1, Role::Input, format!("{shown}_")));
    }
    let room = frame.width.saturating_sub(4);
    let lines = text::wrap(answer, room).into_iter();
    rows.extend(lines.map(|line| Row::new().put(2, Role::Text, line)));
    let least = rows.len();
    Pane::new("ANSWER").focus(true).rows(rows).least(least)
}
