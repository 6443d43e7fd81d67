//! Would this value run script, if it were put into a page?
//!
//! Markup that runs or loads something (`<script`, `<svg onload=`, `<iframe src=`), an event
//! handler behind a quote that leaves an attribute (`" onfocus=`), an address that is a script
//! (`javascript:`), or script itself, for values that land in one (`';alert(1)//`). Markup that only
//! shows (`<b>`, `<a href="/x">`) is left alone.

/// What brings the script in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Xss {
    /// Script without markup: `alert(1)`, `document.cookie`.
    Script,
    /// An address that is a script or a page: `javascript:`, `data:text/html`.
    Address,
    /// An element that loads, runs or rules the page: `<script`, `<iframe`, `<base`.
    Element,
    /// An event handler: `<b onclick=`, `" onload=`.
    Handler,
}

impl Xss {
    /// The word that rules know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Address => "address",
            Self::Element => "element",
            Self::Handler => "handler",
        }
    }
}

/// Longer values are read so far only.
const LONGEST: usize = 4_096;

/// Elements that run or load something, whatever their attributes are.
const ACTIVE: &str = "script iframe frame frameset object embed applet svg math meta base link style isindex xml layer \
    ilayer bgsound template noscript xss animate animatetransform set foreignobject plaintext listing portal noembed \
    handler listener image video audio body details marquee keygen source track input button form textarea \
    title html head xmp fencedframe import stylesheet dialog";

/// Elements that pages of ordinary people contain too: active with an attribute that loads.
const PASSIVE: &str =
    "img a div p span td tr table select map area custom font b i u br hr h1 li ul";

/// Attributes of a text that only shows.
const HARMLESS: &str =
    "class id width height border cellpadding cellspacing align alt title target rel lang name";

/// Names of events, by their beginnings.
const EVENTS: &str = "error load click dblclick mouse focus blur key change submit reset select abort drag drop toggle \
    wheel scroll resize pointer touch animation transition begin end repeat unload beforeunload hashchange page message \
    copy cut paste input invalid contextmenu start finish bounce show play canplay readystatechange auxclick search \
    loadstart loadend beforeinput webkit afterprint beforeprint popstate storage online offline cancel close cue duration \
    ended formdata gotpointer lostpointer progress ratechange seek slotchange stalled suspend timeupdate volume waiting \
    activate beforeactivate beforecopy help propertychange filterchange layoutcomplete losecapture move row data security";

/// Script that says enough by itself.
const SCRIPTS: &[&str] = &[
    "document.cookie",
    "document.write",
    "document.domain",
    "document.location",
    "document.body",
    "document.createelement",
    "document.getelement",
    "document.queryselector",
    "document.head",
    "document.documenturi",
    "document.url",
    "document.baseuri",
    "document.referrer",
    "document.defaultview",
    "document[",
    "document)",
    "window[",
    "window.location",
    "window.open",
    "window.name",
    "window.onerror",
    "self[",
    "top[",
    "parent[",
    "this[",
    "frames[",
    "globalthis[",
    "top.location",
    "parent.location",
    "self.location",
    "fromcharcode",
    "expression(",
    "-moz-binding",
    "behavior:url",
    "behaviour:url",
    "constructor(",
    "constructor[",
    "constructor.constructor",
    "constructor\"]",
    "constructor']",
    "innerhtml",
    "outerhtml",
    "@import'",
    "@import\"",
    "@importurl",
    "import(",
    "=alert",
    "url(javascript",
    "+adw-",
    "import{",
    "import*as",
    "=prompt,",
    "=confirm,",
    "(alert)",
    "{alert}",
    "(prompt)",
    "{eval}",
    "&lpar;",
    "behavior=",
    "xmlhttprequest",
    "location.href",
    "location.hash",
    "location.replace",
    "location.assign",
    "location=",
    "location[",
    "localstorage",
    "sessionstorage",
    "onerror=alert",
    "throw onerror",
    "onerror=eval",
    "string.raw",
    "reflect.",
    "console.log(",
    "eval.call",
    "srcdoc=",
    "[][",
    "\\u0061\\u006c",
    "\\x61\\x6c",
    "=>{",
    "(()=>",
    "function(){",
    "tostring(3",
    "json.stringify(",
    "new function(",
    "http-equiv",
    "formaction",
    "xlink:href",
    "href=//",
    "src=//",
];

