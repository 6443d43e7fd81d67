//! Writes the incident of March 2017 as logs, at its real size or in small.
//!
//! ```text
//! cargo run --release --example replay -- DIR           the real size
//! cargo run --release --example replay -- DIR --small   the size of sample-logs
//! cargo run --release --example replay -- DIR --gateway only the second incident, a gateway's
//! cargo run --release --example replay -- DIR --traffic 1000   only a combined log of 1,000 MB,
//!                                            one line in a thousand an attack: for speed
//! ```
//!
//! Who was breached, when, and how many records of which class were exposed is as published. That
//! a log carried the records is an **assumption of the exercise**: the published numbers most
//! probably came from the data store. The people, cards, addresses and the planted page are made
//! up; client addresses are from the ranges for documentation.
#![allow(clippy::print_stderr, missing_docs, unreachable_pub)]

mod chance;
mod clock;
mod gateway;
mod incident;
mod person;
mod site;
mod traffic;

use std::path::{Path, PathBuf};

use chance::Chance;
use clock::march;
use incident::{Intrusion, LoanCounts, TaxCounts};
use site::{Log, Plan};

/// How large the incident is written.
struct Scale {
    tax: TaxCounts,
    loan: LoanCounts,
    /// Ordinary requests of each site.
    requests: u64,
    /// Requests of a scanner.
    scans: u64,
    /// Clean sites.
    clean: usize,
    /// With the site that was entered, but from which nothing was taken.
    entered: bool,
    /// With the second incident.
    gateway: bool,
}

/// As published on 10 March and 14 April 2017.
const REAL: Scale = Scale {
    tax: TaxCounts { plain: 61_661, mail: 614_629, cards: 364_181, mails: 362_049 },
    loan: LoanCounts {
        code: 622,
        code_mail_joining: 27_661,
        code_mail: 5_569,
        joining: 9_688,
        cards: 40_872,
    },
    requests: 100_000,
    scans: 40_000,
    clean: 14,
    entered: false,
    gateway: true,
};

/// About a five-thousandth.
const SMALL: Scale = Scale {
    tax: TaxCounts { plain: 12, mail: 123, cards: 73, mails: 72 },
    loan: LoanCounts { code: 2, code_mail_joining: 28, code_mail: 6, joining: 10, cards: 41 },
    requests: 700,
    scans: 400,
    clean: 2,
    entered: true,
    gateway: false,
};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let small = arguments.iter().any(|a| a == "--small");
    let Some(dir) = arguments.iter().find(|a| !a.starts_with("--")).map(PathBuf::from) else {
        eprintln!("usage: replay DIR [--small | --gateway | --traffic MEGABYTES]");
        return Err(std::io::Error::other("no folder given"));
    };
    if let Some(at) = arguments.iter().position(|a| a == "--traffic") {
        let megabytes = arguments.get(at + 1).and_then(|n| n.parse().ok()).unwrap_or(100);
        return site::write_traffic(&dir.join("access.log"), megabytes);
    }
    let mut plan = Plan::new(&dir);
    if arguments.iter().any(|a| a == "--gateway") {
        gateway::site(&mut plan, SMALL.requests)?;
        return write_inventory(&plan, &dir);
    }
    let scale = if small { SMALL } else { REAL };
    tax_site(&mut plan, &scale)?;
    loan_site(&mut plan, &scale)?;
    attacked_sites(&mut plan, &scale)?;
    uncertain_sites(&mut plan, &scale)?;
    clean_sites(&mut plan, &scale)?;
    if scale.gateway {
        gateway::site(&mut plan, scale.requests)?;
    }
    plan.also("karuizawa.example.jp");
    write_inventory(&plan, &dir)
}

/// Tokyo's tax payment site.
fn tax_site(plan: &mut Plan, scale: &Scale) -> std::io::Result<()> {
    let stop = march(9, 23, 53, 0);
    let intrusion = Intrusion { client: "203.0.113.66", app: "tax", begin: march(8, 5, 12, 7) };
    let mut site = plan.site("zei.example.jp", "tax", &["access", "application", "gateway"]);
    site.declared = Some(scale.tax.plain + scale.tax.mail);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, stop);
    intrusion.reconnaissance(&mut access);
    intrusion.exploit(&mut access);
    intrusion.web_shell(&mut access);
    intrusion.dump(&mut access);
    intrusion.refused(&mut access);
    site.write_rotated(Log::Access, access, march(8, 0, 0, 0))?;
    let mut application = site.ordinary_application(scale.requests / 10, clock::BEGIN, stop);
    intrusion.warnings(&mut application);
    site.write(Log::Application, application)?;
    let mut gateway = site.ordinary_gateway(scale.requests / 5, clock::BEGIN, stop);
    let mut chance = Chance::new(66);
    incident::tax_records(scale.tax, intrusion.client, &mut chance, &mut |line| gateway.push(line));
    site.write(Log::Gateway, gateway)?;
    plan.add(site);
    Ok(())
}

