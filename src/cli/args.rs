//! The command line, as data.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::sim::Fault;
use crate::sim::issuer::Manners;

/// The crash cart for a hybrid Kubernetes estate: see what is wrong, repair it step by step, leave a record that proves it.
#[derive(Debug, Parser)]
#[command(name = "crashcart", version, disable_help_subcommand = true)]
pub(super) struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub common: Common,
    /// The verb; none opens the console.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What every verb takes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Common {
    /// Configuration file [default: $CRASHCART_CONFIG, then crashcart.toml in the configuration folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// State folder: log, runs, last known board [default: the XDG state folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Use a simulated estate that is started inside this program
    #[arg(long, global = true)]
    pub demo: bool,
    /// In a simulated estate: be this person without signing in (alice, bob, carol, dana, erik)
    #[arg(long = "as", global = true, value_name = "PERSON")]
    pub as_person: Option<String>,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Theme: a built-in one or a file of the themes folder
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
}

/// How a verb answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Lines for a person.
    #[default]
    Text,
    /// JSON for a program.
    Json,
}

/// A column of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Only {
    /// Workloads and nodes.
    Health,
    /// Recovery points.
    Backup,
    /// GitOps.
    Drift,
    /// Alertmanager.
    Alerts,
}

/// Which story a simulated estate plays.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Story {
    /// A scenario: trouble over time [default: the night as it stands]
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// How long its story has run when the console opens [default: what the scenario says]
    #[arg(long, value_name = "TIME", value_parser = past, requires = "scenario")]
    pub at: Option<Duration>,
    /// What goes wrong besides
    #[command(flatten)]
    pub trouble: Trouble,
}

/// How a simulated estate is served.
#[derive(Clone, Debug, Args)]
pub(super) struct Serve {
    /// Folder for crashcart.toml, kubeconfigs and CAs (made 0700)
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Seed of the story: the same seed, the same story
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many times faster than real time the controllers move
    #[arg(long, default_value_t = 1)]
    pub speed: u32,
    /// Serve this cluster only (sth-prod, aws-prod, lab-1); may stand more than once
    #[arg(long = "cluster", value_name = "NAME")]
    pub clusters: Vec<String>,
    /// Running pods that each cluster has besides its story, for measurements
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub crowd: u32,
    /// Clusters that take the tokens of a second issuer, with logins of its own
    #[arg(long, value_name = "CLUSTER")]
    pub apart: Vec<String>,
    /// Clusters that are entered by an OAuth server of their own, as OpenShift has it
    #[arg(long, value_name = "CLUSTER")]
    pub openshift: Vec<String>,
    /// Clusters that are entered by AWS keys, as EKS has it
    #[arg(long, value_name = "CLUSTER")]
    pub eks: Vec<String>,
    /// Whose manners the issuer has: keycloak or dex
    #[arg(long, value_name = "NAME", default_value = "keycloak")]
    pub issuer: Manners,
    /// A scenario: trouble over time, scored at the end
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// How long its story has run when the servers open [default: what the scenario says]
    #[arg(long, value_name = "TIME", value_parser = past, requires = "scenario")]
    pub at: Option<Duration>,
    /// Folder of crashcart's log, to score what was recorded
    #[arg(long, value_name = "DIR", requires = "scenario")]
    pub log: Option<PathBuf>,
    /// What goes wrong besides
    #[command(flatten)]
    pub trouble: Trouble,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Open the console on a simulated estate; without a terminal, print its board once
    Demo(Story),
    /// Serve the simulated estate as a process of its own, for consoles and kubectl to join
    Sim(Serve),
    /// Print the board once; exit 0 OK, 1 WARN, 2 CRIT, 3 unknown
    Status(Ask),
    /// Print every finding once; exit as status
    Findings(Ask),
    /// Run a runbook line by line
    Run(RunArgs),
    /// Read the runbooks
    Runbook {
        /// What about them
        #[command(subcommand)]
        verb: RunbookVerb,
    },
    /// Read and verify the log
    Log {
        /// What about it
        #[command(subcommand)]
        verb: LogVerb,
    },
    /// Check clusters, issuer, clock, terminal, log and policy, one line each with what to do
    Doctor,
    /// Sign in, and say who the clusters take you for
    Login {
        /// By pasting the address that a browser ends on, whatever the identity's flow is
        #[arg(long)]
        paste: bool,
        /// Only at this identity of the configuration [default: each that a cluster needs]
        identity: Option<String>,
    },
    /// Sign out: give the tokens back and forget them
    Logout {
        /// Only of this identity of the configuration [default: each]
        identity: Option<String>,
    },
    /// Say who you are to each cluster, beside what your token says
    Whoami,
    /// Accept that a cluster was built anew or has another CA key: both shown, its name typed, recorded
    Trust {
        /// The cluster, by its name in the configuration
        cluster: String,
    },
    /// Write a first configuration from the contexts of a kubeconfig
    Init {
        /// The kubeconfig to read [default: $KUBECONFIG, then ~/.kube/config]
        #[arg(long, value_name = "FILE")]
        kubeconfig: Option<PathBuf>,
        /// Only these contexts
        #[arg(long = "context", value_name = "NAME")]
        contexts: Vec<String>,
    },
    /// Print roles, or install them
    Rbac {
        /// What about them
        #[command(subcommand)]
        verb: RbacVerb,
    },
}

