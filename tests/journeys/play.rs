//! What the words of a journey mean.
//!
//! | word | meaning |
//! | --- | --- |
//! | `press K ..` | each key by itself, a frame drawn after each |
//! | `burst K ..` | the same keys in one read |
//! | `type TEXT` | each character by itself |
//! | `paste TEXT` | a bracketed paste |
//! | `wait MS` | so many milliseconds pass |
//! | `see TEXT`, `unseen TEXT` | the screen holds it, or does not |
//! | `marked TEXT` | the row with the mark holds it |
//! | `asks NAME ..` | exactly these effects since the last such line; `asks nothing` for none |

use crashcart::keys;
use crashcart::keys::Key;
use crashcart::sources::moment::Moment;
use crashcart::state::State;
use crashcart::state::action::Action;
use crashcart::state::effect::Effect;
use crashcart::state::event::Event;
use crashcart::state::event::What;
use crashcart::state::update::update;
use crashcart::view::draw::Drawn;
use crashcart::view::draw::draw;
use crashcart::view::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A console without a terminal and without a world.
pub(crate) struct Console {
    pub(crate) state: State,
    asked: Vec<String>,
}

impl Console {
    /// A console of that size in this state; its first frame is drawn.
    pub(crate) fn new(state: State) -> Console {
        let mut console = Console {
            state,
            asked: Vec::new(),
        };
        console.happen(What::Resize(120, 40));
        console.frame();
        console
    }

    /// A console that takes a state as it stands, its size too.
    pub(crate) fn still(state: State) -> Console {
        Console {
            state,
            asked: Vec::new(),
        }
    }

    /// Plays a journey.
    pub(crate) fn play(&mut self, journey: &str) {
        for line in journey
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "press" => rest.split(' ').for_each(|key| self.key(key, true)),
                "burst" => rest.split(' ').for_each(|key| self.key(key, false)),
                "type" => rest.chars().for_each(|c| self.act(Action::Type(c), true)),
                "paste" => self.act(Action::Paste(rest.to_owned()), false),
                "wait" => self.pass(rest.parse().expect("milliseconds")),
                "see" => assert!(self.screen().contains(rest), "{line}:\n{}", self.screen()),
                "unseen" => assert!(!self.screen().contains(rest), "{line}:\n{}", self.screen()),
                "marked" => {
                    let screen = self.screen();
                    let found = screen.lines().find(|row| row.trim_start().starts_with('>'));
                    assert!(
                        found.is_some_and(|row| row.contains(rest)),
                        "{line}:\n{screen}"
                    );
                }
                "asks" => {
                    let asked = std::mem::take(&mut self.asked).join(" ");
                    let want = if rest == "nothing" { "" } else { rest };
                    assert_eq!(asked, want, "{line}:\n{}", self.screen());
                }
                _ => panic!("{word} is no word of a journey"),
            }
        }
    }

    pub(crate) fn key(&mut self, name: &str, alone: bool) {
        let key: Key = name.parse().expect("a key");
        if let Some(action) = keys::lookup(&self.state, key) {
            self.act(action, alone);
        }
    }

    fn act(&mut self, action: Action, alone: bool) {
        self.happen(What::Action { action, alone });
        self.frame();
    }

    /// What was asked for outside since this was last looked at.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// Something happens now.
    pub(crate) fn happen(&mut self, what: What) {
        let at = self.state.now;
        for effect in update(&mut self.state, Event { at, what }) {
            self.asked.push(name(&effect));
        }
        self.state.settle();
    }

    /// So many milliseconds pass, a tick at their end.
    pub(crate) fn pass(&mut self, ms: u64) {
        let now = self.state.now;
        let ahead = jiff::SignedDuration::from_millis(i64::try_from(ms).expect("a short time"));
        let at = Moment {
            mono_ms: now.mono_ms + ms,
            wall: now.wall + ahead,
        };
        for effect in update(
            &mut self.state,
            Event {
                at,
                what: What::Tick,
            },
        ) {
            self.asked.push(name(&effect));
        }
        self.state.settle();
    }

    /// A frame is drawn: the card it shows counts from now.
    pub(crate) fn frame(&mut self) {
        let card = self.state.card_id();
        self.happen(What::Drawn { card });
        let (_, drawn) = self.draw();
        self.happen(What::TextEnd(drawn.text_end));
    }

    /// The screen as text.
    pub(crate) fn screen(&self) -> String {
        self.draw().0
    }

    fn draw(&self) -> (String, Drawn) {
        let (width, height) = self.state.size;
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::built_in("mono").expect("a theme");
        let drawn = draw(&self.state, &theme, area, &mut buffer);
        let line = |y| -> String { (0..width).map(|x| buffer[(x, y)].symbol()).collect() };
        let lines: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned()).collect();
        (lines.join("\n"), drawn)
    }
}

/// The effect's name, and of what a run wants the names of its commands.
fn name(effect: &Effect) -> String {
    let first = |text: String| {
        text.split([' ', '(', '{'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    match effect {
        Effect::Carry { commands, .. } => {
            let names: Vec<String> = commands
                .iter()
                .map(|one| first(format!("{one:?}")))
                .collect();
            names.join("+")
        }
        other => first(format!("{other:?}")),
    }
}
