//! The pages of the issuer: one to say who you are, and one sentence on everything else.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::super::Issuer;

/// What a page asks.
pub(super) struct Question<'q> {
    /// Where the answer goes.
    pub(super) action: String,
    /// Which client wants it.
    pub(super) client: &'q str,
    /// The code to confirm, on the page of the device grant.
    pub(super) code: Option<&'q str>,
    /// Who is signed in in the browser already.
    pub(super) known: Option<&'q str>,
    /// Whether a second factor is asked for.
    pub(super) second: bool,
}

/// The page that asks who you are.
pub(super) fn ask(issuer: &Issuer, question: &Question<'_>) -> Response {
    let mut people = String::new();
    if let Some(known) = question.known {
        // Writing into a String cannot fail.
        let _ = writeln!(people, "<p>This browser is signed in as {known}.</p>");
    }
    let required = if question.known.is_some() {
        ""
    } else {
        " required"
    };
    for person in issuer.inner.people.all() {
        let name = &person.name;
        let groups = person.groups.join(", ");
        let _ = writeln!(
            people,
            "<p><label><input type=radio name=person value={name}{required}> {name} ({groups})</label></p>"
        );
    }
    if question.second {
        people.push_str(
            "<p><label><input type=checkbox name=otp value=true> Second factor</label></p>\n",
        );
    }
    let code = question.code.map_or(String::new(), |code| {
        let code = plain(code);
        format!("<p><label>Code <input name=user_code value=\"{code}\" required></label></p>\n")
    });
    let page = format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Sign-in, simulated</title>\n\
         <h1>Sign-in to a simulated estate</h1>\n\
         <p>Address {url}, client {client}. There is no password here: say who you are.</p>\n\
         <form method=post action=\"{action}\">\n\
         {code}{people}\
         <button name=allow value=true>Allow</button>\n\
         <button name=allow value=false formnovalidate>Deny</button>\n\
         </form></html>\n",
        url = issuer.inner.url,
        client = question.client,
        action = question.action.replace('&', "&amp;").replace('"', "%22"),
    );
    Html(page).into_response()
}

/// A page of one sentence.
pub(super) fn say(status: StatusCode, words: &str) -> Response {
    let page = format!("<!doctype html><title>Sign-in</title><p>{words}</p>\n");
    (status, Html(page)).into_response()
}

/// Text that is safe inside an HTML attribute.
fn plain(code: &str) -> String {
    let plain = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    plain.take(16).collect()
}
