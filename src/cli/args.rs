//! What was typed.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use leaksweep::pan::hide;
use leaksweep::report::{Format, Language, OcsfVersion};
use leaksweep::time::{Time, Zone};

use super::exit::FailOn;
use super::limits::{BoundArgs, LimitArgs};
use super::output::Target;
use super::state::Span;
use super::tell::Voice;
use super::told::{self, LogFormat, Names};
use super::{Failure, Sandbox};

const EXAMPLES: &str = "\
Examples:
  leaksweep sweep logs/                            a table of sites, and why
  leaksweep sweep --sites sites.toml -o html=report.html -o json=report.json logs/
  zcat access.log.*.gz | leaksweep sweep --site shop.example.jp -
  leaksweep show logs/shop/access.log:1042 -C 3    the entry that a finding names
  leaksweep inspect logs/shop/access.log           its format, and which rules can fire

Exit codes:
  0 finished, nothing at or above --fail-on    3 no input matched
  1 finished, something at or above it         4 finished, but something could not be read
  2 usage, rule, state or output error         5 both 1 and 4
  75 another run holds the lock of --state-dir 130 stopped by a signal: reports what was read";

/// Finds out, from logs alone, whether a payment site was broken into and what was taken.
///
/// Start with `leaksweep sweep FOLDER`.
#[derive(Debug, Parser)]
#[command(name = "leaksweep", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(subcommand_required = true, disable_help_subcommand = true)]
struct Cli {
    /// Configuration file (TOML) of sweep, merge and report: keys are the long names of options
    #[arg(long, value_name = "FILE", env = "LEAKSWEEP_CONFIG", hide_env = true, global = true)]
    #[arg(help_heading = "Configuration")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Examine logs and give one judged case per site (the main job)
    Sweep(Box<SweepArgs>),
    /// Say which format a log has, what its entries say, and which rules can fire on it
    Inspect(InspectArgs),
    /// Show an entry again, masked, with its neighbours: how a finding is verified
    Show(ShowArgs),
    /// List, check, prove or explain the rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Make one report from the part files of several runs or machines
    Merge(Box<MergeArgs>),
    /// Render a JSON report again in another format
    Report(ReportArgs),
    /// Lay two JSON reports side by side: what agrees, what differs and by how much
    Compare(CompareArgs),
    /// Hash evidence and outputs again and say what differs from the manifest
    Verify(VerifyArgs),
    /// Look at what scheduled runs remember, and tidy it up
    #[command(subcommand)]
    State(StateCommand),
    /// Print the JSON Schema of an output
    Schema(SchemaArgs),
    /// Show which options are set, and by what: environment, configuration file, default
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print what a shell needs to complete the command line
    Completions(CompletionsArgs),
    /// Print the manual page of the program or of a command
    Man(ManArgs),
}

impl Command {
    /// How diagnostics are to be said.
    pub(crate) fn voice(&self) -> Voice {
        match self {
            Self::Sweep(args) => args.output.write.diagnostics,
            Self::Merge(args) => args.output.write.diagnostics,
            Self::Report(args) => args.write.diagnostics,
            Self::Compare(args) => args.write.diagnostics,
            _ => Voice::default(),
        }
    }
}

/// The command line as clap knows it, with the environment read into it.
pub(super) fn command() -> clap::Command {
    super::config::with_environment(Cli::command())
}

/// Reads configuration and command line; ends the program on `--help` and on a usage error (code
/// 2).
pub(crate) fn parse() -> Result<Command, Failure> {
    let command = command();
    let typed = super::config::typed(&command, std::env::args_os().collect())?;
    let cli = command.try_get_matches_from(typed).and_then(|typed| Cli::from_arg_matches(&typed));
    let mut cli = cli.or_else(|error| end(&error))?;
    if let Command::Config(ConfigCommand::Show(args)) = &mut cli.command {
        args.config = cli.config.take();
    }
    Ok(cli.command)
}

/// Ends with what clap says; a card number that was typed is not said again.
fn end(error: &clap::Error) -> Result<Cli, Failure> {
    let said = error.to_string();
    let hidden = hide(&said);
    if hidden == said { error.exit() } else { Err(Failure::new(hidden)) }
}