/// Functions whose call says enough.
const CALLS: &[&str] = &[
    "alert",
    "confirm",
    "prompt",
    "eval",
    "atob",
    "settimeout",
    "setinterval",
    "setimmediate",
    "execscript",
    "importscripts",
    "fetch",
    "print",
    "btoa",
];

/// What the value does in a page; the gravest reading counts.
pub fn xss(value: &[u8]) -> Option<Xss> {
    let text = squeezed(&value[..value.len().min(LONGEST)]);
    let markup = || memchr::memchr_iter(b'<', &text).any(|at| element(&text[at + 1..]));
    if handler(&text) {
        Some(Xss::Handler)
    } else if markup() {
        Some(Xss::Element)
    } else if address(&text) {
        Some(Xss::Address)
    } else {
        script(&text).then_some(Xss::Script)
    }
}

/// The text in lower case, without what browsers pass over inside names: NUL, and tabs and line
/// ends between letters.
fn squeezed(value: &[u8]) -> Vec<u8> {
    let letter = |at: usize| value.get(at).is_some_and(|b| b.is_ascii_alphabetic() || *b == b':');
    let inside = |at: usize| at > 0 && letter(at - 1) && letter(at + 1);
    let kept = |at: &usize| match value[*at] {
        0 => false,
        b'\t' | b'\n' | b'\r' => !inside(*at),
        _ => true,
    };
    (0..value.len()).filter(kept).map(|at| value[at].to_ascii_lowercase()).collect()
}

fn letters(text: &[u8]) -> &[u8] {
    let part = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_');
    &text[..text.iter().take_while(part).count()]
}

fn among(list: &str, word: &[u8]) -> bool {
    list.split_ascii_whitespace().any(|known| known.as_bytes() == word)
}

/// Whether what follows a `<` is an element that does something.
fn element(text: &[u8]) -> bool {
    let ahead = text.iter().take_while(|b| b.is_ascii_whitespace() || **b == b'/').count();
    let closes = text[..ahead].contains(&b'/');
    let rest = &text[ahead..];
    if [&b"!--"[..], b"![", b"!doctype", b"!entity", b"?xml", b"?import", b"%", b"?php", b"?="]
        .iter()
        .any(|m| rest.starts_with(m))
    {
        return true;
    }
    let name = letters(rest);
    let plain = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    if among(ACTIVE, plain) || plain == b"vmlframe" || among(ACTIVE, &spaced(rest)) {
        return true;
    }
    let known = [&b"script"[..], b"iframe", b"svg:", b"xsl:", b"import"];
    if known.iter().any(|known| name.starts_with(known)) {
        return true;
    }
    let attributes = &rest[name.len()..];
    !closes && !name.is_empty() && (among(PASSIVE, name) && loads(attributes) || styles(attributes))
}

/// A name whose letters stand apart: `f o r m`.
fn spaced(text: &[u8]) -> Vec<u8> {
    let apart =
        |pair: &&[u8]| pair[0].is_ascii_alphabetic() && pair.get(1).is_none_or(|b| *b == b' ');
    text.chunks(2).take_while(apart).map(|pair| pair[0]).collect()
}

/// Whether an attribute of any element brings style that loads, or names of other languages.
fn styles(text: &[u8]) -> bool {
    let tag = &text[..memchr::memchr(b'>', text).unwrap_or(text.len())];
    let loads = has_any(tag, &["url(", "behavior", "expression", "binding", "javascript"]);
    has_any(tag, &["style="]) && loads
        || has_any(tag, &["xmlns", "xlink", "xi:include", "datasrc="])
}

/// Whether an attribute loads or styles something, other than a link to a page.
fn loads(text: &[u8]) -> bool {
    let tag = &text[..memchr::memchr(b'>', text).unwrap_or(text.len())];
    let mut attributes =
        tag.split(|b| matches!(b, b' ' | b'/' | b'\t' | b'\n' | b'"' | b'\'')).map(letters);
    let first = attributes.find(|name| !name.is_empty()).unwrap_or_default();
    if first.is_empty() || among(HARMLESS, first) {
        return has_any(tag, &["javascript", "src=", "style="])
            && !first.is_empty()
            && !among("class id", first);
    }
    has_any(
        tag,
        &[
            "src",
            "style",
            "background",
            "data:",
            "formaction",
            "script",
            "srcdoc",
            "&#",
            "&tab",
            "&colon",
            "ping=",
            "dynsrc",
            "lowsrc",
        ],
    )
}

