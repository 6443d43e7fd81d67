//! Would this value run a command, if it were put into a shell's command line?
//!
//! Three things betray it: a command behind what ends or nests the one before (`; id`, `| cat
//! /etc/passwd`, `$(uname)`), a command with the arguments of a shell at the beginning of the value
//! (`wget http://…`), and a way of writing that only serves to hide one (`w'h'oami`, `c\at`,
//! `{cat,/etc/passwd}`, `$IFS`, `/b?n/c?t`). Names of commands that are ordinary words (`sort`,
//! `mail`, `time`) need an argument beside them that no sentence has.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::known::{Signs, Texts, Words};

/// How a command is brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cmdi {
    /// The value begins with a command and its arguments: `ls -la`.
    Called,
    /// It is written so that filters do not see it: `w'h'oami`.
    Hidden,
    /// It stands behind another: `; id`, `&& ls /`.
    Chained,
    /// Its output is put into another: `$(id)`, `` `id` ``.
    Substituted,
    /// A shell or its devices by name: `/bin/sh`, `/dev/tcp/`, `cmd /c`, `powershell -enc`.
    Shell,
}

impl Cmdi {
    /// The word that rules know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::Hidden => "hidden",
            Self::Chained => "chained",
            Self::Substituted => "substituted",
            Self::Shell => "shell",
        }
    }
}

/// Longer values are read so far only.
const LONGEST: usize = 2_048;

/// No name is longer, whatever hides it: a value may open a thousand substitutions, and each is not
/// to be read to the end.
const HIDDEN: usize = 256;

/// Commands that are no ordinary words: enough behind a separator.
const CLEAR: &str = "whoami uname wget curl lwp-download lwp-request nc ncat netcat socat nslookup traceroute \
    bash zsh ksh csh dash tcsh sh python python2 python3 perl php ruby lua gcc awk gawk xxd hexdump base64 base32 \
    printf chmod chown chgrp pkill killall printenv egrep fgrep xargs nohup tmux sudo passwd useradd \
    usermod adduser groupadd crontab systemctl ifconfig netstat iptables ssh scp sftp tftp rsync telnet \
    sendmail usleep umount lsof lsb_release hostname gzip gunzip bzip2 phpinfo busybox kubectl mysqldump psql \
    sqlite3 openssl gpg whereis dpkg sysctl nmap tcpdump strace ltrace gdb getent pwd ls ipconfig \
    systeminfo tasklist taskkill schtasks wmic certutil bitsadmin powershell pwsh mshta rundll32 regsvr32 \
    cscript wscript icacls nbtstat nltest dsquery findstr forfiles vssadmin ps rm mkdir rmdir echo ifconfig \
    ping6 lastlog pstree htop vmstat iostat lscpu lsmod dmesg uptime setsid unshare mkfifo zcat tac \
    lwp-mirror aria2c axel invoke-webrequest invoke-expression iwr iex arp ss ftp fsockopen regedit bcdboot \
    unxz zstdcat apt-get dig ping cmd cmd.exe nohup rmt rmt-tar uconv irb visudo perf doas chroot";

/// Commands that are words or names too: they need the argument of a command.
const VAGUE: &str = "id who w cat dir host env expr eval source locate grep sort uniq cut tr tee screen su \
    service ip route mail sleep timeout date df du mount free last tar zip unzip dd diff file stat \
    readlink rev cd reboot shutdown halt docker mysql vi vim nano ed ex emacs man which type alias history jobs watch svn pip npm \
    apt yum rpm pico fold paste pr split head tail nl od more less strings touch cp mv ln kill top unset find make \
    node java go cc sed wc net net1 reg set ver copy del attrib sc rc time exec test read export let declare \
    command fetch call start rd md move ren title echo. tree finger chef";

/// The commands by name: asked at every separator of a value.
static NAMES: LazyLock<FxHashMap<&[u8], Strength>> = LazyLock::new(|| {
    let named = |list: &'static str, strength| {
        list.split_ascii_whitespace().map(move |name| (name.as_bytes(), strength))
    };
    named(VAGUE, Strength::Vague).chain(named(CLEAR, Strength::Clear)).collect()
});