const SWEEP_EXAMPLES: &str = "\
Examples:
  leaksweep sweep logs/
  leaksweep sweep --sites sites.toml --since 2017-03-06T22:00 --until 2017-03-10T00:00 logs/
  leaksweep sweep -q -o html=report.html -o ndjson=hits.ndjson logs/     for cron
  leaksweep sweep -f json logs/ | jq '.sites[] | {site, verdict}'

Nothing is ever written into the evidence, and no output holds a whole card number. What does not
fit into memory is put aside in the folder for temporary files (TMPDIR): keyed hashes and times, in
files that only you can read and that are gone at the end.";

/// The arguments of `sweep`.
#[derive(Debug, Args)]
#[command(after_help = SWEEP_EXAMPLES)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(super) logs: LogArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Do not follow the intruders through the evidence in a second pass
    #[arg(long)]
    pub(crate) no_pivot: bool,
    /// Do only the second pass over these paths, as `merge --pursuit` wrote it down; what is found
    /// is a part
    #[arg(long, value_name = "FILE", conflicts_with = "state_dir")]
    pub(crate) pursue: Option<PathBuf>,
    /// Key of the case, so that distinct counts of several sweeps can be merged (any file of at
    /// least 16 bytes; keep it secret); without it, a random key is used once, or that of the
    /// --state-dir
    #[arg(long, value_name = "FILE")]
    pub(super) case_key: Option<PathBuf>,
    /// Have the system keep the program to reading evidence and writing outputs, without network
    /// (Landlock on Linux): as far as it can (auto), in full or not at all (require), or off
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub(super) sandbox: Sandbox,
    /// Threads; 0 for as many as there are processors
    #[arg(short, long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) jobs: usize,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) bounds: BoundArgs,
}

/// What is remembered from run to run.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// Remember in this folder what was read: read only what is new, tell only what is new, count
    /// everything (for scheduled runs)
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Wait for another run with the same --state-dir: 30s, 10m, 2h
    #[arg(long, value_name = "DURATION", requires = "state_dir")]
    pub(super) wait_lock: Option<Span>,
    /// When the rules changed since something was read
    #[arg(long, value_enum, value_name = "WHAT", default_value = "rescan")]
    pub(super) on_rule_change: OnRuleChange,
    /// Trust no file's times and numbers: hash every file again
    #[arg(long, requires = "state_dir")]
    pub(super) rehash: bool,
}

/// What is done with what was read under other rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OnRuleChange {
    /// Read it again, if it is still there
    Rescan,
    /// Read it again for the rules alone that are new or changed, if it is still there
    NewRules,
    /// Leave it: new rules see only what is new
    Keep,
}

/// What to do with a state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List what was read: how large, how many entries, until when
    Show(StateDir),
    /// Forget files or folders: what is still there is read again, and is new
    Forget(ForgetArgs),
    /// Drop what is gone and old: reports no longer count it
    Gc(GcArgs),
}

/// Which state.
#[derive(Debug, Args)]
pub(crate) struct StateDir {
    /// The folder of the state
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: PathBuf,
}

/// The arguments of `state forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    pub(super) state: StateDir,
    /// Files or folders, as `state show` names them
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
}

/// The arguments of `state gc`.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(super) state: StateDir,
    /// How long that which is gone is kept, from its last entry on: 400d
    #[arg(long, value_name = "DURATION")]
    pub(super) keep: Span,
}

/// Where the evidence is, and what is known of it.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    /// Files, folders (searched in depth), archives; `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Use no inventory that lies in the evidence: only you know who wrote it
    #[arg(long, conflicts_with = "sites")]
    pub(super) no_inventory: bool,
    /// What standard input holds: the file of this name. The result is the same as if the file
    /// had been read itself
    #[arg(long, value_name = "NAME")]
    pub(super) stdin_name: Option<String>,
    /// When what standard input holds was last written, as 2017-03-09T23:53:00Z
    #[arg(long, value_name = "TIME", requires = "stdin_name")]
    pub(super) stdin_written: Option<Time>,
}

