//! The console: keys in, frames out. Every waiting event is folded, then one frame is drawn, at most every 33 ms and
//! only when a word may have changed.

use std::io;
use std::time::Duration;

use ratatui::Terminal;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::engine::Engine;
use super::input;
use super::input::Input;
use super::input::Signals;
use super::out::Lean;
use super::term;
use super::turn::Turn;
use super::turn::worst;
use crate::keys;
use crate::state::State;
use crate::state::action::Action;
use crate::state::event::What;
use crate::view::draw::Drawn;
use crate::view::draw::draw;
use crate::view::theme::Theme;

/// Inputs that may wait, and that are taken before one frame is drawn: keys held down do not wait for frames.
const INPUTS: usize = 4096;
/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How long an ending program waits for what it has sent.
const LAST_WORDS: Duration = Duration::from_millis(900);
/// How long the whole ending may take after the terminal is gone or the system said so.
const HARD_END: Duration = Duration::from_millis(1500);

/// Runs the console on this terminal until it ends; gives back the state it ended with.
///
/// # Errors
/// When standard output is no terminal or its mode cannot be set.
pub async fn run(mut engine: Engine, theme: Theme) -> io::Result<State> {
    let (inputs, mut waiting) = mpsc::channel(INPUTS);
    let signals = spawn(Signals::catch()?.pass_on(inputs.clone()));
    let guard = term::take()?;
    let size = term::size();
    let synchronized = term::knows_private_modes(&std::env::var("TERM").unwrap_or_default());
    let mut terminal = Terminal::new(Lean::new(io::stdout(), size, synchronized))?;
    engine.happen(What::Resize(size.width, size.height));
    engine.attend();
    let mut screen = Screen {
        theme,
        drawn: None,
        owed: true,
        last: engine.deadline(Duration::ZERO),
    };
    screen.draw(&mut engine, &mut terminal)?;
    input::start(inputs)?;

    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        let frame_due = screen.last + FRAME;
        let turn = tokio::select! {
            biased;
            input = waiting.recv() => {
                let first = input.unwrap_or(Input::HangUp);
                take_all(&mut engine, &mut terminal, first, &mut waiting, &guard)
            }
            () = tokio::time::sleep_until(frame_due), if screen.owed => Turn::On,
            _ = second.tick() => engine.happen(What::Tick),
            turn = engine.turn(frame_due + Duration::from_secs(3600)) => turn,
        };
        engine.settle();
        if turn == Turn::Redraw {
            terminal.clear()?;
            screen.drawn = None;
        }
        if turn == Turn::End {
            break;
        }
        screen.owed = screen.drawn != Some(engine.state.revision);
        if screen.owed
            && engine.deadline(Duration::ZERO) >= screen.last + FRAME
            && screen.draw(&mut engine, &mut terminal).is_err()
        {
            // The terminal is gone: there is nothing to draw on and nobody to ask.
            engine.happen(What::HangUp);
            break;
        }
    }
    signals.abort();
    drop(guard);
    Ok(engine.end(LAST_WORDS).await)
}

/// What is on the screen, and what is owed to it.
struct Screen {
    theme: Theme,
    drawn: Option<u64>,
    owed: bool,
    last: Instant,
}

impl Screen {
    fn draw(
        &mut self,
        engine: &mut Engine,
        terminal: &mut Terminal<Lean<io::Stdout>>,
    ) -> io::Result<()> {
        let revision = engine.state.revision;
        let state = &engine.state;
        let mut shown = Drawn::default();
        terminal.draw(|frame| {
            let area = frame.area();
            shown = draw(state, &self.theme, area, frame.buffer_mut());
        })?;
        let card = engine.state.card_id().filter(|_| shown.whole);
        engine.happen(What::Drawn { card });
        engine.happen(What::TextEnd(shown.text_end));
        self.drawn = Some(revision);
        self.owed = false;
        self.last = engine.deadline(Duration::ZERO);
        Ok(())
    }
}

/// An input and those that wait behind it become what happened; what comes after the end is not looked at.
fn take_all(
    engine: &mut Engine,
    terminal: &mut Terminal<Lean<io::Stdout>>,
    first: Input,
    waiting: &mut mpsc::Receiver<Input>,
    guard: &term::Guard,
) -> Turn {
    let mut turn = take(engine, terminal, first, guard);
    for _ in 0..INPUTS {
        if turn == Turn::End {
            break;
        }
        match waiting.try_recv() {
            Ok(input) => turn = worst(turn, take(engine, terminal, input, guard)),
            Err(_) => break,
        }
    }
    turn
}

/// One input becomes what happened.
fn take(
    engine: &mut Engine,
    terminal: &mut Terminal<Lean<io::Stdout>>,
    input: Input,
    guard: &term::Guard,
) -> Turn {
    match input {
        Input::Key { key, alone } => match keys::lookup(&engine.state, key) {
            Some(action) => engine.act(action, alone),
            None => Turn::On,
        },
        Input::Paste(text) => engine.act(Action::Paste(text), false),
        Input::Resize => {
            let size = term::size();
            terminal.backend_mut().resize(size);
            engine.happen(What::Resize(size.width, size.height));
            Turn::Redraw
        }
        Input::HangUp => {
            end_hard_after(guard.handle());
            engine.happen(What::HangUp)
        }
    }
}

/// If the ending itself hangs, the terminal is given back and the process ends all the same.
fn end_hard_after(restore: term::Restore) {
    let last = std::thread::Builder::new()
        .name("end".to_owned())
        .spawn(move || {
            std::thread::sleep(HARD_END);
            restore.now();
            std::process::exit(1);
        });
    // Without that thread the ordinary ending still stands.
    drop(last);
}

/// Starts a task of this room.
#[expect(clippy::disallowed_methods, reason = "tasks are started in app")]
fn spawn<T: Send + 'static>(
    deed: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(deed)
}
