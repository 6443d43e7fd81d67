//! Would this value run a command, if it were put into a shell's command line?
//!
//! Three things betray it: a command behind what ends or nests the one before (`; id`, `| cat
//! /etc/passwd`, `$(uname)`), a command with the arguments of a shell at the beginning of the value
//! (`wget http://…`), and a way of writing that only serves to hide one (`w'h'oami`, `c\at`,
//! `{cat,/etc/passwd}`, `$IFS`, `/b?n/c?t`). Names of commands that are ordinary words (`sort`,
//! `mail`, `time`) need an argument beside them that no sentence has.

use std::borrow::Cow;

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
    node java go cc sed wc net net1 reg set ver copy del attrib sc at rc time exec test read export let declare \
    command fetch call start rd md move ren title echo. tree finger chef";

/// Commands before which another stands.
const BEFORE: &str = "time nohup sudo env strace exec doas command setsid watch timeout";

/// What the value does in a shell; the gravest reading counts.
pub fn cmdi(value: &[u8]) -> Option<Cmdi> {
    let value = &value[..value.len().min(LONGEST)];
    let lower = value.to_ascii_lowercase();
    let plain = unquoted(&lower);
    let found = shell(&plain).or_else(|| substituted(&lower)).or_else(|| chained(&plain));
    found.or_else(|| hidden(&lower)).or_else(|| called(&plain))
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

fn has(text: &[u8], needle: &str) -> bool {
    memchr::memmem::find(text, needle.as_bytes()).is_some()
}

/// A shell, its devices, or an interpreter told to run a text.
fn shell(text: &[u8]) -> Option<Cmdi> {
    const ALONE: &[&str] = &[
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
    ];
    let alone = ALONE.iter().any(|name| has(text, name));
    (alone || defines(text)).then_some(Cmdi::Shell)
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
    let plain = unquoted(text);
    let (word, _) = word(skip(&plain));
    strength(word).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Vague,
    Clear,
}

fn strength(word: &[u8]) -> Option<Strength> {
    let name = word.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or_default();
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    if name.is_empty() || name.len() > 17 {
        return None;
    }
    if among(CLEAR, name) {
        return Some(Strength::Clear);
    }
    among(VAGUE, name).then_some(Strength::Vague)
}

fn among(list: &str, name: &[u8]) -> bool {
    list.split_ascii_whitespace().any(|known| known.as_bytes() == name)
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
    let runs = |at: usize| command(&text[..at], text[at], &text[at + 1..]);
    (0..text.len()).filter(separates).any(runs).then_some(Cmdi::Chained)
}

/// Whether a command with its arguments follows a separator.
fn command(before: &[u8], separator: u8, rest: &[u8]) -> bool {
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
        (Strength::Vague, _) => argument(after),
    }
}

/// Whether a word that is no known command has the options of one: `;lastlogin -u admin`.
fn optioned(name: &[u8], after: &[u8]) -> bool {
    let lower = name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
    let mut words = after.split(|b| *b == b' ').skip(1);
    let option = words.next().unwrap_or_default();
    name.len() > 1
        && lower
        && after.starts_with(b" ")
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
fn argument(after: &[u8]) -> bool {
    let rest = after.trim_ascii_start();
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
                rest.iter().any(|b| matches!(b, b'/' | b'|' | b'>' | b'<')) && !rest.contains(&b',')
                    || rest.starts_with(b"c:")
            }
        }
}

/// A command with its arguments at the beginning.
fn called(text: &[u8]) -> Option<Cmdi> {
    let (name, after) = word(skip(text));
    if among(BEFORE, name) && after.starts_with(b" ") {
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
fn hidden(text: &[u8]) -> Option<Cmdi> {
    let found = braces(text) || ifs(text) || empty(text) || split(text) || wild(text);
    found.then_some(Cmdi::Hidden)
}

/// `{cat,/etc/passwd}`, `{,id}`.
fn braces(text: &[u8]) -> bool {
    memchr::memchr_iter(b'{', text).any(|at| {
        let inside = &text[at + 1..];
        let Some(end) = memchr::memchr(b'}', inside) else { return false };
        let mut parts = inside[..end].split(|b| *b == b',');
        let first = parts.next().unwrap_or_default();
        let second = parts.next();
        let first = if first.is_empty() { second.unwrap_or_default() } else { first };
        second.is_some() && strength(&unquoted(first)).is_some()
    })
}

/// A substitution of nothing at a word: `pi$()ng`, or two backquotes.
fn empty(text: &[u8]) -> bool {
    ["``", "$()", "<()", ">()"].iter().any(|nothing| {
        memchr::memmem::find(text, nothing.as_bytes())
            .is_some_and(|at| at > 0 && text[at - 1].is_ascii_alphabetic())
    })
}

fn ifs(text: &[u8]) -> bool {
    has(text, "$ifs") || has(text, "${ifs")
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
    match (name, known) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            rest.is_empty() || (0..=known.len()).any(|n| fits(rest, &known[n..]))
        }
        ([b'?', rest @ ..], [_, tail @ ..]) => fits(rest, tail),
        ([b'[', rest @ ..], [letter, tail @ ..]) => {
            let end = rest.iter().position(|b| *b == b']');
            end.is_some_and(|end| rest[..end].contains(letter) && fits(&rest[end + 1..], tail))
        }
        ([a, rest @ ..], [b, tail @ ..]) => a == b && fits(rest, tail),
        _ => false,
    }
}
