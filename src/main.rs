//! leaksweep: arguments → evidence → rules → sweep → write → exit code.

mod cli;

use std::process;

use cli::tell::Voice;
use cli::{Command, ConfigCommand, ExitCode, Failure};
use leaksweep::element::Finder;
use leaksweep::ledger::{Ledger, News, Told};
use leaksweep::report::{Head, PartFile, Report, Run};
use leaksweep::rule::RuleSet;
use leaksweep::scan::Tally;
use leaksweep::source::{Evidence, Inventory};
use leaksweep::{Errands, Options};

fn main() -> process::ExitCode {
    cli::guard::set();
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
    let mut evidence = args.evidence.collect()?;
    if evidence.sources.is_empty() && !cli::tell::unreadable(&evidence.gaps) {
        return Ok(voice.no_input(&evidence.gaps));
    }
    let known = args.evidence.scope.suppressions.as_deref();
    evidence.inventory.suppressions = cli::suppressions::load(known, voice)?;
    let rules = args.rules.load()?;
    let home = args.state.enter(&args.evidence.paths)?;
    let key = args.key(home.as_ref())?;
    let head = args.head(&key, &evidence, &rules);
    if !args.output.write.quiet {
        voice.inventory(&head.run);
    }
    let options = args.options(&evidence.inventory);
    let errands = args.errands()?;
    let confined = args.confine(&evidence, &outputs)?;
    cli::signal::listen(options.limits.stop.clone())?;
    if args.output.verbose {
        voice.held(&confined);
    }
    let outputs = outputs.held(confined);
    if let Some(errands) = errands {
        return pursue(&errands, &evidence, &options, head, &outputs);
    }

    let bar = cli::progress::Bar::new(&evidence, args.output.write.quiet);
    let own = evidence.inventory.sites.iter().flat_map(|site| site.own_domains.clone());
    let finder = leaksweep::element::Finder::new(key.key.clone()).with_own_domains(own);
    if let Some(home) = home {
        let ledger = args.state.open(home, &key, &evidence.inventory, &rules, &options)?;
        let sweep = Sweep { evidence, rules, finder, options, bar, head };
        return scheduled(args, voice, &ledger, sweep, &outputs);
    }
    let tally = leaksweep::sweep(&evidence, &rules, &finder, &options, &bar);
    bar.finish();

    let mut tally = tally.map_err(cli::no_threads)?;
    let stop = &options.limits.stop;
    if !args.no_pivot && !stop.is_set() {
        leaksweep::pivot(&mut tally, &evidence.inventory, &rules, &options, &())
            .map_err(cli::no_threads)?;
    }
    let report = report(&tally, &evidence.inventory, &rules, head.run(args.no_pivot), voice);
    let code = ExitCode::of(&report, &tally, args.output.fail_on);
    voice.gaps(&tally, &report, args.output.verbose);
    cli::nothing_lost()?;
    outputs.write(report, || PartFile::new(head, tally))?;
    Ok(code.unless_stopped(stop))
}

/// What the evidence says; tells which suppressions were of no use to it.
fn report(tally: &Tally, inventory: &Inventory, rules: &RuleSet, run: Run, voice: Voice) -> Report {
    let report = leaksweep::conclude(tally, inventory, rules, run);
    cli::suppressions::unused(&inventory.suppressions, &report, voice);
    report
}

/// The second pass alone, as a merge of several parts wrote it down.
fn pursue(
    errands: &Errands,
    evidence: &Evidence,
    options: &Options,
    head: Head,
    outputs: &cli::Outputs,
) -> Result<ExitCode, Failure> {
    if !outputs.is_part() {
        let why = "what --pursue finds is a part of a report; write it with -f part";
        return Err(Failure::new(why));
    }
    let (sources, inventory) = (&evidence.sources, &evidence.inventory);
    let found = leaksweep::pursue(sources, errands, inventory, options, &());
    let part = PartFile::new(head, found.map_err(cli::no_threads)?);
    outputs.write(Report::default(), || part)?;
    Ok(ExitCode::Clean.unless_stopped(&options.limits.stop))
}