/// What goes wrong in a simulated estate.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Trouble {
    /// Make something go wrong: "cluster=lab-1 kind=pods verb=watch fault=stall after=3s for=30s"; may stand more than once
    #[arg(long = "fault", value_name = "WORDS")]
    pub fault: Vec<Fault>,
    /// A TOML file of `fault` tables with the same words
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// What status and findings take.
#[derive(Clone, Debug, Args)]
pub(super) struct Ask {
    /// How to answer
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Judge this column only
    #[arg(long, value_enum, value_name = "COLUMN")]
    pub only: Option<Only>,
    /// How long to wait for clusters; what has not answered then is `?`
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = time)]
    pub wait: Duration,
}

/// What run takes.
#[derive(Clone, Debug, Args)]
pub(super) struct RunArgs {
    /// The runbook's id, or `show` to print a run
    #[arg(required_unless_present = "resume")]
    pub book: Option<String>,
    /// With `show`: the run's id
    pub id: Option<String>,
    /// A parameter
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Take up a run that was interrupted or held
    #[arg(long, value_name = "ID")]
    pub resume: Option<String>,
    /// With `show`: print kubectl lines for the night when crashcart itself fails
    #[arg(long)]
    pub paper: bool,
}

/// What can be asked about runbooks.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum RunbookVerb {
    /// List them
    List,
    /// Print one as its author wrote it
    Show {
        /// Its id
        id: String,
    },
    /// Check files and say what is wrong, with line
    Lint {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// What can be asked about the log.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum LogVerb {
    /// Print entries
    Show {
        /// Only this person's
        #[arg(long)]
        person: Option<String>,
        /// Only this run's
        #[arg(long)]
        run: Option<String>,
        /// Only this cluster's
        #[arg(long)]
        cluster: Option<String>,
        /// Only this kind's, `api.intent`
        #[arg(long)]
        kind: Option<String>,
        /// How to answer
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print the proof of one entry, which needs no other entry to be checked
    Prove {
        /// The number of the entry
        #[arg(long, value_name = "N")]
        seq: u64,
    },
    /// Check every byte: exit 0 whole, 1 tampered with (names the entry), 2 cannot be proved
    Verify {
        /// A checkpoint that was kept elsewhere: it must be a beginning of this log; may be given often
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// Check the proof of one entry that `log prove` printed, in place of the log
        #[arg(
            long,
            value_name = "FILE",
            requires = "key",
            conflicts_with = "checkpoint"
        )]
        proof: Option<PathBuf>,
        /// The key that signs that log's checkpoints, as its first entry names it
        #[arg(long, value_name = "NAME+ID+KEY", requires = "proof")]
        key: Option<String>,
        /// How to answer
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
}

/// What can be asked about roles.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum RbacVerb {
    /// Print the least role that the console and its runbooks need, or install it
    Emit(Emit),
}

/// What rbac emit takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Emit {
    /// Which role
    #[arg(long, value_enum, default_value_t)]
    pub role: RoleWord,
    /// Only what this runbook needs
    #[arg(long, value_name = "BOOK")]
    pub runbook: Option<String>,
    /// Bind it to this group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Bind it to this user
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Velero's namespace: rights on its objects are given there and nowhere else
    #[arg(long, value_name = "NAMESPACE", default_value = "velero")]
    pub velero: String,
    /// Leave out the rights on Secrets: a restored Secret then cannot be proved, and a run that plans one cannot end as
    /// completed
    #[arg(long)]
    pub without_secrets: bool,
    /// Print an admission policy as well: Restores may write to this namespace; once for each
    #[arg(long, value_name = "NAMESPACE")]
    pub restore_into: Vec<String>,
    /// With --restore-into: a Restore may bring the volumes of the claims it restores
    #[arg(long, requires = "restore_into")]
    pub with_volumes: bool,
    /// Install it on this cluster of the configuration instead of printing it: tried first, its name typed, recorded; once
    /// for each
    #[arg(long, value_name = "CLUSTER")]
    pub install: Vec<String>,
}

/// The roles there are.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(super) enum RoleWord {
    /// Reads what is watched and changes nothing
    Viewer,
    /// Runs runbooks to their proof
    #[default]
    Operator,
    /// Reads what a plan rests on, and changes nothing
    Approver,
    /// Opens an account for a short time that may do what an operator may
    BreakGlass,
}

/// A time that a story has run: at most a week, and it may be none.
fn past(text: &str) -> Result<Duration, String> {
    if text == "0s" {
        return Ok(Duration::ZERO);
    }
    let length = time(text)?;
    let week = Duration::from_secs(7 * 86_400);
    (length <= week)
        .then_some(length)
        .ok_or_else(|| "a story runs for a week at most".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    crate::config::seconds(text)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs)
        .ok_or_else(|| "it is not a time; write 10s, 2m or 1h".to_owned())
}
