//! Would this value run, if a program took it for its own language or for data of its own kind?
//!
//! PHP, Java, JavaScript, Perl, Ruby and Python share what gives code away in a value: a function
//! called that no visitor knows, an expression in the brackets of a template, a variable of the
//! interpreter, a path to the prototype of all objects, a serialised object, the head of a header or
//! of a request behind a line end, a filter that goes on behind a bracket.

use super::known::{Next, Signs, Texts, Words};

/// What the value brings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Another header, request or mail command: `\r\nSet-Cookie:`.
    Header,
    /// An LDAP or `XPath` filter that goes on: `*)(uid=*`.
    Filter,
    /// A serialised object: `O:8:"stdClass":`.
    Object,
    /// An expression in a template's brackets: `{{7*7}}`, `#{…}`, `@{[…]}`.
    Template,
    /// The prototype of all objects: `__proto__[x]`.
    Prototype,
    /// A variable of the interpreter: `$_GET`, `process.env`.
    Variable,
    /// A function called: `file_get_contents(`.
    Call,
    /// The mark at which an interpreter begins: `<?php`, `<!--#exec`.
    Tag,
}

impl Code {
    /// The word that rules know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Filter => "filter",
            Self::Object => "object",
            Self::Template => "template",
            Self::Prototype => "prototype",
            Self::Variable => "variable",
            Self::Call => "call",
            Self::Tag => "tag",
        }
    }
}

/// Longer values are read so far only.
const LONGEST: usize = 4_096;

/// What a value begins an interpreter with.
static TAGS: Texts = Texts::new(&[
    "<?php",
    "<?=",
    "<? ",
    "<?\t",
    "<?\n",
    "<?xml:",
    "<?xml :",
    "<?xml\t:",
    "[php]",
    "[/php]",
    "{php}",
    "{/php}",
    "<!--#",
    "<!-- #",
    "<%=",
    "<%@",
    "<%!",
    "<% ",
    "<jsp:",
    "<cf",
    "<esi:",
    "!!python/",
    "!!js/",
    "!!ruby/",
    "{% ",
    "{%-",
    "<#assign",
    "#set(",
    "#foreach(",
    "[[${",
    "[(${",
    "<xsl:",
    "<!--esi",
]);

/// Variables, modules and attributes that only programs name.
static VARIABLES: Texts = Texts::new(&[
    "$_get",
    "$_post",
    "$_request",
    "$_server",
    "$_cookie",
    "$_files",
    "$_env",
    "$_session",
    "$globals",
    "$http_",
    "$_$$nd_func",
    "_$$nd_func",
    "process.env",
    "process.mainmodule",
    "process.binding",
    "process.exit",
    "process[",
    "process.argv",
    "process.cwd",
    "child_process",
    "module.exports",
    "require.main",
    "global.process",
    "globalthis.",
    "this.constructor",
    "__class__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__import__",
    "__mro__",
    "__base__",
    "__init__",
    "__reduce__",
    "__getattribute__",
    "getclass()",
    "java.lang.",
    "java.io.",
    "java.net.url",
    "java.util.scanner",
    "javax.script",
    "javax.naming",
    "processbuilder",
    "org.apache.commons",
    "com.opensymphony",
    "com.sun.org",
    "com.sun.rowset",
    "org.omg.corba",
    "invokertransformer",
    "class.module.classloader",
    "class.classloader",
    "ognl.",
    "#_memberaccess",
    "xwork.methodaccessor",
    "getruntime",
    "scriptenginemanager",
    "freemarker.template",
    "org.springframework",
    "yaml.load",
    "pickle.loads",
    "os.system",
    "os.popen",
    "subprocess.",
    "socket.socket",
    "runtime.exec",
    "allow_url_include",
    "auto_prepend_file",
    "auto_append_file",
    "disable_functions",
    "open_basedir",
    "php_value",
    "php_admin_value",
    "think\\",
    "\\think",
    "invokefunction",
    "$where",
    "$smarty",
    "#request",
    "#context",
    "#session",
    "lipsum",
    "cycler.",
    "activexobject",
    "wscript.shell",
    "server.createobject",
    "system.diagnostics",
    "kernel.exec",
    "io.popen",
    "file.read(",
    "eval stdin",
    "console.log",
    "console.info",
]);

