//! Sign in: who am I, to every cluster of this issuer?

use super::Entry;
use super::Frame;
use super::Sheet;
use super::browser;
use crate::auth::audience::Audience;
use crate::auth::sign_in::DevicePrompt;
use crate::auth::sign_in::SignIn;
use crate::state::nav::Screen;
use crate::state::prompt::Prompt;
use crate::text;
use crate::view::role::Role;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

pub(super) const SCREEN: Entry = Entry {
    screen: Screen::SignIn,
    name: "sign-in",
    sheet,
};

/// Modules of blank around the picture: right, left and below; one less above.
const QUIET: i32 = 4;

fn sheet(frame: &Frame<'_>) -> Sheet {
    let state = frame.state;
    let device = match state.sign_ins.on_screen() {
        SignIn::Waiting { device, .. } => Some(device),
        _ => None,
    };
    let page = match state.sign_ins.on_screen() {
        SignIn::Browser { page, .. } => Some(page),
        _ => None,
    };
    let address = device.map_or(String::new(), |device| device.verification_uri.to_string());
    let done = done(frame);
    let left = if let Some(page) = page {
        format!("Sign in at {} with a browser", page.issuer_host)
    } else if address.is_empty() {
        "Sign in".to_owned()
    } else {
        "Sign in: open".to_owned()
    };
    let second = Row::line(Role::Text, left)
        .then(1, Role::Link, address)
        .right(1, Role::Text, done);
    let picture = device.and_then(|device| picture(frame, device));
    let panes = match (device, picture) {
        (Some(device), Some(lines)) => vec![beside(frame, device, lines)],
        (Some(device), None) => in_words(frame, device),
        (None, _) => match page {
            Some(page) => browser::panes(frame, page, &answer(frame)),
            None => vec![alone(frame)],
        },
    };
    Sheet {
        second,
        panes,
        left_out: Vec::new(),
    }
}

/// The sentence of the state, alone.
fn alone(frame: &Frame<'_>) -> Pane {
    let state = frame.state;
    let mut lines = Vec::new();
    if state.config.identities.is_empty() {
        lines.push(
            "No issuer is configured. Clusters with a kubeconfig credential show on the Board."
                .to_owned(),
        );
    } else if let SignIn::Idle = state.sign_ins.on_screen() {
        lines.push(idle(frame));
        lines.extend(others(frame));
    } else {
        lines.push(answer(frame));
        lines.extend(others(frame));
    }
    let room = frame.width.saturating_sub(4);
    let rows = lines
        .iter()
        .flat_map(|line| text::wrap(line, room))
        .map(|line| Row::new().put(2, Role::Text, line));
    Pane::new("ANSWER").focus(true).rows(rows)
}

/// How far all sign-ins are: `not yet`, `1 of 2 signed in`, `signed in`.
fn done(frame: &Frame<'_>) -> String {
    let state = frame.state;
    let all = state.sign_ins.audiences().len();
    match state.sign_ins.sessions().count() {
        0 if state.person.is_none() => "not yet".to_owned(),
        some if some > 0 && some < all => format!("{some} of {all} signed in"),
        _ => "signed in".to_owned(),
    }
}

/// Nobody has asked for a code yet: where it would be asked for, and for what, where there are several places.
fn idle(frame: &Frame<'_>) -> String {
    let config = &frame.state.config;
    match frame.state.sign_ins.shown() {
        Some(shown) if frame.state.sign_ins.audiences().len() > 1 => {
            let (host, names) = (shown.host(config), served(frame).join(", "));
            format!("{names}: not signed in at {host}. n asks for a code, Esc goes on without.")
        }
        _ => "Not signed in. n asks for a code.".to_owned(),
    }
}

/// Where the other sign-ins stand, one sentence each.
fn others(frame: &Frame<'_>) -> Vec<String> {
    let (config, sign_ins) = (&frame.state.config, &frame.state.sign_ins);
    let others = sign_ins.audiences().iter();
    let others = others.filter(|one| Some(*one) != sign_ins.shown());
    let sentence = |one: &Audience| {
        let clusters = one.clusters(config).into_iter();
        let names: Vec<&str> = clusters.map(|one| one.name.as_str()).collect();
        let (host, names) = (one.host(config), names.join(", "));
        match sign_ins.session(one) {
            Some(session) => format!(
                "{names}: signed in as {} at {host}.",
                session.person.short()
            ),
            None => format!("{names}: not signed in at {host}."),
        }
    };
    others.map(sentence).collect()
}

/// The clusters that the sign-in on screen serves.
fn served<'s>(frame: &Frame<'s>) -> Vec<&'s str> {
    let shown = frame.state.sign_ins.shown();
    let clusters = shown.map(|shown| shown.clusters(&frame.state.config));
    let names = clusters.into_iter().flatten().map(|one| one.name.as_str());
    names.collect()
}

