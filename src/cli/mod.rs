//! How is it asked? One file per verb, and the exit codes.
//!
//! 0 done or OK; 1 WARN, or not completed; 2 CRIT, or refused; 3 unknown; 64 the command line is wrong;
//! 69 something that is needed is not there; 130 given up by Ctrl-C.

mod args;
mod demo;
mod doctor;
mod init;
mod install;
mod log;
mod login;
mod logout;
mod passphrase;
mod people;
mod place;
mod plain;
mod rbac;
mod run;
mod runbook;
mod sim;
mod status;
mod story;
mod trust;
mod whoami;

use std::io::IsTerminal;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;

use self::args::Cli;
use self::args::Common;
use self::args::LogVerb;
use self::args::Output;
use self::args::RbacVerb;
use self::args::Story;
use self::args::Verb;
use self::plain::Plain;
use self::plain::complain;
use crate::app;
use crate::app::clock::Clock;
use crate::app::engine::Engine;
use crate::app::perform::Folders;
use crate::app::perform::keeper;
use crate::app::start::Start;
use crate::config::Config;
use crate::sim::scenario::ScenarioError;
use crate::text::safe;
use crate::view::theme::Theme;

/// The command line is wrong.
const USAGE: u8 = 64;
/// Something that is needed is not there.
const UNAVAILABLE: u8 = 69;
/// Given up by Ctrl-C: 128 and the number of SIGINT, as a shell has it.
const GIVEN_UP: u8 = 130;
/// How long a sign-in that is given up may take to say so in the log.
const LAST_WORDS: Duration = Duration::from_millis(700);

/// Reads the command line, runs the verb it names and returns its exit code.
pub fn main() -> ExitCode {
    plain::guard_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // It quotes the command line, which a script may have filled in from anywhere.
            let words = safe::lines(&error.render().to_string());
            // Nothing is left to say when even this cannot be printed.
            drop(if wrong {
                std::io::stderr().write_all(words.as_bytes())
            } else {
                std::io::stdout().write_all(words.as_bytes())
            });
            return ExitCode::from(if wrong { USAGE } else { 0 });
        }
    };
    match answer(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&chain(&error));
            ExitCode::from(code(&error))
        }
    }
}

/// The exit code of an error: a scenario that does not exist was asked for wrongly.
fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<ScenarioError>() {
        Some(ScenarioError::Unknown { .. }) => USAGE,
        _ if error.is::<login::GivenUp>() => GIVEN_UP,
        _ => UNAVAILABLE,
    }
}

/// The error and its causes in one line, each said once.
fn chain(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !words.contains(&cause) {
            let gap = if words.is_empty() { "" } else { ": " };
            words = format!("{words}{gap}{cause}");
        }
    }
    words
}