/// Names of functions that are no words of any language spoken.
static CLEAR: Words = Words::new(
    "exec passthru popen phpinfo phpversion eval printf sprintf vsprintf unserialize strrev fopen fwrite fputs fputcsv fread fgets readfile \
    fsockopen pfsockopen usleep getattr chmod chown chgrp chroot mkdir rmdir opendir scandir putenv getenv gzinflate gzuncompress gzdecode gzopen gzread gzfile \
    bzopen bzdecompress hex2bin bin2hex usort uasort uksort settimeout setinterval spawnsync execsync execfile readdirsync \
    readfilesync urlopen forname newinstance getmethod getinputstream tmpfile tempnam filesize fileowner filegroup uniqid highlight_file intval floatval boolval \
    md5 sha1 crc32 chr ord checkdate idate mktime strtotime gethostbyname phpcredits symlink readlink fileperms filemtime glob strlen substr \
    str_rot13 ucfirst lcfirst ltrim rtrim implode explode parseint parsefloat tostring fromcharcode instance_eval syscall waitpid shellexec",
);

/// Names of functions that are words too: enough with an argument that code has.
static VAGUE: Words = Words::new(
    "system assert include require die exit print echo file copy unlink rename touch sleep open compile lambda load spawn fork fetch \
    serialize extract dir dl mail function import invoke stat rand date time join count sort array list each key current reset end next select send \
    define constant crypt range pi unpack pack getopt link",
);

/// What servers of pictures are told to do with one, in its path (Thumbor's filters).
static PICTURES: Words = Words::new(
    "no_upscale strip_icc strip_exif max_bytes max_age auto_jpg background_color round_corner \
    extract_focal format_quality proportion red_eye",
);

/// Ways to the prototype of all objects.
static PROTOTYPES: Texts = Texts::new(&[
    "__proto__",
    "constructor[prototype]",
    "constructor.prototype",
    "[constructor]",
    "constructor.constructor",
    ":prototype\"",
    ":__proto__",
]);

/// How serialised objects begin, most of them in base64 or hex.
static OBJECTS: Texts = Texts::new(&[
    "ro0abx",
    "ro0abq",
    "kztaau",
    "cs7qaf",
    "aced0005",
    "aaeaaad/////",
    "\u{fffd}\u{fffd}\0\u{5}",
]);

/// What only filters and paths into documents say.
static FILTERS: Texts = Texts::new(&[
    "*)(",
    "(objectclass=",
    "count(/",
    "count(//",
    "string-length(",
    "name(/",
    "name(//",
    "/*[",
    "ancestor::",
    "child::",
    "parent::",
    "following-sibling::",
    "descendant::",
    "or position()",
    "substring(name(",
]);

/// How requests begin.
static REQUESTS: Texts = Texts::new(&[
    "get /",
    "post /",
    "head /",
    "put /",
    "delete /",
    "options /",
    "trace /",
    "connect ",
    "get http",
    "post http",
    "head http",
]);

/// How lines of headers, of mail and of other protocols begin.
static HEADS: Words = Words::each(&[
    "set-cookie",
    "location:",
    "content-",
    "http/",
    "refresh:",
    "transfer-encoding",
    "host:",
    "access-control-",
    "x-",
    "remote-addr",
    "bcc:",
    "cc:",
    "to:",
    "from:",
    "subject:",
    "reply-to",
    "mime-version",
    "rcpt to",
    "mail from",
    "data",
    "helo",
    "ehlo",
    "quit",
    "vrfy",
    "expn",
    "auth ",
    "apop ",
    "user ",
    "pass ",
    "retr ",
    "list",
    "stat",
    "get /",
    "post /",
    "head /",
    "put /",
    "delete /",
    "get http",
    "config set",
    "slaveof",
    "flushall",
    "set ",
    "eval ",
    "<html",
    "<script",
    "a001 ",
    "php_value",
    "cookie:",
    "referer:",
    "user-agent:",
]);

/// What needs no sign.
const ANY: &[u8] = b"";

/// Whether a text is code of a kind.
type Reading = fn(&[u8]) -> bool;

