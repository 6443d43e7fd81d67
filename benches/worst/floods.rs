//! What may a whole log cost that an attacker made? Each flood is swept by the program itself: its
//! speed is compared with that of an ordinary log, and the most memory that the program took is told,
//! with what the report says of bounds that were met. Speed is by the processor's time (where `/proc`
//! tells it, as it tells the memory), since that says the same beside other work.

use std::fs::File;
use std::io::{BufWriter, Read, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};

/// The most memory that one log may take, bytes: what README.md and SECURITY.md promise.
const MEMORY: u64 = 200 << 20;

/// Writes as many bytes as are asked for, or a little more.
type Writer = fn(&mut dyn Write, u64) -> Result<()>;

/// How a flood is made.
enum Made {
    /// Of lines in which `{client}`, `{card}`, `{time}`, `{hour}`, `{n}` and `{x}` stand for what
    /// differs from line to line.
    Lines(&'static str),
    /// Into a file.
    File(Writer),
    /// Into standard input, so that it need not fit on a disk: this many times as many bytes.
    Pipe(u64, Writer),
}

/// The first is what the others are compared with.
const FLOODS: &[(&str, Made)] = &[
    ("an ordinary log", Made::File(ordinary)),
    ("clients", Made::Lines(r#"{client} - - [{time}] "GET /item HTTP/1.1" 200 7000 "-" "a""#)),
    ("paths", Made::Lines(r#"192.0.2.1 - - [{time}] "GET /{x}/a.php HTTP/1.1" 200 {n} "-" "a""#)),
    ("agents", Made::Lines(r#"192.0.2.1 - - [{time}] "GET /item HTTP/1.1" 200 7000 "-" "{x}""#)),
    ("hosts", Made::Lines(r#"{x}.example 192.0.2.1 - - [{time}] "GET / HTTP/1.1" 200 7 "-" "a""#)),
    (
        "all of these",
        Made::Lines(r#"{x}.example {client} - - [{time}] "GET /{x} HTTP/1.1" 200 {n} "-" "{x}""#),
    ),
    (
        "user names",
        Made::Lines(r#"192.0.2.1 - u{x} [{time}] "GET /item HTTP/1.1" 200 7000 "-" "a""#),
    ),
    (
        "sessions",
        Made::Lines(
            r#"{"time":"2017-03-08T05:12:07Z","client_ip":"{client}","user":"u{x}","session":"{x}{x}","level":"WARN","msg":"login failed for user u{x}"}"#,
        ),
    ),
    (
        "keys of objects",
        Made::Lines(r#"{"time":"2017-03-08T05:12:07Z","k{x}":"{x}","a{x}":{"b{x}":{n}}}"#),
    ),
    ("hours", Made::Lines(r#"192.0.2.1 - - [{hour}] "GET /item HTTP/1.1" 200 7000 "-" "a""#)),
    (
        "e-mail addresses",
        Made::Lines(
            r#"{client} - - [{time}] "GET /a?mail=u{x}%40example.jp HTTP/1.1" 200 12 "-" "a""#,
        ),
    ),
    (
        "cards in requests",
        Made::Lines(
            r#"{client} - - [{time}] "GET /pay?card={card}&exp=0925 HTTP/1.1" 200 12 "-" "a""#,
        ),
    ),
    (
        "cards of a gateway",
        Made::Lines(
            r#"{"time":"2017-03-08T05:12:07Z","client_ip":"192.0.2.1","msg":"capture","card_number":"{card}","expiry":"09/25","holder":"TARO YAMADA"}"#,
        ),
    ),
    (
        "attacks",
        Made::Lines(
            r#"{client} - - [{time}] "GET /{x}.php?id=1'+union+select+{n},password+from+users--+ HTTP/1.1" 200 {n} "-" "a/{x}""#,
        ),
    ),
    (
        "attacks of many kinds",
        Made::Lines(
            r#"{client} - - [{time}] "GET /a.php?id=1'+union+select+1&f=../../etc/passwd&c=;cat+/etc/shadow&x=<script>alert(1)</script>&j=${jndi:ldap://{x}/a} HTTP/1.1" 200 {n} "-" "sqlmap/1.0""#,
        ),
    ),
    (
        "failed log-ins of one client",
        Made::Lines(
            r#"192.0.2.1 - u{n} [08/Mar/2017:05:12:07 +0900] "POST /admin/login.php HTTP/1.1" 401 300 "-" "a""#,
        ),
    ),
    (
        "failed log-ins of many clients",
        Made::Lines(
            r#"{client} - u{n} [08/Mar/2017:05:12:07 +0900] "POST /admin/login.php HTTP/1.1" 401 300 "-" "a""#,
        ),
    ),
    ("one line", Made::Pipe(80, one_line)),
    ("a bomb in a bomb, 1000:1", Made::Pipe(8, bomb)),
    ("an archive of members", Made::Pipe(1, members)),
];

/// Sweeps them; whether one took more than `most` times as long as usual, or too much memory.
pub(crate) fn run(quick: bool, most: f64, only: Option<&str>) -> bool {
    let bytes: u64 = if quick { 1 << 20 } else { 128 << 20 };
    let mut usual = None;
    let mut bad = false;
    println!("{:32}{:>9}{:>9}{:>9}{:>9}", "flood", "MB", "MB/s", "slower", "memory");
    for (name, made) in FLOODS {
        if usual.is_some() && only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let cost = made.sweep(if quick { bytes / made.times() } else { bytes });
        let slower = cost.per_byte() / *usual.get_or_insert(cost.per_byte());
        let broken = slower > most || cost.memory > MEMORY;
        println!(
            "{name:32}{:>9}{:>9.1}{slower:>8.1}x{:>6} MB{}",
            cost.bytes >> 20,
            1e-6 / cost.per_byte(),
            cost.memory >> 20,
            if broken { "  BEYOND THE BOUND" } else { "" }
        );
        for said in cost.stated {
            println!("    {said}");
        }
        bad |= broken;
    }
    bad
}

impl Made {
    fn times(&self) -> u64 {
        match self {
            Self::Pipe(times, _) => *times,
            _ => 1,
        }
    }

    fn write(&self, out: &mut dyn Write, bytes: u64) -> Result<()> {
        match self {
            Self::Lines(template) => {
                lines(out, bytes, |n, text| text.extend_from_slice(filled(template, n).as_bytes()))
            }
            Self::File(writer) | Self::Pipe(_, writer) => writer(out, bytes),
        }
    }

    /// What it costs the program to sweep so many bytes, or so many times as many.
    fn sweep(&self, bytes: u64) -> Cost {
        let bytes = bytes * self.times();
        if let Self::Pipe(..) = self {
            return swept(Path::new("-"), bytes, |out| self.write(out, bytes));
        }
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("flood.log");
        let mut file = BufWriter::new(File::create(&path).expect("a file"));
        self.write(&mut file, bytes).expect("room on the disk");
        drop(file);
        let cost = swept(&path, bytes, |_| Ok(()));
        let _ = std::fs::remove_file(path);
        cost
    }
}

/// What a sweep cost, and what its report says of bounds.
struct Cost {
    bytes: u64,
    seconds: f64,
    memory: u64,
    stated: Vec<String>,
}

impl Cost {
    fn per_byte(&self) -> f64 {
        self.seconds / self.bytes as f64
    }
}

fn swept(path: &Path, bytes: u64, write: impl FnOnce(&mut dyn Write) -> Result<()> + Send) -> Cost {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_leaksweep"))
        .args(["sweep", "--quiet", "-f", "json"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let (input, mut output) = (child.stdin.take(), child.stdout.take());
    let (taken, report) = std::thread::scope(|scope| {
        let report = scope.spawn(move || {
            let mut text = String::new();
            let _ = output.as_mut().map(|output| output.read_to_string(&mut text));
            text
        });
        // What lies behind a bound may not be read.
        scope
            .spawn(move || input.map(|input| write(&mut BufWriter::with_capacity(1 << 20, input))));
        (watched(&mut child), report.join().expect("no panic"))
    });
    let seconds = taken.seconds.unwrap_or_else(|| start.elapsed().as_secs_f64());
    Cost { bytes, seconds, memory: taken.memory, stated: stated(&report) }
}

/// What `/proc` said last of a process.
#[derive(Default)]
struct Taken {
    memory: u64,
    /// Of the processor; of all threads.
    seconds: Option<f64>,
}

/// Waits for the end.
fn watched(child: &mut Child) -> Taken {
    let of = format!("/proc/{}/", child.id());
    let read = |name: &str| std::fs::read_to_string(of.clone() + name).unwrap_or_default();
    let mut taken = Taken::default();
    while matches!(child.try_wait(), Ok(None)) {
        let text = read("status");
        let peak = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        taken.memory = taken.memory.max(peak.and_then(|kb| kb.parse().ok()).unwrap_or(0_u64) << 10);
        taken.seconds = seconds(&read("stat")).or(taken.seconds);
        std::thread::sleep(Duration::from_millis(10));
    }
    taken
}

/// The time of the processor in the fields 14 and 15 of `/proc/PID/stat`, hundredths of seconds.
fn seconds(stat: &str) -> Option<f64> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields = behind.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    (ticks > 0).then_some(ticks as f64 / 100.0)
}

/// The first site's verdict, and what stands in the report of what was not kept or not read.
fn stated(report: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(report).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let site = &report["sites"][0];
    let verdict = format!("verdict: {}", text(&site["verdict"]));
    let lists = [&site["coverage"]["notes"], &site["coverage"]["shortfalls"]];
    let coverage = lists.into_iter().filter_map(|list| list.as_array()).flatten().map(text);
    let gaps = report["run"]["gaps"].as_array().into_iter().flatten();
    let gaps = gaps.map(|gap| text(&gap["detail"]));
    let all = std::iter::once(verdict).chain(coverage).chain(gaps);
    all.take(6).map(|said| said.chars().take(160).collect()).collect()
}

/// Lines, each by its number, up to so many bytes.
fn lines(out: &mut dyn Write, bytes: u64, line: impl Fn(u64, &mut Vec<u8>)) -> Result<()> {
    let (mut written, mut text) = (0, Vec::new());
    for number in 0.. {
        if written >= bytes {
            break;
        }
        text.clear();
        line(number, &mut text);
        text.push(b'\n');
        written += text.len() as u64;
        out.write_all(&text)?;
    }
    out.flush()
}

/// A template with what line `n` says in its places.
fn filled(template: &str, n: u64) -> String {
    let mut text = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let word = behind.split_once('}').and_then(|(word, rest)| Some((said(word, n)?, rest)));
        if let Some((said, behind)) = word {
            text.push_str(&said);
            rest = behind;
        } else {
            text.push('{');
            rest = behind;
        }
    }
    text + rest
}

fn said(word: &str, n: u64) -> Option<String> {
    Some(match word {
        "client" => client(n),
        "card" => card(n),
        "time" => time(n / 16),
        "hour" => time(n * 3_600),
        "n" => (mixed(n) % 30_000).to_string(),
        "x" => format!("{:016x}", mixed(n)),
        _ => return None,
    })
}

/// Numbers that look random (splitmix64).
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

fn client(n: u64) -> String {
    let bits = mixed(n);
    format!("{}.{}.{}.{}", 11 + bits % 100, bits >> 8 & 255, bits >> 16 & 255, bits >> 24 & 255)
}

/// A number of sixteen digits whose last one is right (ISO/IEC 7812-1, annex B).
fn card(n: u64) -> String {
    let number = format!("4{:014}", mixed(n) % 100_000_000_000_000);
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let digits = number.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let sum: u32 = digits.map(|(i, d)| if i % 2 == 0 { doubled(d) } else { d }).sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}

/// So many seconds after the year 1970 began, in years of twelve months of 28 days.
fn time(second: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = second / 86_400;
    let (year, month) = (2010 + day / 336 % 8_000, MONTHS[(day / 28 % 12) as usize]);
    let (hour, minute) = (second / 3_600 % 24, second / 60 % 60);
    format!("{:02}/{month}/{year}:{hour:02}:{minute:02}:{:02} +0900", day % 28 + 1, second % 60)
}

fn ordinary(out: &mut dyn Write, bytes: u64) -> Result<()> {
    lines(out, bytes, |n, text| {
        let (client, page, size) = (client(n / 40 % 5_000), mixed(n) % 60, mixed(n) % 30_000);
        let (time, agent) = (time(n / 16), n / 40 % 30);
        let _ = write!(
            text,
            "{client} - - [{time}] \"GET /item/{page}?id={n} HTTP/1.1\" 200 {size} \
             \"https://shop.example.jp/item/{page}\" \
             \"Mozilla/5.0 (Windows NT 10.0; rv:52.0) Gecko/20100101 Firefox/{agent}.0\""
        );
    })
}

/// A request without end.
fn one_line(out: &mut dyn Write, bytes: u64) -> Result<()> {
    out.write_all(b"192.0.2.1 - - [08/Mar/2017:05:12:07 +0900] \"GET /p?")?;
    let some = (0..10_000).map(|n| format!("a{n}=1'+or+{n}&")).collect::<Vec<_>>().concat();
    (0..bytes / some.len() as u64).try_for_each(|_| out.write_all(some.as_bytes()))?;
    out.flush()
}

fn bomb(out: &mut dyn Write, bytes: u64) -> Result<()> {
    let mut outer = GzEncoder::new(out, Compression::best());
    let mut inner = GzEncoder::new(&mut outer, Compression::best());
    let alike = vec![b'a'; 1 << 20];
    (0..bytes >> 20).try_for_each(|_| inner.write_all(&alike))?;
    inner.finish()?;
    outer.finish()?.flush()
}

/// A line in each member, in two blocks of 512 bytes.
fn members(out: &mut dyn Write, bytes: u64) -> Result<()> {
    let mut archive = tar::Builder::new(out);
    for n in 0..bytes >> 10 {
        let text = filled("{client} - - [{time}] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\"\n", n);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("logs/{n}.log"), text.as_bytes())?;
    }
    archive.into_inner()?.flush()
}