/// Commands before which another stands.
static BEFORE: Words =
    Words::new("time nohup sudo env strace exec doas command setsid watch timeout");

/// A shell, its devices and interpreters by name.
static ALONE: Texts = Texts::new(&[
    "/dev/tcp/",
    "/dev/udp/",
    "%comspec%",
    "cmd.exe",
    "command.com",
    "/bin/sh",
    "/bin/bash",
    "/bin/cat",
    "/bin/id",
    "/bin/ls",
    "/bin/nc",
    "/usr/bin/id",
    "/usr/bin/whoami",
    "/bin/uname",
    "/bin/echo",
    "/bin/wget",
    "/bin/curl",
    "/bin/perl",
    "/bin/python",
    "/bin/busybox",
    "/bin/ping",
    "/bin/zsh",
    "/bin/dash",
    "/sbin/ifconfig",
    "powershell.exe",
    "invoke-expression",
    "invoke-webrequest",
    "downloadstring",
    "$shell",
    "${shell",
    "cmd /c",
    "cmd /k",
    "cmd/c",
]);

/// The variable that stands for blanks.
static IFS: Texts = Texts::new(&["$ifs", "${ifs"]);

/// What the value does in a shell; the gravest reading counts.
pub fn cmdi(value: &[u8]) -> Option<Cmdi> {
    let lower = value[..value.len().min(LONGEST)].to_ascii_lowercase();
    let plain = unquoted(&lower);
    let signs = Signs::of(&lower);
    let found = shell(&plain).or_else(|| signs.any(b"`(").then(|| substituted(&lower)).flatten());
    let found = found.or_else(|| chained(&plain));
    found.or_else(|| hidden(&lower, &signs)).or_else(|| called(&plain))
}

/// The text without the quotes, backslashes and empty variables that a shell removes.
fn unquoted(text: &[u8]) -> Cow<'_, [u8]> {
    let noise = |b: &u8| matches!(b, b'\'' | b'"' | b'\\' | b'$' | b'^');
    if !text.iter().any(noise) {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(byte) = rest.first() {
        let len = match rest {
            [b'$', b'@' | b'*' | b'!' | b'-' | b'$' | b'u', ..] => 2,
            [b'$', b'i', b'f', b's', tail @ ..] => {
                4 + if let [b'$', b'0'..=b'9', ..] = tail { 2 } else { 0 }
            }
            [b'$', b'{', b'i', b'f', b's', ..] => {
                rest.iter().position(|b| *b == b'}').map_or(5, |n| n + 1)
            }
            [b'\'' | b'"' | b'^', ..] => 1,
            [b'\\', next, ..] if next.is_ascii_alphabetic() => 1,
            _ => 0,
        };
        match len {
            0 => plain.push(*byte),
            4.. => plain.push(b' '),
            _ => {}
        }
        rest = &rest[len.max(1)..];
    }
    Cow::Owned(plain)
}

/// A shell, its devices, or an interpreter told to run a text.
fn shell(text: &[u8]) -> Option<Cmdi> {
    (ALONE.any_in(text) || defines(text)).then_some(Cmdi::Shell)
}

/// Whether a function of the shell is defined: `() { :; };`, `f(){ f|f& };f`.
fn defines(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"()").any(|at| {
        let body = text[at + 2..].trim_ascii_start();
        body.starts_with(b"{") && !text[..at].trim_ascii_end().ends_with(b"function")
    })
}

/// A command in backquotes, `$(…)` or `<(…)`.
fn substituted(text: &[u8]) -> Option<Cmdi> {
    let opens = |at: usize| match text[at..] {
        [b'`', ref inside @ ..] => {
            memchr::memchr(b'`', inside).is_some_and(|end| runs(&inside[..end]))
        }
        [b'$' | b'<' | b'>', b'(', ref inside @ ..] => {
            inside.starts_with(b"(") || runs(inside) || nested(inside)
        }
        _ => false,
    };
    (0..text.len()).any(opens).then_some(Cmdi::Substituted)
}

fn nested(inside: &[u8]) -> bool {
    inside.first().is_some_and(|b| matches!(b, b'$' | b'`' | b'<'))
}