/// What is known of the sites.
#[derive(Debug, Args)]
pub(crate) struct ScopeArgs {
    /// Inventory of the sites (TOML): their hosts, paths, expected logs, record counts [default:
    /// of a sweep, `sites.toml` in the folder, if only one is given and it is there; it is named
    /// then]
    #[arg(long, value_name = "FILE")]
    pub(super) sites: Option<PathBuf>,
    /// The site of every log that the inventory gives no other
    #[arg(long, value_name = "NAME")]
    pub(super) site: Option<String>,
    /// Start of the period under examination: 2017-03-06T22:00:00+09:00; without an offset in
    /// the --timezone
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// End of the period under examination
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,
    /// Zone of logs that name none: Asia/Tokyo, +09:00 [default: the inventory's, else UTC]
    #[arg(long, value_name = "TZ")]
    pub(super) timezone: Option<Zone>,
    /// Hits that are known to be harmless (TOML): rule, client or path, each with a reason and a
    /// last day; they are set apart and counted
    #[arg(long, value_name = "FILE")]
    pub(crate) suppressions: Option<PathBuf>,
}

/// What is told about the logs from outside.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Apache `LogFormat` or nginx `log_format` of the access logs; with `@`, the file of a server's
    /// configuration in which they stand
    #[arg(long, value_name = "STRING|@FILE", value_parser = told::log_format)]
    pub(super) log_format: Option<LogFormat>,
    /// What the names in JSON, key=value and CSV logs mean (TOML), as `client_ip = "a.b"`;
    /// `inspect` proposes one
    #[arg(long, value_name = "FILE", value_parser = told::mapping)]
    pub(super) mapping: Option<Names>,
}

/// Which rules.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// Sigma rules to add: a file or a folder (may be given more than once)
    #[arg(long = "rules", value_name = "PATH")]
    pub(super) added: Vec<PathBuf>,
    /// Indicators to look for: addresses, networks, agents, paths, referers, hashes of queries (text,
    /// CSV, STIX 2.1, or the JSON report of an earlier case; may be given more than once)
    #[arg(long, value_name = "FILE")]
    pub(super) indicators: Vec<PathBuf>,
    /// Leave the built-in rules out
    #[arg(long)]
    pub(super) no_builtin_rules: bool,
}

/// Where the result of a sweep goes, and how the program ends.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    pub(crate) write: WriteArgs,
    #[command(flatten)]
    pub(super) record: RecordArgs,
    /// Exit with 1 from this verdict or rule level on: confirmed-exfiltration, confirmed-access,
    /// suspected, attempted; critical, high, medium, low, informational; or none
    #[arg(long, value_name = "VERDICT|LEVEL", default_value = "suspected")]
    pub(crate) fail_on: FailOn,
    /// Say on standard error what was read and what was missing, file by file
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// What goes with a report.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// Also write what was read and written, with hashes, to FILE, and SHA256SUMS beside it; `leaksweep
    /// verify FILE` checks them
    #[arg(long, value_name = "FILE")]
    pub(super) manifest: Option<PathBuf>,
    /// Mark each finding as new, changed or unchanged against an earlier JSON report; none is left
    /// out
    #[arg(long, value_name = "FILE.json")]
    pub(super) baseline: Option<PathBuf>,
}

/// Where a result goes.
#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    /// Format on standard output: text, json, ndjson, html, csv, ocsf, ecs, timesketch,
    /// pfi, ppc, sha256sums or part [default: text]
    #[arg(short, long, value_name = "FMT")]
    pub(super) format: Option<Format>,
    /// Also write a file: html=report.html, pfi=pfi.md, ppc=ppc.html (may be given more than once; mode 0600)
    #[arg(short = 'o', long = "output", value_name = "FMT=PATH")]
    pub(super) targets: Vec<Target>,
    /// Overwrite outputs that exist
    #[arg(long)]
    pub(super) force: bool,
    /// No progress, no closing words; no table beside --output files unless --format asks for it
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// How to say on standard error what is wrong or missing
    #[arg(long, value_enum, value_name = "HOW", default_value = "text")]
    pub(crate) diagnostics: Voice,
    /// Version of the schema that ocsf findings are written for: 1.4.0 to 1.8.0
    #[arg(long, value_name = "VERSION", default_value_t, hide_default_value = true)]
    pub(super) ocsf_version: OcsfVersion,
    /// Language of the forms pfi and ppc: en or ja
    #[arg(long, value_name = "LANG", default_value_t, hide_default_value = true)]
    pub(super) lang: Language,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    Always,
    Never,
}