fn answer(cli: Cli) -> anyhow::Result<u8> {
    if let Err(sentence) = app::own_memory::keep_to_ourselves() {
        // The night's work is not refused for it, but whoever reads this should know.
        complain(&sentence);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    let mut out = Plain::new(std::io::stdout());
    let code = runtime.block_on(verb(cli, &mut out));
    let printed = out.flush();
    // Tasks that wait for a network must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    let code = code?;
    printed.context("standard output cannot be written")?;
    Ok(code)
}

async fn verb(cli: Cli, out: &mut dyn Write) -> anyhow::Result<u8> {
    let common = cli.common;
    match cli.verb {
        None if common.demo => Box::pin(demo::demo(&common, &Story::default(), out)).await,
        None => console(&common).await,
        Some(Verb::Demo(story)) => Box::pin(demo::demo(&common, &story, out)).await,
        Some(Verb::Sim(serve)) => sim::serve(serve, out).await,
        Some(Verb::Runbook { verb }) => runbook::ask(&place::library(), &verb, out),
        Some(Verb::Rbac {
            verb: RbacVerb::Emit(asked),
        }) => {
            let (common, _inside) = if common.demo && !asked.install.is_empty() {
                let (common, inside) = demo::estate(&common, &Story::default()).await?;
                (common, Some(inside))
            } else {
                (common, None)
            };
            Box::pin(rbac::emit(&common, &place::library(), &asked, out)).await
        }
        Some(Verb::Init {
            kubeconfig,
            contexts,
        }) => init::init(&common, kubeconfig, &contexts, out).await,
        Some(Verb::Log { verb }) if common.demo => {
            let (common, _inside) = demo::estate(&common, &Story::default()).await?;
            log_verb(&common, &verb, out)
        }
        Some(Verb::Log { verb }) => log_verb(&common, &verb, out),
        Some(verb) => until_given_up(&common, verb, out).await,
    }
}

/// A verb until its end, or until Ctrl-C: once that is caught for a sign-in, nothing else ends a program by it.
async fn until_given_up(common: &Common, verb: Verb, out: &mut dyn Write) -> anyhow::Result<u8> {
    let last = match &verb {
        Verb::Login { .. } => LAST_WORDS,
        _ => Duration::ZERO,
    };
    let mut done = Box::pin(on_estate(common, verb, out));
    tokio::select! {
        biased;
        done = &mut done => done,
        pressed = tokio::signal::ctrl_c() => {
            pressed?;
            let done = tokio::time::timeout(last, done).await;
            done.unwrap_or_else(|_| Err(login::GivenUp.into()))
        }
    }
}

/// Verbs that need the estate's clusters. With `--demo` the simulated estate is started first.
async fn on_estate(common: &Common, verb: Verb, out: &mut dyn Write) -> anyhow::Result<u8> {
    let (common, inside) = if common.demo {
        let (common, inside) = demo::estate(common, &Story::default()).await?;
        (common, Some(inside))
    } else {
        (common.clone(), None)
    };
    let code = match verb {
        Verb::Status(ask) => {
            status::ask(
                engine(&common, Sits::Nobody)?,
                &ask,
                status::What::Status,
                out,
            )
            .await
        }
        Verb::Findings(ask) => {
            status::ask(
                engine(&common, Sits::Nobody)?,
                &ask,
                status::What::Findings,
                out,
            )
            .await
        }
        Verb::Run(run) => Box::pin(run::ask(engine(&common, Sits::ToType)?, &run, out)).await,
        Verb::Login { identity, paste } => {
            Box::pin(login::login(
                engine(&common, Sits::ToType)?,
                identity.as_deref(),
                paste,
                out,
            ))
            .await
        }
        Verb::Logout { identity } => {
            logout::logout(engine(&common, Sits::ToType)?, identity.as_deref(), out).await
        }
        Verb::Whoami => whoami::whoami(engine(&common, Sits::ToType)?, out).await,
        Verb::Trust { cluster } => Box::pin(trust::trust(&common, &cluster, out)).await,
        Verb::Doctor => Box::pin(doctor::doctor(&common, out)).await,
        _ => Ok(USAGE),
    };
    drop(inside);
    code
}

/// The folder of the log of the estate of the configuration.
fn log_folder(common: &Common) -> anyhow::Result<PathBuf> {
    let config = place::load(&place::config_file(common)?)?;
    let root = place::state_root(common)?;
    Ok(place::place(&root, &config, place::simulated(&config))?.log)
}

fn log_verb(common: &Common, verb: &LogVerb, out: &mut dyn Write) -> anyhow::Result<u8> {
    if let LogVerb::Verify {
        proof: Some(proof),
        key: Some(key),
        ..
    } = verb
    {
        // Who checks a proof has neither the log nor a configuration.
        return log::check(proof, key, out);
    }
    let config = place::load(&place::config_file(common)?)?;
    let root = place::state_root(common)?;
    let simulated = place::simulated(&config);
    let folder = place::place(&root, &config, simulated)?.log;
    let now = app::clock::Clock::start().now().wall;
    let form = |output: Output| log::Form {
        json: output == Output::Json,
        simulated,
        now,
    };
    match verb {
        LogVerb::Show {
            person,
            run,
            cluster,
            kind,
            output,
        } => {
            let wanted = log::Filter {
                person: person.clone(),
                run: run.clone(),
                cluster: cluster.clone(),
                kind: kind.clone(),
            };
            log::show(&folder, &wanted, form(*output), out)?;
            Ok(0)
        }
        LogVerb::Prove { seq } => log::prove(&folder, *seq, out),
        LogVerb::Verify {
            checkpoint, output, ..
        } => log::verify(&folder, checkpoint, form(*output), out),
    }
}

/// The console on the estate of the configuration.
async fn console(common: &Common) -> anyhow::Result<u8> {
    anyhow::ensure!(
        std::io::stdout().is_terminal() && std::io::stdin().is_terminal(),
        "the console needs a terminal; for scripts there is crashcart status -o json"
    );
    let engine = engine(common, Sits::ToBeAsked)?;
    let theme = theme(common)?;
    app::console::run(engine, theme)
        .await
        .context("the terminal cannot be used")?;
    Ok(0)
}

/// Whether a person sits at this verb, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sits {
    /// Nobody: nothing is ever asked.
    Nobody,
    /// Somebody who may type what opens kept tokens; a sign-in is the verb's own business.
    ToType,
    /// Somebody who is asked to sign in as well.
    ToBeAsked,
}

/// An engine on the estate of the configuration.
fn engine(common: &Common, sits: Sits) -> anyhow::Result<Engine> {
    let config = place::load(&place::config_file(common)?)?;
    let simulated = place::simulated(&config);
    engine_on(common, config, simulated, sits)
}

/// An engine on this configuration; whether it is simulated was told by what it pinned.
fn engine_on(
    common: &Common,
    config: Config,
    simulated: bool,
    sits: Sits,
) -> anyhow::Result<Engine> {
    let file = place::config_file(common)?;
    let place = place::place(&place::state_root(common)?, &config, simulated)?;
    let as_person = match &common.as_person {
        Some(name) => Some(login::simulated_person(&config, &file, name, simulated)?),
        None => None,
    };
    let folders = Folders {
        log: place.log,
        last_known: place.last_known,
    };
    let key = if sits == Sits::Nobody || as_person.is_some() {
        None
    } else {
        passphrase::key(&config, &keeper::folder(&folders.log))?
    };
    let start = Start {
        config,
        library: place::library(),
        folders,
        simulated,
        as_person,
        ask: sits == Sits::ToBeAsked,
    };
    Ok(app::start::start_with(&start, Clock::start(), key)?)
}

fn theme(common: &Common) -> anyhow::Result<Theme> {
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let no_colour = !env("NO_COLOR").is_empty();
    let name = common.theme.clone().unwrap_or_else(|| {
        if no_colour {
            "mono".to_owned()
        } else {
            "ansi".to_owned()
        }
    });
    let locale = [env("LC_ALL"), env("LC_CTYPE"), env("LANG")]
        .into_iter()
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let ascii = app::term::ascii_only(common.ascii, &env("TERM"), &locale);
    let folder = place::folders()
        .ok()
        .map(|folders| folders.config_dir().join("themes"));
    Theme::load(&name, folder.as_deref(), ascii).map_err(anyhow::Error::from)
}

/// Waits until the system says that it is over.
async fn wait_for_end() -> anyhow::Result<()> {
    use tokio::signal::unix::SignalKind;
    use tokio::signal::unix::signal;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    Ok(())
}