/// Whether a text that stands where a command is expected begins with one.
fn runs(text: &[u8]) -> bool {
    let text = skip(text);
    let text = &text[..text.len().min(HIDDEN)];
    let plain = unquoted(&text[..reach(text)]);
    let (word, _) = word(skip(&plain));
    strength(word).is_some()
}

/// How far a word may reach with what a shell removes from it.
fn reach(text: &[u8]) -> usize {
    let mut begun = false;
    let mut goes_on = |b: &u8| {
        begun |= b.is_ascii_alphanumeric();
        let noise = b"._-/\\'\"$^@*!{}".contains(b);
        begun && b.is_ascii_alphanumeric() || noise || !begun && b" \t\r\n(".contains(b)
    };
    text.iter().take_while(|b| goes_on(b)).count()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Vague,
    Clear,
}

fn strength(word: &[u8]) -> Option<Strength> {
    let name = word.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or_default();
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    NAMES.get(name).copied()
}

/// Skips what may stand before a command's name.
fn skip(text: &[u8]) -> &[u8] {
    let ahead = text
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'(' | b'{' | b'!' | b'@'))
        .count();
    &text[ahead..]
}

/// The word at the start, and what follows.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let part =
        |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'\\');
    text.split_at(text.iter().take_while(part).count())
}

/// A command behind a separator.
fn chained(text: &[u8]) -> Option<Cmdi> {
    let separates = |at: &usize| match text[*at] {
        b';' | b'|' | b'\n' | b'\r' => true,
        b'&' => {
            text.get(at + 1) == Some(&b'&')
                || text.get(at + 1).is_some_and(|b| matches!(b, b' ' | b'+'))
        }
        _ => false,
    };
    let (tail, mut known) = (Tail::of(text), 0);
    let runs = |at: usize| {
        // What follows one line end of several, or of blank lines, is the same.
        let line = matches!(text[at], b'\n' | b'\r');
        if line && at < known {
            return false;
        }
        if line {
            known = text.len() - skip(&text[at + 1..]).len();
        }
        command(&text[..at], text[at], &text[at + 1..], &tail)
    };
    (0..text.len()).filter(separates).any(runs).then_some(Cmdi::Chained)
}

/// How many bytes before the end of a text the last of some signs stand, so that what follows each
/// separator is not read to the end.
struct Tail {
    /// A sign of a path or a redirection.
    sign: usize,
    comma: usize,
    /// A `|` that a command follows; a title has names there: `& More | Example Shop`.
    piped: usize,
}

impl Tail {
    fn of(text: &[u8]) -> Self {
        let from_end = |at: Option<usize>| at.map_or(0, |at| text.len() - at);
        let piped = memchr::memrchr_iter(b'|', text).find(|at| runs(&text[at + 1..]));
        Self {
            sign: from_end(text.iter().rposition(|b| matches!(b, b'/' | b'>' | b'<'))),
            comma: from_end(memchr::memrchr(b',', text)),
            piped: from_end(piped),
        }
    }
}

/// Whether a command with its arguments follows a separator.
fn command(before: &[u8], separator: u8, rest: &[u8], tail: &Tail) -> bool {
    let rest = rest.strip_prefix(&[separator]).unwrap_or(rest);
    let (name, after) = word(skip(rest));
    let Some(strength) = strength(name) else { return separator == b';' && optioned(name, after) };
    if after.first().is_some_and(|b| matches!(b, b'=' | b':' | b'?' | b',')) {
        return false;
    }
    let path = name.len() > 1 && name.contains(&b'/');
    let ends = matches!(
        after.first(),
        None | Some(b';' | b'|' | b'&' | b'`' | b')' | b'#' | b'>' | b'<' | b'}' | b'\n' | b'\r')
    );
    match (strength, separator) {
        _ if path && (ends || after[0] == b' ') => true,
        (Strength::Clear, b'|') if ends => !listed(before, after),
        (Strength::Clear, _) => ends || after[0] == b' ' || after[0] == b'$',
        (Strength::Vague, b'|') if ends => name == b"id" && !listed(before, after),
        (Strength::Vague, _) if ends => {
            name == b"id" || name == b"env" || name == b"dir" || name == b"cat" && !after.is_empty()
        }
        (Strength::Vague, _) => argument(after, tail),
    }
}