/// The arguments of `inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leaksweep inspect logs/shop/access.log.1.gz
  leaksweep inspect --events -f ndjson access.log | jq -r .path | sort | uniq -c")]
pub(crate) struct InspectArgs {
    /// A log, plain or compressed; `-` for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Write every event, instead of a summary
    #[arg(long)]
    pub(super) events: bool,
    /// text for people; ndjson (with --events): one JSON object a line
    #[arg(short, long, value_enum, value_name = "FMT", default_value = "text")]
    pub(super) format: InspectFormat,
    /// Events that the summary shows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 3)]
    pub(super) head: usize,
    /// Inventory of the sites (TOML)
    #[arg(long, value_name = "FILE")]
    pub(super) sites: Option<PathBuf>,
    /// Zone of logs that name none [default: the inventory's, else UTC]
    #[arg(long, value_name = "TZ")]
    pub(super) timezone: Option<Zone>,
    #[command(flatten)]
    pub(super) logs: LogArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) rules: RuleArgs,
}

/// How `inspect` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    Text,
    Ndjson,
}

/// The arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leaksweep show logs/shop/access.log:1042
  leaksweep show -C 5 'pay.tar.gz!logs/app.log.1 : line 1042 @ byte 88213'")]
pub(crate) struct ShowArgs {
    /// Where the entry stands, as a report writes it: SOURCE:LINE, or `SOURCE : line N @ byte B`
    #[arg(value_name = "LOCUS")]
    pub(super) locus: String,
    /// Entries before and after it
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) context: u64,
    /// Characters of an entry that are shown at most
    #[arg(long, value_name = "N", default_value_t = 8_000)]
    pub(super) max: usize,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules: level, id, title
    List(RuleArgs),
    /// Check rules for errors; without --rules, the built-in ones
    Check(RuleArgs),
    /// Run the proofs that the rules carry: lines that must hit and lines that must not
    Test(RuleArgs),
    /// Explain a rule: what it finds, why, and where that is documented
    Explain(ExplainArgs),
}

/// The arguments of `rules explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Of each rule its id or the beginning of it, or words of its title in quotes
    #[arg(value_name = "RULE", required = true)]
    pub(super) wanted: Vec<String>,
    #[command(flatten)]
    pub(super) rules: RuleArgs,
}

/// The arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Give merge the options of the sweeps. Part files one behind the other are a part file.

Examples:
  leaksweep merge -q -o html=report.html web1.part web2.part
  cat *.part | leaksweep merge --sites sites.toml -

Where the evidence is not at hand, the intruders are followed by those who have it:
  leaksweep merge --pursuit web1.part web2.part > errands
  leaksweep sweep --pursue errands --case-key case.key -f part /var/log/web1 > web1.found
  leaksweep merge web1.part web2.part web1.found web2.found

Where no machine can hold all sites, each is judged from the lines of its own, {\"site\":..., and
from what all others say. The lines of no site are in rest.part; --step estate is taken before and
after --step words:
  leaksweep merge --step estate rest.part > estate
  leaksweep merge --step words estate shop.part > shop.words         for every site
  leaksweep merge --step estate estate *.words rest.part | head -n 1 > estate2
  leaksweep merge --step cases estate2 shop.part > shop.cases        for every site
  leaksweep merge -f json estate2 rest.part *.cases")]
pub(crate) struct MergeArgs {
    /// Part files, written with `sweep -o part=FILE` under the same --case-key, rules and options;
    /// `-` for standard input
    #[arg(required = true, value_name = "PART")]
    pub(crate) parts: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// What the report names as the evidence, instead of the paths of all parts: what one sweep of
    /// everything would have been given (may be given more than once)
    #[arg(long = "as", value_name = "PATH")]
    pub(super) whole: Vec<String>,
    /// Do not follow the intruders through the evidence, where it is still at hand
    #[arg(long)]
    pub(crate) no_pivot: bool,
    /// Instead of a report, write to standard output what is to be looked for in which source, for
    /// sweep --pursue
    #[arg(long)]
    pub(crate) pursuit: bool,
    /// Instead of a report, write to standard output one step of judging sites apart: the estate,
    /// what all sites must know, and behind it what --pursuit writes; the words of the sites of
    /// these parts to the others; or their cases
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "pursuit")]
    pub(crate) step: Option<Step>,
    /// Have the system keep the program to reading and to writing outputs, without network
    /// (Landlock on Linux): as far as it can (auto), in full or not at all (require), or off
    #[arg(long, value_enum, value_name = "HOW", default_value = "auto")]
    pub(super) sandbox: Sandbox,
    #[command(flatten)]
    pub(super) logs: LogArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) bounds: BoundArgs,
}

