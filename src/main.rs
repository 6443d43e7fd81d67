//! leaksweep: arguments → evidence → rules → sweep → write → exit code.

mod cli;

use std::process;

use cli::tell::Voice;
use cli::{Command, ConfigCommand, ExitCode, Failure};

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
    let key = args.key()?;
    let run = args.run(&evidence, &rules);
    if !args.output.write.quiet {
        voice.inventory(&run);
    }
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
    voice.gaps(&tally, &report, args.output.verbose);
    outputs.write(report, || cli::part(key, run, tally))?;
    Ok(code)
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