/// Whether a word that is no known command has the options of one: `;lastlogin -u admin`.
fn optioned(name: &[u8], after: &[u8]) -> bool {
    let lower = name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
    let Some(rest) = after.strip_prefix(b" ") else { return false };
    let option = rest.split(|b| *b == b' ').next().unwrap_or_default();
    name.len() > 1
        && lower
        && match option {
            [b'-', letter] => letter.is_ascii_alphabetic(),
            [b'-', b'-', rest @ ..] => rest.first().is_some_and(u8::is_ascii_alphabetic),
            _ => false,
        }
}

/// Whether a word stands in a list of names: `name|id|price`.
fn listed(before: &[u8], after: &[u8]) -> bool {
    let tail = before.rsplit(|b| *b == b'|').next().unwrap_or_default();
    let head =
        after.strip_prefix(b"|").unwrap_or(after).split(|b| *b == b'|').next().unwrap_or_default();
    let name = |text: &[u8]| {
        text.len() > 1
            && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' '))
    };
    name(tail) && (head.is_empty() && after.is_empty() || name(head))
}

/// Whether what follows a command's name is an argument that no sentence has there.
fn argument(after: &[u8], tail: &Tail) -> bool {
    let rest = after.trim_ascii_start();
    let holds = |last: usize| (1..=rest.len()).contains(&last);
    rest.len() < after.len()
        && match rest.first() {
            Some(b'-') => {
                rest.get(1).is_some_and(u8::is_ascii_alphabetic) || rest.starts_with(b"--")
            }
            Some(b'/' | b'~' | b'$' | b'*' | b'<' | b'>' | b'.' | b'%') => true,
            Some(b'0'..=b'9') => rest
                .iter()
                .all(|b| b.is_ascii_digit() || matches!(b, b';' | b'|' | b'&' | b'#' | b' ')),
            _ => {
                holds(tail.sign) && !holds(tail.comma)
                    || holds(tail.piped)
                    || rest.starts_with(b"c:")
            }
        }
}

/// A command with its arguments at the beginning.
fn called(text: &[u8]) -> Option<Cmdi> {
    let (name, after) = word(skip(text));
    if BEFORE.has(name) && after.starts_with(b" ") {
        let (next, _) = word(after.trim_ascii_start());
        return (strength(next) == Some(Strength::Clear)).then_some(Cmdi::Called);
    }
    let strength = strength(name)?;
    let rest = after.trim_ascii_start();
    let blank = rest.len() < after.len();
    let option = rest.starts_with(b"-")
        && rest.get(1).is_some_and(u8::is_ascii_alphabetic)
        && rest.get(2).is_none_or(|b| !b.is_ascii_alphabetic() || strength == Strength::Clear);
    let path = rest.starts_with(b"/") && rest.len() > 1 && rest[1].is_ascii_alphanumeric()
        || rest.starts_with(b"~/")
        || rest.starts_with(b"../");
    let address =
        rest.starts_with(b"http:") || rest.starts_with(b"https:") || rest.starts_with(b"ftp:");
    (blank && (option || path || address && strength == Strength::Clear)).then_some(Cmdi::Called)
}

/// A way of writing that hides a command.
fn hidden(text: &[u8], signs: &Signs) -> Option<Cmdi> {
    let found = signs.any(b"}") && braces(text)
        || signs.any(b"$") && IFS.any_in(text)
        || signs.any(b"`)") && empty(text)
        || signs.any(b"'\"\\$") && split(text)
        || signs.any(b"?*[") && wild(text);
    found.then_some(Cmdi::Hidden)
}

