//! leaksweep: arguments → evidence → rules → sweep → write → exit code.

mod cli;

use std::process;

use cli::{Command, ExitCode, Failure};

fn main() -> process::ExitCode {
    let outcome = match cli::parse() {
        Command::Sweep(args) => sweep(&args),
        Command::Inspect(args) => cli::inspect::run(&args),
        Command::Show(args) => cli::show::run(&args),
        Command::Rules(command) => cli::rules::run(&command),
        Command::Merge(args) => merge(&args),
        Command::Report(args) => cli::report::run(&args),
        Command::Compare(args) => cli::compare::run(&args),
        Command::Schema(args) => cli::schema::run(&args),
    };
    outcome.unwrap_or_else(|failure| failure.tell()).into()
}

/// The main job.
fn sweep(args: &cli::SweepArgs) -> Result<ExitCode, Failure> {
    let outputs = args.output.write.plan(&args.evidence.paths)?;
    let evidence = args.evidence.collect()?;
    if evidence.sources.is_empty() && !cli::tell::unreadable(&evidence.gaps) {
        return Ok(cli::tell::no_input(&evidence.gaps));
    }
    let rules = args.rules.load()?;
    let key = args.key()?;
    let run = args.run(&evidence, &rules);
    let options = args.options(&evidence.inventory);

    let bar = cli::progress::Bar::new(&evidence, args.output.write.quiet);
    let own = evidence.inventory.sites.iter().flat_map(|site| site.own_domains.clone());
    let finder = leaksweep::element::Finder::new(key.key.clone()).with_own_domains(own);
    let tally = leaksweep::sweep(&evidence, &rules, &finder, &options, &bar);
    bar.finish();

    let mut tally = tally.map_err(cli::no_threads)?;
    if !args.no_pivot {
        leaksweep::pivot(&mut tally, &evidence.inventory, &rules, &options, &())
            .map_err(cli::no_threads)?;
    }
    let report = leaksweep::conclude(&tally, &evidence.inventory, &rules, run.clone());
    let code = ExitCode::of(&report, &tally, args.output.fail_on);
    cli::tell::gaps(&tally, &report, args.output.verbose);
    outputs.write(&report, || cli::part(key, run, tally))?;
    Ok(code)
}

/// The same report from what several runs read.
fn merge(args: &cli::MergeArgs) -> Result<ExitCode, Failure> {
    let outputs = args.output.write.plan(&args.parts)?;
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
    cli::tell::gaps(&part.tally, &report, args.output.verbose);
    outputs.write(&report, || part)?;
    Ok(code)
}