/// A step of judging sites apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// What all sites must know
    Estate,
    /// What each site says to the others
    Words,
    /// The case of each site
    Cases,
}

/// The arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leaksweep report report.json                               the table again
  leaksweep report report.json -q -o html=report.html -o ocsf=findings.ndjson
  leaksweep report report.json --hits hits.ndjson -q -o timesketch=timeline.jsonl")]
pub(crate) struct ReportArgs {
    /// A report written with -f json
    #[arg(value_name = "FILE.json")]
    pub(super) file: PathBuf,
    /// The ndjson output of the same run, for the formats of one hit a line
    #[arg(long, value_name = "FILE.ndjson")]
    pub(super) hits: Option<PathBuf>,
    #[command(flatten)]
    pub(super) record: RecordArgs,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  leaksweep compare internal.json external.json
  leaksweep compare -f csv v1.json v2.json > table-of-changes.csv
  leaksweep compare -q -o html=compared.html v1.json v2.json || echo they differ

Exit codes: 0 both agree, 1 they differ, 2 one is no report or an output failed.";

/// The arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub(crate) struct CompareArgs {
    /// A report written with -f json
    #[arg(value_name = "A.json")]
    pub(super) a: PathBuf,
    /// The report that it is compared with
    #[arg(value_name = "B.json")]
    pub(super) b: PathBuf,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

/// The arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Run it where the sweep was run, or where the manifest lies. It says what differs and ends with 1 if
anything does, with 0 if nothing does.

Examples:
  leaksweep sweep logs/ -q -o json=case/report.json --manifest case/manifest.json
  leaksweep verify case/manifest.json
  sha256sum --check case/SHA256SUMS
  minisign -Sm case/manifest.json                                     sign it
  openssl ts -query -data case/manifest.json -sha256 -cert -out manifest.tsq
                                       ask a time-stamping authority (RFC 3161)")]
pub(crate) struct VerifyArgs {
    /// A manifest written with --manifest
    #[arg(value_name = "MANIFEST")]
    pub(super) manifest: PathBuf,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every option of sweep that is set, and where its value comes from
    Show(ConfigShowArgs),
}

/// The arguments of `config show`.
#[derive(Debug, Args)]
#[command(after_help = "\
The command line goes before the environment (LEAKSWEEP_FAIL_ON for --fail-on), that before the file.
No file is looked for: name it with --config or LEAKSWEEP_CONFIG.

A file:
  sites    = \"/srv/logs/sites.toml\"
  rules    = [\"/srv/rules\"]
  output   = [\"json=/srv/cases/report.json\", \"html=/srv/cases/report.html\"]
  fail-on  = \"confirmed-access\"
  quiet    = true")]
pub(crate) struct ConfigShowArgs {
    /// Taken from the program's own --config
    #[arg(skip)]
    pub(super) config: Option<PathBuf>,
}

/// The arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leaksweep completions bash > /etc/bash_completion.d/leaksweep
  leaksweep completions zsh > ~/.zfunc/_leaksweep")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leaksweep man | man -l -
  leaksweep man sweep > /usr/local/share/man/man1/leaksweep-sweep.1")]
pub(crate) struct ManArgs {
    /// A command; without it, the page of the program
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, value_name = "OUTPUT", default_value = "report")]
    pub(super) output: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The report (-f json)
    Report,
    /// A line of -f ndjson
    Hit,
    /// A part file (-f part)
    Part,
    /// A comparison (compare -f json)
    Comparison,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