fn answer(frame: &Frame<'_>) -> String {
    frame
        .state
        .sign_ins
        .on_screen()
        .answer(served(frame).len(), frame.state.judged_at.wall)
        .to_string()
}

/// The code with blanks between its letters: `W D J B - M J H T`.
fn spaced(code: &str) -> String {
    code.chars()
        .map(|c| c.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The picture's lines where it fits: UTF-8, 80x24 and no chooser over it.
fn picture(frame: &Frame<'_>, device: &DevicePrompt) -> Option<Vec<String>> {
    let asked = matches!(frame.state.prompt, Some(Prompt::WhoAnswers { .. }));
    if frame.ascii || asked || frame.width < 80 || frame.body < 20 {
        return None;
    }
    let address = device
        .verification_uri_complete
        .as_ref()
        .unwrap_or(&device.verification_uri);
    let code =
        qrcode::QrCode::with_error_correction_level(address.as_str(), qrcode::EcLevel::L).ok()?;
    let lines = half_blocks(&code)?;
    let fits = lines.len() <= frame.body && lines.len() * 2 + 39 <= frame.width;
    fits.then_some(lines)
}

/// A code in half blocks, two modules above each other in one cell, with its quiet zone.
fn half_blocks(code: &qrcode::QrCode) -> Option<Vec<String>> {
    let side = i32::try_from(code.width()).ok()?;
    let dark = |x: i32, y: i32| {
        let inside = (0..side).contains(&x) && (0..side).contains(&y);
        let at = |v: i32| usize::try_from(v).unwrap_or(0);
        inside && code[(at(x), at(y))].select(true, false)
    };
    let lines = side / 2 + QUIET;
    let line = |row: i32| {
        let top = row * 2 - (QUIET - 1);
        let sign = |x: i32| match (dark(x, top), dark(x, top + 1)) {
            (false, false) => '█',
            (false, true) => '▀',
            (true, false) => '▄',
            (true, true) => ' ',
        };
        (-QUIET..side + QUIET).map(sign).collect()
    };
    Some((0..lines).map(line).collect())
}

/// The picture at the left, the same in words beside it.
fn beside(frame: &Frame<'_>, device: &DevicePrompt, picture: Vec<String>) -> Pane {
    let at = picture.first().map_or(0, |line| text::width(line)) + 2;
    let mut side = said_beside(frame, device, at);
    let answer = answer(frame);
    let room = frame.width.saturating_sub(at + 1);
    let sentences = answer.split_inclusive(". ").map(str::trim);
    let said: Vec<String> = sentences.flat_map(|one| text::wrap(one, room)).collect();
    while side.len() + said.len() < picture.len() {
        side.push((0, Role::Text, String::new()));
    }
    side.extend(said.into_iter().map(|line| (0, Role::Text, line)));
    let mut side = side.into_iter();
    let rows = picture.into_iter().map(|line| {
        let row = Row::new()
            .put(0, Role::Qr, line)
            .reversed(!frame.state.qr_swapped);
        match side.next() {
            Some((indent, role, words)) => row.put(at + indent, role, words),
            None => row,
        }
    });
    Pane::default().focus(true).rows(rows)
}

/// What to do with the code and what to check first: indent, role and words of each line.
fn said_beside(frame: &Frame<'_>, device: &DevicePrompt, at: usize) -> Vec<(usize, Role, String)> {
    let ends = text::clock(device.expires_at, frame.state.judged_at.wall);
    let clusters = served(frame);
    let all = frame.state.config.clusters.len();
    let words = |indent, words: &str| (indent, Role::Text, words.to_owned());
    let mut side = vec![
        words(0, ""),
        words(0, "Scan, or open the address above and"),
        words(0, "type this code:"),
        words(0, ""),
        (3, Role::Title, spaced(device.user_code.as_str())),
        words(0, ""),
        words(0, &format!("The code ends at {ends}.")),
        words(0, ""),
        words(0, "Before you allow it, check the page:"),
        words(2, &format!("address  {}", device.issuer_host)),
        words(2, &format!("client   {}", device.client_id)),
        words(2, &format!("code     {}", device.user_code)),
        words(0, "Anything else: do not allow it."),
        words(0, ""),
        words(
            0,
            &format!("One sign-in serves {} of {all} clusters:", clusters.len()),
        ),
    ];
    let names = text::wrap(&clusters.join(" "), frame.width.saturating_sub(at + 3));
    side.extend(names.iter().take(2).map(|line| words(2, line)));
    side
}

/// Everything in words: for ASCII lines, small windows and voices.
fn in_words(frame: &Frame<'_>, device: &DevicePrompt) -> Vec<Pane> {
    let fact = |label: &str, role: Role, words: String| {
        Row::new().put(2, Role::Dim, label).put(12, role, words)
    };
    let ends = text::clock(device.expires_at, frame.state.judged_at.wall);
    let voice = by_voice(device.user_code.as_str());
    let voice = text::wrap(&voice, frame.width.saturating_sub(13))
        .into_iter()
        .enumerate()
        .map(|(index, line)| fact(if index == 0 { "By voice" } else { "" }, Role::Text, line));
    let mut lines = vec![
        Row::new(),
        fact("Open", Role::Link, device.verification_uri.to_string()),
        fact("Type", Role::Title, spaced(device.user_code.as_str())),
    ];
    lines.extend(voice);
    lines.push(fact("Ends", Role::Text, ends));
    lines.push(Row::new());
    let least = lines.len() - 1;
    let code = Pane::default().rows(lines).least(least);
    let room = frame.width.saturating_sub(4);
    let said = text::wrap(&answer(frame), room)
        .into_iter()
        .map(|line| Row::new().put(2, Role::Text, line));
    let said = Pane::new("ANSWER").rows(said);
    let middle = match &frame.state.prompt {
        Some(Prompt::WhoAnswers { people, at }) => who(people, *at),
        _ => what_to_do(frame, device),
    };
    vec![code, middle, said]
}

fn what_to_do(frame: &Frame<'_>, device: &DevicePrompt) -> Pane {
    let (host, client, code) = (&device.issuer_host, &device.client_id, &device.user_code);
    let steps = [
        "On any phone or computer, open the address.".to_owned(),
        format!("Check the page: address {host}, client {client}, code {code}."),
        "Sign in as yourself, with your second factor.".to_owned(),
        "Allow it. This screen goes on by itself.".to_owned(),
    ];
    let room = frame.width.saturating_sub(6);
    let mut rows = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        for (line, words) in text::wrap(step, room).into_iter().enumerate() {
            let number = if line == 0 {
                (index + 1).to_string()
            } else {
                String::new()
            };
            rows.push(
                Row::new()
                    .put(2, Role::Text, number)
                    .put(5, Role::Text, words),
            );
        }
    }
    rows.push(Row::new());
    rows.push(Row::new().put(
        2,
        Role::Text,
        "Issuer down: Esc shows the last known state.",
    ));
    rows.push(Row::new());
    Pane::new("WHAT TO DO").rows(rows).least(4)
}

/// In the demo the sign-in is answered on the same screen.
fn who(people: &[String], at: usize) -> Pane {
    let rows = people.iter().map(|person| {
        Row::new()
            .id(person.clone())
            .put(3, Role::Text, person.clone())
    });
    let mut pane = Pane::new("WHO ANSWERS  the issuer is simulated: nobody else is asked")
        .focus(true)
        .rows(rows);
    pane.marked = Some(at.min(people.len().saturating_sub(1)));
    pane
}

/// The code in the spelling alphabet, for a telephone.
fn by_voice(code: &str) -> String {
    const WORDS: [&str; 26] = [
        "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India",
        "Juliett", "Kilo", "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo",
        "Sierra", "Tango", "Uniform", "Victor", "Whiskey", "Xray", "Yankee", "Zulu",
    ];
    let word = |c: char| match c.to_ascii_uppercase() {
        c @ 'A'..='Z' => WORDS[usize::from(c as u8 - b'A')].to_owned(),
        c => c.to_string(),
    };
    code.chars().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{QUIET, by_voice, half_blocks, spaced};
    use qrcode::{EcLevel, QrCode};

    #[test]
    fn the_picture_is_the_code_module_by_module_and_fits_beside_its_words() {
        let address = "https://id.meridian.test/realms/meridian/device?user_code=WDJB-MJHT";
        let code = QrCode::with_error_correction_level(address, EcLevel::L).unwrap();
        let lines = half_blocks(&code).unwrap();
        let side = i32::try_from(code.width()).unwrap();
        assert!(lines.len() <= 21 && lines[0].chars().count() == code.width() + 8);
        let mut read = Vec::new();
        for line in &lines {
            let halves = |light: [char; 2]| {
                line.chars()
                    .map(move |sign| !light.contains(&sign))
                    .collect::<Vec<bool>>()
            };
            read.push(halves(['█', '▀']));
            read.push(halves(['█', '▄']));
        }
        for (y, row) in (1 - QUIET..).zip(&read) {
            for (x, dark) in (-QUIET..).zip(row) {
                let inside = (0..side).contains(&x) && (0..side).contains(&y);
                let at = |v: i32| usize::try_from(v).unwrap();
                let wanted = inside
                    && code[(
                        at(x.max(0)).min(code.width() - 1),
                        at(y.max(0)).min(code.width() - 1),
                    )]
                        .select(true, false);
                assert_eq!(*dark, wanted, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_code_is_spelt_for_the_eye_and_for_the_telephone() {
        assert_eq!(spaced("WDJB-M"), "W D J B - M");
        assert_eq!(by_voice("WDJB-M"), "Whiskey Delta Juliett Bravo - Mike");
    }
}