fn has_any(text: &[u8], needles: &[&str]) -> bool {
    needles.iter().any(|needle| memchr::memmem::find(text, needle.as_bytes()).is_some())
}

/// Whether an event handler is given: any behind a `<`, a known one behind a sign that ends an
/// attribute.
fn handler(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"on").any(|at| {
        let Some(before) = at.checked_sub(1).map(|before| text[before]) else {
            return given(&text[at + 2..], false);
        };
        if before.is_ascii_alphanumeric()
            || matches!(before, b'_' | b'-' | b'.' | b'?' | b'&' | b'%' | b'$' | b'[')
        {
            return false;
        }
        let tag = memchr::memrchr(b'<', &text[..at]);
        let inside = tag.is_some_and(|tag| {
            text.get(tag + 1).is_some_and(|b| !b.is_ascii_whitespace() && !b.is_ascii_digit())
        });
        given(&text[at + 2..], inside)
    })
}

fn given(text: &[u8], inside: bool) -> bool {
    let name = letters(text);
    let rest = text[name.len()..].trim_ascii_start();
    let known = || EVENTS.split_ascii_whitespace().any(|event| name.starts_with(event.as_bytes()));
    let value = rest.get(1..).unwrap_or_default().trim_ascii_start();
    name.len() > 1
        && rest.first() == Some(&b'=')
        && (inside || known() && value.first() != Some(&b'='))
}

/// Whether an address is a script: letters may be spread by blanks and entities.
fn address(text: &[u8]) -> bool {
    const PAGES: &[&str] = &[
        "data:text/html",
        "data:text/xml",
        "data:text/javascript",
        "data:image/svg",
        "data:application/x",
        "data:;base64",
        "data:,",
        "mocha:",
        "livescript:",
    ];
    if has_any(text, PAGES) {
        return true;
    }
    let close = close(text);
    ["javascript:", "vbscript:", "javascript&colon;", "jscript:"].iter().any(|scheme| {
        memchr::memmem::find_iter(&close, scheme.as_bytes())
            .any(|at| runs(&close[at + scheme.len()..]))
    })
}

/// Whether script rather than a sentence follows `javascript:`.
fn runs(rest: &[u8]) -> bool {
    rest.is_empty()
        || rest
            .iter()
            .any(|b| matches!(b, b'(' | b'`' | b'=' | b'/' | b'\\' | b';' | b'%' | b'&' | b'['))
}

/// Whether the value holds script.
fn script(text: &[u8]) -> bool {
    let calls = CALLS.iter().any(|name| {
        memchr::memmem::find_iter(text, name.as_bytes()).any(|at| called(text, at, at + name.len()))
    });
    calls || has_any(&close(text), SCRIPTS)
}

/// The text without blanks, control characters, comments, and entities for them.
fn close(text: &[u8]) -> Vec<u8> {
    let mut close = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(byte) = rest.first() {
        let len = [&b"&tab;"[..], b"&newline;"]
            .iter()
            .find(|e| rest.starts_with(e))
            .map_or(0, |e| e.len());
        let comment = if rest.starts_with(b"/*") {
            memchr::memmem::find(rest, b"*/").map_or(0, |end| end + 2)
        } else {
            0
        };
        match len.max(comment) {
            0 if *byte <= b' ' => rest = &rest[1..],
            0 => {
                close.push(*byte);
                rest = &rest[1..];
            }
            skipped => rest = &rest[skipped..],
        }
    }
    close
}

/// Whether the function whose name stands from `from` to `to` is called.
fn called(text: &[u8], from: usize, to: usize) -> bool {
    let within = from > 0 && (text[from - 1].is_ascii_alphanumeric() || text[from - 1] == b'_');
    let rest = text[to..].trim_ascii_start();
    let quoted = rest.strip_prefix(b"\"]").or_else(|| rest.strip_prefix(b"']")).unwrap_or(rest);
    let bracket = [&b"("[..], b"`", b"?.(", b".call", b".apply", b".bind", b"&lpar;", b")("]
        .iter()
        .any(|sign| quoted.starts_with(sign));
    !within && (bracket || rest.starts_with(b"/*"))
}
