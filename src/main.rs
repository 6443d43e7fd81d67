//! leaksweep: arguments → evidence → rules → sweep → write → exit code.

mod cli;

use std::process;

use cli::tell::Voice;
use cli::{Command, ConfigCommand, ExitCode, Failure};
use leaksweep::Options;
use leaksweep::element::Finder;
use leaksweep::ledger::{Ledger, News, Told};
use leaksweep::report::Run;
use leaksweep::rule::RuleSet;
use leaksweep::source::Evidence;

fn main() -> process::ExitCode {
    let command = match cli::parse() {
        Ok(command) => command,
        Err(failure) => return failure.tell(Voice::default()).into(),
    };
    let voice = command.voice();
    let outcome = match command {
        Command::Sweep(args) => sweep(&args, voice),
        Command::Inspect(args) => cli::inspect::run(&args),
        Command::Show(args) => cli::show::run(&args),
        Command::Rules(command) => cli::rules::run(&command),
        Command::Merge(args) => merge(&args, voice),
        Command::Report(args) => cli::report::run(&args),
        Command::Compare(args) => cli::compare::run(&args),
        Command::Verify(args) => cli::verify::run(&args),
        Command::State(command) => cli::state::run(&command),
        Command::Schema(args) => cli::schema::run(&args),
        Command::Config(ConfigCommand::Show(args)) => cli::config::show(&args),
        Command::Completions(args) => cli::page::completions(&args),
        Command::Man(args) => cli::page::man(&args),
    };
    outcome.unwrap_or_else(|failure| failure.tell(voice)).into()
}

/// The main job.
fn sweep(args: &cli::SweepArgs, voice: Voice) -> Result<ExitCode, Failure> {
    let outputs = args.output.plan(&args.evidence.paths)?;
    let evidence = args.evidence.collect()?;
    if evidence.sources.is_empty() && !cli::tell::unreadable(&evidence.gaps) {
        return Ok(voice.no_input(&evidence.gaps));
    }
    let rules = args.rules.load()?;
    let home = args.state.enter(&args.evidence.paths)?;
    let key = args.key(home.as_ref())?;
    let run = args.run(&evidence, &rules);
    if !args.output.write.quiet {
        voice.inventory(&run);
    }
    let options = args.options(&evidence.inventory);

    let bar = cli::progress::Bar::new(&evidence, args.output.write.quiet);
    let own = evidence.inventory.sites.iter().flat_map(|site| site.own_domains.clone());
    let finder = leaksweep::element::Finder::new(key.key.clone()).with_own_domains(own);
    if let Some(home) = home {
        let ledger = args.state.open(home, &key, &evidence.inventory, &rules, &options)?;
        let sweep = Sweep { evidence, rules, finder, options, bar, run, key };
        return scheduled(args, voice, &ledger, sweep, &outputs);
    }
    let tally = leaksweep::sweep(&evidence, &rules, &finder, &options, &bar);
    bar.finish();

    let mut tally = tally.map_err(cli::no_threads)?;
    if !args.no_pivot {
        leaksweep::pivot(&mut tally, &evidence.inventory, &rules, &options, &())
            .map_err(cli::no_threads)?;
    }
    let report = leaksweep::conclude(&tally, &evidence.inventory, &rules, run.clone());
    let code = ExitCode::of(&report, &tally, args.output.fail_on);
    voice.gaps(&tally, &report, args.output.verbose);
    outputs.write(report, || cli::part(key, run, tally))?;
    Ok(code)
}

/// Everything that a sweep works with.
struct Sweep {
    evidence: Evidence,
    rules: RuleSet,
    finder: Finder,
    options: Options,
    bar: cli::progress::Bar,
    run: Run,
    key: cli::Key,
}

/// The main job, of which earlier runs did a part: reads and tells only what is new.
fn scheduled(
    args: &cli::SweepArgs,
    voice: Voice,
    ledger: &Ledger,
    sweep: Sweep,
    outputs: &cli::Outputs,
) -> Result<ExitCode, Failure> {
    let Sweep { evidence, rules, finder, options, bar, run, key } = sweep;
    let inventory = &evidence.inventory;
    let tally = leaksweep::resume(&evidence, &rules, &finder, &options, &bar, ledger);
    bar.finish();
    let mut tally = tally.map_err(cli::state::unusable)?;
    if !args.no_pivot {
        leaksweep::pivot(&mut tally, inventory, &rules, &options, &()).map_err(cli::no_threads)?;
        ledger.keep_trails(&tally).map_err(cli::state::unusable)?;
    }
    let mut report = leaksweep::conclude(&tally, inventory, &rules, run.clone());

    let before = ledger.told().map_err(cli::state::unusable)?;
    let fresh = ledger.fresh(&before);
    let news = News::since(&before, &report.sites, tally.all_gaps(), &fresh);
    let told = Told::of(&report.sites, tally.all_gaps(), &rules);
    for case in &mut report.sites {
        case.hits.retain(|hit| fresh.is_fresh(hit));
    }
    if news.is_empty() {
        voice.nothing_new();
    }
    outputs.write_news(report, || cli::part(key, run, tally), &news)?;
    ledger.tell(&told).map_err(cli::state::unusable)?;
    Ok(cli::state::code(&news, args.output.fail_on))
}

/// The same report from what several runs read.
fn merge(args: &cli::MergeArgs, voice: Voice) -> Result<ExitCode, Failure> {
    let outputs = args.output.plan(&args.parts)?;
    let inventory = cli::inventory(args.sites.as_deref())?;
    let rules = args.rules.load()?;
    let mut part = args.merged(&rules, &inventory)?;

    if !args.no_pivot {
        let options = args.options(&part);
        leaksweep::pivot(&mut part.tally, &inventory, &rules, &options, &())
            .map_err(cli::no_threads)?;
    }
    let report = leaksweep::conclude(&part.tally, &inventory, &rules, part.run.clone());
    let code = ExitCode::of(&report, &part.tally, args.output.fail_on);
    voice.gaps(&part.tally, &report, args.output.verbose);
    outputs.write(report, || part)?;
    Ok(code)
}