/// Everything that a sweep works with.
struct Sweep {
    evidence: Evidence,
    rules: RuleSet,
    finder: Finder,
    options: Options,
    bar: cli::progress::Bar,
    head: Head,
}

/// The main job, of which earlier runs did a part: reads and tells only what is new.
fn scheduled(
    args: &cli::SweepArgs,
    voice: Voice,
    ledger: &Ledger,
    sweep: Sweep,
    outputs: &cli::Outputs,
) -> Result<ExitCode, Failure> {
    let Sweep { evidence, rules, finder, options, bar, head } = sweep;
    let inventory = &evidence.inventory;
    let tally = leaksweep::resume(&evidence, &rules, &finder, &options, &bar, ledger);
    bar.finish();
    let mut tally = tally.map_err(cli::state::unusable)?;
    let stop = &options.limits.stop;
    if !args.no_pivot && !stop.is_set() {
        leaksweep::pivot(&mut tally, inventory, &rules, &options, &()).map_err(cli::no_threads)?;
        ledger.keep_followed(&tally).map_err(cli::state::unusable)?;
    }
    let mut report = report(&tally, inventory, &rules, head.run(args.no_pivot), voice);

    let before = ledger.told().map_err(cli::state::unusable)?;
    let fresh = ledger.fresh(&before, &rules);
    let news = News::since(&before, &report.sites, tally.all_gaps(), &fresh);
    let told = Told::of(&report.sites, tally.all_gaps(), &rules);
    for case in &mut report.sites {
        case.hits.retain(|hit| fresh.is_fresh(hit));
    }
    cli::nothing_lost()?;
    if news.is_empty() {
        voice.nothing_new();
    }
    outputs.write_news(report, || PartFile::new(head, tally), &news)?;
    ledger.tell(&told).map_err(cli::state::unusable)?;
    Ok(cli::state::code(&news, args.output.fail_on).unless_stopped(stop))
}

/// The same report from what several runs read.
fn merge(args: &cli::MergeArgs, voice: Voice) -> Result<ExitCode, Failure> {
    let outputs = args.output.plan(&args.parts)?;
    let mut inventory = args.inventory()?;
    let known = args.scope.suppressions.as_deref();
    inventory.suppressions = cli::suppressions::load(known, voice)?;
    let rules = args.rules.load()?;
    let confined = args.confine(&outputs)?;
    let outputs = outputs.held(confined);
    let mut part = args.merged(&rules, &inventory)?;
    if let Some(step) = args.step {
        return cli::merge::take(step, part, &inventory, &rules, &outputs);
    }
    if args.pursuit {
        let traces = leaksweep::case::traces(&part.tally, &inventory, &rules);
        let errands = leaksweep::errands(&part.tally, &traces);
        cli::to_stdout(|out| errands.write(out))?;
        return Ok(ExitCode::Clean);
    }

    let run = part.head.run(args.no_pivot);
    let judged = cli::merge::assembled(&mut part, &inventory, &rules, &run, &outputs)?;
    if judged.is_none() && !args.no_pivot {
        let options = args.options(&inventory);
        leaksweep::pivot(&mut part.tally, &inventory, &rules, &options, &())
            .map_err(cli::no_threads)?;
    }
    let concluded = || leaksweep::conclude(&part.tally, &inventory, &rules, run);
    let report = judged.unwrap_or_else(concluded);
    cli::suppressions::unused(&inventory.suppressions, &report, voice);
    cli::nothing_lost()?;
    let code = ExitCode::of(&report, &part.tally, args.output.fail_on);
    voice.gaps(&part.tally, &report, args.output.verbose);
    outputs.write(report, || part)?;
    Ok(code)
}