/// `{cat,/etc/passwd}`, `{,id}`; but not the fields of a query, `{id,name}`.
fn braces(text: &[u8]) -> bool {
    let named = |name: &[u8]| (name.len() <= HIDDEN).then(|| strength(&unquoted(name))).flatten();
    let part = |text: &[u8]| memchr::memchr2(b',', b'}', text).unwrap_or(text.len());
    let last = memchr::memrchr(b'}', text).unwrap_or(0);
    memchr::memchr_iter(b'{', &text[..last]).any(|at| {
        let inside = &text[at + 1..=last];
        let (name, rest) = inside.split_at(part(inside));
        let Some(next) = rest.strip_prefix(b",") else { return false };
        let next = &next[..part(next)];
        match named(if name.is_empty() { next } else { name }) {
            Some(_) if name.is_empty() => true,
            Some(Strength::Clear) => true,
            Some(Strength::Vague) => !next.first().is_some_and(u8::is_ascii_alphabetic),
            None => false,
        }
    })
}

/// A substitution of nothing at a word: `pi$()ng`, or two backquotes.
fn empty(text: &[u8]) -> bool {
    ["``", "$()", "<()", ">()"].iter().any(|nothing| {
        memchr::memmem::find(text, nothing.as_bytes())
            .is_some_and(|at| at > 0 && text[at - 1].is_ascii_alphabetic())
    })
}

/// A command's name with quotes, backslashes or empty variables inside: `w'h'oami`.
fn split(text: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'\'' | b'"' | b'\\' | b'$');
    let bounds =
        |b: &u8| matches!(b, b' ' | b';' | b'|' | b'&' | b'`' | b'(' | b'=' | b'/' | b'<' | b'>');
    text.split(bounds).any(|piece| {
        let inner = piece.get(1..).unwrap_or_default();
        let inner = inner.get(..inner.len().saturating_sub(1)).unwrap_or_default();
        let starts = piece.first().is_some_and(|b| b.is_ascii_alphabetic() || sign(b));
        let plain = unquoted(piece);
        starts
            && inner.iter().any(sign)
            && plain.len() > 1
            && piece.len() - plain.len() > 1 - usize::from(piece.contains(&b'\\'))
            && !quoted_whole(piece)
            && strength(&plain).is_some()
    })
}

/// `"like"`: a word in quotes.
fn quoted_whole(piece: &[u8]) -> bool {
    match piece {
        [a @ (b'\'' | b'"'), inner @ .., b] => a == b && !inner.contains(a),
        _ => false,
    }
}

/// Wildcards in a path that bring about a command or a file: `/???/??t`, `/b[i]n/ls`, `/etc/pass??`.
fn wild(text: &[u8]) -> bool {
    let bounds =
        |b: &u8| matches!(b, b' ' | b';' | b'|' | b'&' | b'`' | b'(' | b'=' | b'"' | b'\'');
    text.split(bounds).any(|path| {
        let first = path.strip_prefix(b"/").and_then(|p| p.split(|b| *b == b'/').next());
        let marks = path.iter().filter(|b| matches!(b, b'?' | b'*' | b'[')).count();
        let known = |dir: &[u8]| {
            [&b"bin"[..], b"etc", b"usr", b"tmp", b"dev"].iter().any(|known| fits(dir, known))
        };
        marks > 0
            && path.len() < 80
            && !path.contains(&b'.')
            && first.is_some_and(known)
            && path[1..].contains(&b'/')
    })
}

/// Whether a folder's name with wildcards may mean the known one.
fn fits(name: &[u8], known: &[u8]) -> bool {
    // Bit n: the name so far may mean the first n letters. Trying each length of each `*` by itself
    // would take as long as an attacker likes.
    let mut reached: u8 = 1;
    let mut rest = name;
    while let Some((sign, tail)) = rest.split_first() {
        rest = tail;
        let step = |accepts: &dyn Fn(&u8) -> bool| {
            let letters =
                known.iter().enumerate().filter(|(n, l)| reached >> n & 1 == 1 && accepts(l));
            letters.fold(0, |next, (n, _)| next | 2 << n)
        };
        reached = match sign {
            // All lengths from the shortest on.
            b'*' => reached | reached.wrapping_neg(),
            b'?' => step(&|_| true),
            b'[' => {
                let Some(end) = tail.iter().position(|b| *b == b']') else { return false };
                rest = &tail[end + 1..];
                step(&|letter| tail[..end].contains(letter))
            }
            sign => step(&|letter| letter == sign),
        };
    }
    reached >> known.len() & 1 == 1
}