/// What the value does in a program; the gravest reading counts.
pub fn code(value: &[u8]) -> Option<Code> {
    let text = value[..value.len().min(LONGEST)].to_ascii_lowercase();
    let signs = Signs::of(&text);
    // Each with the signs of which it needs one.
    let reads: [(Code, &[u8], Reading); 8] = [
        (Code::Tag, b"<[]{!#", |text| TAGS.any_in(text)),
        (Code::Filter, b"()[:", filter),
        (Code::Call, b"(`", calls),
        (Code::Variable, ANY, |text| VARIABLES.any_in(text)),
        (Code::Prototype, b"_.[:", |text| PROTOTYPES.any_in(text)),
        (Code::Template, b"{@[", template),
        (Code::Object, ANY, object),
        (Code::Header, b"\r\n/", header),
    ];
    let found = reads
        .iter()
        .find(|(_, needed, reads)| (needed.is_empty() || signs.any(needed)) && reads(&text));
    found.map(|(code, ..)| *code)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a function is called whose name, or whose argument, no ordinary text has.
fn calls(text: &[u8]) -> bool {
    let comments: Vec<usize> = memchr::memmem::find_iter(text, b"/*").collect();
    let bracketed = text.trim_ascii_start().starts_with(b"(");
    memchr::memchr2_iter(b'(', b'`', text).any(|at| {
        let (name, apart) = name_before(&text[..at], &comments);
        let apart = apart && !name.is_empty();
        let argument = text[at + 1..].trim_ascii_start();
        let backquote = text[at] == b'`';
        if name.is_empty() {
            return !backquote && computed(&text[..at], bracketed, argument);
        }
        let variable = !apart && text[..at - name.len()].ends_with(b"$");
        if variable && !backquote {
            return true;
        }
        if PICTURES.has(name) {
            return false;
        }
        if is_snake(name) && !backquote {
            return if apart { coded(argument) } else { !numbered(argument) };
        }
        let clear = CLEAR.end(name, 6) || CLEAR.has(name);
        let known = clear || VAGUE.has(name);
        let beside = !apart
            || matches!(argument.first(), Some(b'\'' | b'"' | b'$'))
            || clear && coded(argument);
        known && beside && (backquote || clear && !apart || coded(argument))
    })
}

/// Whether a copy's number follows: `photo_copy(2).jpg`.
fn numbered(argument: &[u8]) -> bool {
    let digits = argument.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && argument[digits..].starts_with(b").")
}

/// Whether what is called is itself computed: `('sys'.'tem')(…`, `$f(…`, `"system"(…`. A closing
/// bracket counts in a value that begins with one.
fn computed(before: &[u8], bracketed: bool, argument: &[u8]) -> bool {
    match before.last() {
        Some(b']' | b'}' | b'\'' | b'"') => {
            before.len() > 2
                && (coded(argument) || argument.first().is_some_and(u8::is_ascii_alphabetic))
        }
        Some(b')') => bracketed && before.len() > 4 && coded(argument),
        _ => false,
    }
}

/// The name at the end of a text, passing over blanks and comments, and whether it passed over any.
/// `comments` says where comments begin.
fn name_before<'t>(text: &'t [u8], comments: &[usize]) -> (&'t [u8], bool) {
    let mut end = text.len();
    loop {
        let kept = text[..end].trim_ascii_end();
        let begun = comments.partition_point(|begin| begin + 2 <= kept.len());
        let comment = kept.ends_with(b"*/").then(|| comments[..begun].last()).flatten();
        end = comment.copied().unwrap_or(kept.len());
        if comment.is_none() {
            break;
        }
    }
    let named = text[..end].iter().rev().take_while(|b| is_name(**b)).count();
    (&text[end - named..end], end < text.len())
}

/// `file_get_contents`, but not `f_1`, `__` or the `Battle_of_Hastings_` of a title with a remark
/// in brackets.
fn is_snake(name: &[u8]) -> bool {
    let mut parts =
        name.split(|b| *b == b'_').filter(|part| part.len() > 1 && part[0].is_ascii_alphabetic());
    name.len() > 5 && !name.ends_with(b"_") && parts.next().is_some() && parts.next().is_some()
}

/// Whether an argument is code rather than a remark in brackets: `'x'`, `$x`, `/x`, `)`, `a.b`, `x,`.
fn coded(argument: &[u8]) -> bool {
    match argument.first() {
        None
        | Some(
            b'\'' | b'"' | b'`' | b'$' | b'/' | b')' | b'\\' | b'_' | b'@' | b'(' | b'{' | b'[',
        ) => true,
        Some(_) => {
            let end =
                argument.iter().position(|b| matches!(b, b')' | b' ')).unwrap_or(argument.len());
            let word = &argument[..end];
            word.contains(&b'(')
                || word.contains(&b'$')
                || word.contains(&b'\'')
                || argument[end..].starts_with(b");")
        }
    }
}

/// What opens a template's brackets, and what closes them.
const OPENINGS: [([u8; 2], &[u8]); 10] = [
    (*b"{{", b"}}"),
    (*b"${", b"}"),
    (*b"#{", b"}"),
    (*b"@{", b"}"),
    (*b"*{", b"}"),
    (*b"~{", b"}"),
    (*b"%{", b"}"),
    (*b"@(", b")"),
    (*b"[%", b"%]"),
    (*b"{$", b"}"),
];

