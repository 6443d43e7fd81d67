//! Where each site's logs are written, and the inventory that names them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::chance::Chance;
use crate::traffic::{self, Timed};
use crate::{clock, incident};

/// A kind of log.
#[derive(Clone, Copy)]
pub enum Log {
    Access,
    Application,
    Gateway,
    Waf,
}

impl Log {
    fn file(self) -> &'static str {
        match self {
            Self::Access => "access.log",
            Self::Application => "app.log",
            Self::Gateway => "gateway.log",
            Self::Waf => "waf.log",
        }
    }
}

/// All sites of the gateway.
pub struct Plan {
    dir: PathBuf,
    sites: Vec<Site>,
}

/// One site.
pub struct Site {
    name: String,
    app: String,
    dir: PathBuf,
    chance: Chance,
    expected: Vec<&'static str>,
    /// What the data store held.
    pub declared: Option<u64>,
}

impl Plan {
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), sites: Vec::new() }
    }

    /// A site to be filled.
    pub fn site(&self, name: &str, app: &str, expected: &[&'static str]) -> Site {
        let chance = Chance::new(
            name.bytes().fold(17, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(b))),
        );
        let dir = self.dir.join(name);
        Site {
            name: name.into(),
            app: app.into(),
            dir,
            chance,
            expected: expected.to_vec(),
            declared: None,
        }
    }

    pub fn add(&mut self, site: Site) {
        self.sites.push(site);
    }

    /// A site of which no log was handed over.
    pub fn also(&mut self, name: &str) {
        let site = self.site(name, "pay", &["access", "gateway"]);
        self.add(site);
    }

    pub fn write_shared(&self, path: &str, lines: Vec<Timed>) -> io::Result<()> {
        write_lines(&self.dir.join(path), lines)
    }

    pub fn inventory(&self) -> String {
        let mut text = String::from(
            "# The sites of the gateway, for `leaksweep sweep DIR --sites DIR/sites.toml`.\n\
             timezone = \"Asia/Tokyo\"\n\n\
             [window]  # from the publication of the vulnerability to the night of containment\n\
             from = \"2017-03-06T22:00:00+09:00\"\nto   = \"2017-03-10T00:00:00+09:00\"\n",
        );
        for site in &self.sites {
            let name = &site.name;
            let _ = write!(
                text,
                "\n[[site]]\nname = \"{name}\"\nhosts = [\"{name}\"]\npaths = [\"{name}/**\"]\n"
            );
            if let Some(records) = site.declared {
                let _ = writeln!(text, "declared_records = {records}");
            }
            let _ = writeln!(text, "expected = [\"{}\"]", site.expected.join("\", \""));
        }
        text
    }
}

impl Site {
    pub fn ordinary_access(&mut self, count: u64, from: i64, to: i64) -> Vec<Timed> {
        let (chance, app, name) = (&mut self.chance, &self.app, &self.name);
        let times = traffic::times(chance, count, from, to);
        times.into_iter().map(|t| (t, traffic::combined(chance, t, app, name))).collect()
    }

    pub fn ordinary_application(&mut self, count: u64, from: i64, to: i64) -> Vec<Timed> {
        let chance = &mut self.chance;
        let times = traffic::times(chance, count, from, to);
        times.into_iter().map(|t| (t, traffic::application(chance, t))).collect()
    }

    pub fn ordinary_gateway(&mut self, count: u64, from: i64, to: i64) -> Vec<Timed> {
        let (chance, name) = (&mut self.chance, &self.name);
        let times = traffic::times(chance, count, from, to);
        times.into_iter().map(|t| (t, traffic::gateway(chance, t, name))).collect()
    }

    /// Ordinary gateway lines as key=value pairs.
    pub fn ordinary_pairs(&mut self, count: u64, from: i64, to: i64) -> Vec<Timed> {
        let (chance, name) = (&mut self.chance, &self.name);
        let times = traffic::times(chance, count, from, to);
        times.into_iter().map(|t| (t, traffic::pairs(chance, t, name))).collect()
    }

    pub fn write_gateway(&mut self, count: u64, to: i64) -> io::Result<()> {
        let lines = self.ordinary_gateway(count, clock::BEGIN, to);
        self.write(Log::Gateway, lines)
    }

    pub fn write(&self, log: Log, lines: Vec<Timed>) -> io::Result<()> {
        write_lines(&self.dir.join(log.file()), lines)
    }

    /// Writes the lines before `cut` as the rotated, compressed file.
    pub fn write_rotated(&self, log: Log, lines: Vec<Timed>, cut: i64) -> io::Result<()> {
        let (old, new): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(time, _)| *time < cut);
        write_lines(&self.dir.join(format!("{}.1.gz", log.file())), old)?;
        self.write(log, new)
    }

    /// Writes a compressed file whose end is missing.
    pub fn write_cut_short(&self, log: Log, lines: Vec<Timed>) -> io::Result<()> {
        let path = self.dir.join(format!("{}.gz", log.file()));
        write_lines(&path, lines)?;
        let length = fs::metadata(&path)?.len();
        File::options().write(true).open(&path)?.set_len(length * 4 / 5)
    }
}

fn write_lines(path: &Path, mut lines: Vec<Timed>) -> io::Result<()> {
    lines.sort_by_key(|(time, _)| *time);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = BufWriter::new(File::create(path)?);
    if path.extension().is_some_and(|e| e == "gz") {
        let mut gz = GzEncoder::new(file, Compression::fast());
        lines.iter().try_for_each(|(_, line)| writeln!(gz, "{line}"))?;
        return gz.finish()?.flush();
    }
    lines.iter().try_for_each(|(_, line)| writeln!(file, "{line}"))?;
    file.flush()
}

/// Writes a combined log of ordinary traffic in which one line in a thousand is an attack.
pub fn write_traffic(path: &Path, megabytes: u64) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = BufWriter::new(File::create(path)?);
    let mut chance = Chance::new(8);
    let mut attacks = Vec::new();
    incident::scanner(&mut attacks, "203.0.113.200", clock::BEGIN, 12);
    let mut written = 0;
    for i in 0.. {
        let line = match i % 1_000 {
            999 => attacks[i / 1_000 % attacks.len()].1.clone(),
            _ => traffic::combined(
                &mut chance,
                clock::BEGIN + i as i64 / 50,
                "pay",
                "pay.example.com",
            ),
        };
        written += line.len() as u64 + 1;
        writeln!(file, "{line}")?;
        if written >= megabytes * 1_000_000 {
            break;
        }
    }
    file.flush()
}
