//! A second incident: a gateway entered through its administrators' log-in and SQL injection, as at
//! Metaps Payment from August 2021 to January 2022. What was taken from one store could not be told
//! (at most 460,395 records); 593 records of another were identified, of four kinds of payment.
//! The dates here are those of the first incident, so that one window covers both.

use crate::clock::{self, march};
use crate::incident::{self, Intrusion};
use crate::person::Person;
use crate::site::{Log, Plan};
use crate::traffic::Timed;

/// What the store of card data held at most: nobody can tell what of it was taken.
const DECLARED: u64 = 460_395;

/// Records identified, by kind of payment.
const IDENTIFIED: [(Kind, u64); 4] =
    [(Kind::Card, 434), (Kind::Store, 109), (Kind::PayEasy, 17), (Kind::Money, 33)];

/// What a kind of payment keeps of a person.
#[derive(Clone, Copy)]
enum Kind {
    /// Card number and expiry.
    Card,
    /// Paid at a convenience store: name, phone, e-mail.
    Store,
    /// Paid from a bank account: name, postal code, address, phone.
    PayEasy,
    /// Paid by electronic money: e-mail.
    Money,
}

/// The gateway's site.
pub fn site(plan: &mut Plan, requests: u64) -> std::io::Result<()> {
    let end = march(10, 6, 0, 0);
    let intrusion = Intrusion { client: "203.0.113.21", app: "pay", begin: march(7, 3, 0, 0) };
    let mut site = plan.site("gateway.example.jp", "pay", &["access", "application", "gateway"]);
    site.declared = Some(DECLARED);
    let mut access = site.ordinary_access(requests, clock::BEGIN, end);
    incident::brute_force(&mut access, intrusion.client, march(7, 1, 10, 0), 240);
    injections(&mut access, intrusion.client, march(7, 1, 20, 0));
    intrusion.web_shell(&mut access);
    site.write(Log::Access, access)?;
    let application = site.ordinary_application(requests / 10, clock::BEGIN, end);
    site.write(Log::Application, application)?;
    let mut gateway = site.ordinary_pairs(requests / 5, clock::BEGIN, end);
    records(&mut gateway, intrusion.client, march(7, 3, 30, 0));
    site.write(Log::Gateway, gateway)?;
    plan.add(site);
    Ok(())
}

/// Injections into a page behind the log-in; the answers hold as much as was asked for.
fn injections(lines: &mut Vec<Timed>, client: &str, begin: i64) {
    for i in 0..60_i64 {
        let target = format!(
            "GET /admin/orders?shop=7%27%20UNION%20SELECT%20card_no,expire,0%20FROM%20card_token%20LIMIT%20{},500--",
            500 * i
        );
        let bytes = 18_400 + 37 * (i as u64 % 11);
        lines.push(incident::request(begin + 20 * i, client, &target, 200, bytes, "Mozilla/5.0"));
    }
}

/// The records as the gateway's log names them, one for each search of the intruder.
fn records(lines: &mut Vec<Timed>, client: &str, begin: i64) {
    let kinds = IDENTIFIED.iter().flat_map(|(kind, count)| (0..*count).map(move |_| *kind));
    for (i, kind) in (0..).zip(kinds) {
        let time = begin + 11 * i as i64;
        let stamp = clock::log4j(time, i % 1_000).replace(',', ".");
        let of_person = elements(kind, Person::new(3, 1_500_000 + i));
        lines.push((
            time,
            format!(
                "{stamp} level=INFO site=gateway.example.jp op=SearchTrade src_ip={client} orderId=T20170307-{i:06} {of_person}"
            ),
        ));
    }
}

fn elements(kind: Kind, mut person: Person) -> String {
    let (name, phone) = (person.name(), person.phone());
    match kind {
        Kind::Card => format!("cardNo={} expire={}", person.card(), person.expiry()),
        Kind::Store => format!("name=\"{name}\" tel={phone} mail={}", person.mail()),
        Kind::PayEasy => {
            let (zip, address) = (person.zip(), person.address());
            format!("name=\"{name}\" zip={zip} address=\"{address}\" tel={phone}")
        }
        Kind::Money => format!("mail={}", person.mail()),
    }
}