/// Brackets of a template with an expression in them.
fn template(text: &[u8]) -> bool {
    let works = |b: &u8| {
        matches!(b, b'*' | b'+' | b'(' | b'[' | b'=' | b'\'' | b'"' | b'#' | b'@' | b'|' | b'`')
    };
    let signs = Signs::of(text);
    OPENINGS.iter().filter(|(open, _)| open.iter().all(|b| signs.any(&[*b]))).any(
        |(open, close)| {
            let (mut sign, mut end) = (Next::default(), Next::default());
            memchr::memmem::find_iter(text, open).any(|at| {
                let from = at + open.len();
                let closed = end.behind(from, || memchr::memmem::find(&text[from..], close));
                let to = closed.unwrap_or(text.len()).min(from + EXPRESSION);
                let computed = sign.behind(from, || text[from..].iter().position(works));
                computed.is_some_and(|sign| sign < to)
                    || closed.is_some() && reaches(&text[from..to])
            })
        },
    )
}

/// An expression is read so far only.
const EXPRESSION: usize = 400;

/// Whether what stands in a template's brackets reaches for something of the server, or is a sum.
fn reaches(inside: &[u8]) -> bool {
    // `{{basket.id}}` is a template that leaked; these reach into the server.
    const ROOTS: [&[u8]; 8] =
        [b"config", b"self", b"request", b"settings", b"env", b"app", b"process", b"class"];
    /// No sum of a probe is longer.
    const SUM: usize = 64;
    let inside = inside.trim_ascii();
    let root = inside.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let number = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let near = &inside[..inside.len().min(SUM)];
    let sum = || near.split(|b| matches!(b, b'-' | b'/')).filter(number).nth(1).is_some();
    inside.get(root) == Some(&b'.') && ROOTS.contains(&&inside[..root]) || sum()
}

/// A serialised object of PHP, Java, .NET, Ruby or Python.
fn object(text: &[u8]) -> bool {
    let php = memchr::memchr_iter(b':', text).any(|at| {
        let digits = text[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        let kind = at.checked_sub(1).map(|before| text[before]);
        let alone = at < 2 || !is_name(text[at - 2]);
        let rest = &text[at + 1 + digits..];
        digits > 0
            && alone
            && match kind {
                Some(b'o' | b'c') => {
                    rest.starts_with(b":\"")
                        || rest.starts_with(b":+")
                        || rest.starts_with(b":&quot;")
                }
                Some(b'a') => rest.starts_with(b":{"),
                _ => false,
            }
    });
    php || OBJECTS.any_in(text) || text.starts_with(b"\xac\xed\0")
}

/// A filter of LDAP or `XPath` that goes on behind the value.
fn filter(text: &[u8]) -> bool {
    memchr::memchr_iter(b')', text).any(|at| goes_on(&text[at + 1..])) || FILTERS.any_in(text)
}

/// Whether an LDAP filter goes on behind a bracket that closes: `(uid=*`, `)(|(cn=*`.
fn goes_on(text: &[u8]) -> bool {
    /// So much of it is looked at.
    const NEAR: usize = 40;
    let mut signs = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(NEAR).peekable();
    signs.next_if_eq(&b')');
    match signs.next() {
        Some(b'(') => matches!(signs.peek(), None | Some(b'|' | b'&' | b'!')) || assigns(signs),
        Some(b'!' | b'&' | b'|') => signs.next() == Some(b'(') && assigns(signs),
        _ => false,
    }
}

/// `uid=*`, `gidnumber<=100`, `cn~=x`.
fn assigns(text: impl Iterator<Item = u8>) -> bool {
    let mut text = text.peekable();
    let mut name = 0;
    while text.next_if(|b| is_name(*b) || matches!(b, b'-' | b':')).is_some() {
        name += 1;
    }
    name > 1 && text.take(2).any(|b| b == b'=')
}

/// A header or request behind a line end, or a request line in the value.
fn header(text: &[u8]) -> bool {
    let mut known = 0;
    let behind = memchr::memchr2_iter(b'\r', b'\n', text).any(|at| {
        // Behind blank lines stands one line, whichever of their ends is asked.
        if at < known {
            return false;
        }
        let line = text[at + 1..].trim_ascii_start();
        known = text.len() - line.len();
        HEADS.begin(line)
    });
    behind || request(text)
}

/// `GET http://h/ HTTP/1.1` inside a value.
fn request(text: &[u8]) -> bool {
    let version = memchr::memmem::find(text, b" http/")
        .is_some_and(|at| text.get(at + 6).is_some_and(u8::is_ascii_digit));
    version && REQUESTS.any_in(text)
}