/// The Housing Finance Agency's site.
fn loan_site(plan: &mut Plan, scale: &Scale) -> std::io::Result<()> {
    let stop = march(9, 23, 53, 0);
    let intrusion =
        Intrusion { client: "203.0.113.99", app: "dannshin", begin: march(8, 5, 58, 40) };
    let name = "dannshin.jhf.example.jp";
    let mut site = plan.site(name, "dannshin", &["access", "application", "gateway"]);
    let loan = scale.loan;
    site.declared = Some(loan.code + loan.code_mail_joining + loan.code_mail + loan.joining);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, stop);
    intrusion.reconnaissance(&mut access);
    intrusion.exploit(&mut access);
    intrusion.web_shell(&mut access);
    site.write_rotated(Log::Access, access, march(8, 0, 0, 0))?;
    let mut application = site.ordinary_application(scale.requests / 10, clock::BEGIN, stop);
    intrusion.warnings(&mut application);
    site.write(Log::Application, application)?;
    let mut gateway = site.ordinary_pairs(scale.requests / 5, clock::BEGIN, stop);
    let mut chance = Chance::new(99);
    incident::loan_records(loan, intrusion.client, &mut chance, &mut |line| gateway.push(line));
    site.write(Log::Gateway, gateway)?;
    plan.add(site);
    Ok(())
}

/// Sites that were attacked: blocked, scanned, accepted, guessed, entered.
fn attacked_sites(plan: &mut Plan, scale: &Scale) -> std::io::Result<()> {
    let end = march(10, 6, 0, 0);
    let both: &[&'static str] = &["access", "gateway"];

    let mut site = plan.site("nenkin.example.jp", "pay", &["access", "gateway", "waf"]);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    let mut waf = Vec::new();
    for i in 0..30 {
        let time = march(9, 22, i, 7);
        access.push(incident::request(
            time,
            "203.0.113.66",
            "GET /pay/index.action",
            403,
            199,
            "Mozilla/5.0",
        ));
        waf.push(incident::waf_block(time, "203.0.113.66", "nenkin.example.jp", "pay"));
    }
    site.write(Log::Access, access)?;
    site.write(Log::Waf, waf)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);

    let mut site = plan.site("shop.example.com", "shop", both);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    incident::scanner(&mut access, "203.0.113.200", march(8, 13, 0, 0), scale.scans);
    site.write(Log::Access, access)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);

    let mut site = plan.site("kaigo.example.jp", "kaigo", &["access", "application", "gateway"]);
    let access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    site.write(Log::Access, access)?;
    let mut application = site.ordinary_application(scale.requests / 10, clock::BEGIN, end);
    application.push(incident::struts_warning(march(9, 19, 2, 33), "whoami"));
    site.write(Log::Application, application)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);

    let mut site = plan.site("donation.example.org", "give", both);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    incident::brute_force(&mut access, "203.0.113.17", march(7, 2, 30, 0), 60);
    site.write(Log::Access, access)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);

    if scale.entered {
        let intrusion =
            Intrusion { client: "203.0.113.140", app: "hotel", begin: march(9, 1, 44, 2) };
        let mut site =
            plan.site("hotel.example.net", "hotel", &["access", "application", "gateway"]);
        let mut access = site.ordinary_access(scale.requests, clock::BEGIN, end);
        intrusion.exploit(&mut access);
        intrusion.web_shell(&mut access);
        site.write(Log::Access, access)?;
        let mut application = site.ordinary_application(scale.requests / 10, clock::BEGIN, end);
        intrusion.warnings(&mut application);
        site.write(Log::Application, application)?;
        site.write_gateway(scale.requests / 5, end)?;
        plan.add(site);
    }
    Ok(())
}

/// Clean sites whose logs do not allow to say so: a hole of hours, a file cut short.
fn uncertain_sites(plan: &mut Plan, scale: &Scale) -> std::io::Result<()> {
    let end = march(10, 6, 0, 0);
    let both: &[&'static str] = &["access", "gateway"];

    let mut site = plan.site("ticket.example.com", "ticket", both);
    let mut access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    access.retain(|(time, _)| !(march(8, 9, 40, 0)..march(8, 17, 5, 0)).contains(time));
    site.write(Log::Access, access)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);

    let mut site = plan.site("parcel.example.com", "parcel", both);
    let access = site.ordinary_access(scale.requests, clock::BEGIN, end);
    site.write_cut_short(Log::Access, access)?;
    site.write_gateway(scale.requests / 5, end)?;
    plan.add(site);
    Ok(())
}

/// Clean sites with whole logs, half of them in one log of many virtual hosts.
fn clean_sites(plan: &mut Plan, scale: &Scale) -> std::io::Result<()> {
    let end = march(10, 6, 0, 0);
    let mut shared = Vec::new();
    for i in 0..scale.clean {
        let name = format!(
            "{}.example.com",
            ["water", "books", "school", "gym", "museum", "ferry", "library"][i % 7]
        );
        let name = if i < 7 { name } else { name.replace(".com", ".net") };
        let mut site = plan.site(&name, "pay", &["access", "gateway"]);
        let access = site.ordinary_access(scale.requests, clock::BEGIN, end);
        if i % 2 == 0 {
            site.write(Log::Access, access)?;
        } else {
            shared.extend(access.into_iter().map(|(t, line)| (t, format!("{name}:443 {line}"))));
        }
        site.write_gateway(scale.requests / 5, end)?;
        plan.add(site);
    }
    plan.write_shared("edge/access-vhost.log.gz", shared)
}

fn write_inventory(plan: &Plan, dir: &Path) -> std::io::Result<()> {
    std::fs::write(dir.join("sites.toml"), plan.inventory())
}
