//! Would this value run script, if it were put into a page?
//!
//! Markup that runs or loads something (`<script`, `<svg onload=`, `<iframe src=`), an event
//! handler behind a quote that leaves an attribute (`" onfocus=`), an address that is a script
//! (`javascript:`), or script itself, for values that land in one (`';alert(1)//`). Markup that only
//! shows (`<b>`, `<a href="/x">`) is left alone.

use std::ops::Range;

use super::known::{Ahead, Next, Signs, Texts, Words};

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
static ACTIVE: Words = Words::new(
    "script iframe frame frameset object embed applet svg math meta base link style isindex xml layer \
    ilayer bgsound template noscript xss animate animatetransform set foreignobject plaintext listing portal noembed \
    handler listener image video audio body details marquee keygen source track input button form textarea \
    title html head xmp fencedframe import stylesheet dialog",
);

/// Elements that pages of ordinary people contain too: active with an attribute that loads.
static PASSIVE: Words =
    Words::new("img a div p span td tr table select map area custom font b i u br hr h1 li ul");

/// Attributes of a text that only shows.
static HARMLESS: Words = Words::new(
    "class id width height border cellpadding cellspacing align alt title target rel lang name",
);

/// Names of events, by their beginnings.
static EVENTS: Words = Words::new(
    "error load click dblclick mouse focus blur key change submit reset select abort drag drop toggle \
    wheel scroll resize pointer touch animation transition begin end repeat unload beforeunload hashchange page message \
    copy cut paste input invalid contextmenu start finish bounce show play canplay readystatechange auxclick search \
    loadstart loadend beforeinput webkit afterprint beforeprint popstate storage online offline cancel close cue duration \
    ended formdata gotpointer lostpointer progress ratechange seek slotchange stalled suspend timeupdate volume waiting \
    activate beforeactivate beforecopy help propertychange filterchange layoutcomplete losecapture move row data security",
);

/// Script that says enough by itself.
static SCRIPTS: Texts = Texts::new(&[
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
    "newxmlhttprequest",
    "xmlhttprequest(",
    "location.href=",
    "location.hash",
    "location.replace",
    "location.assign",
    ".location=",
    ";location=",
    "(location=",
    "location='",
    "location=\"",
    "location=`",
    "location=javascript",
    "location=name",
    "location=location",
    "location[",
    "localstorage.",
    "localstorage[",
    "sessionstorage.",
    "sessionstorage[",
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
]);

/// Functions whose call says enough.
static CALLS: Texts = Texts::new(&[
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
]);

/// Addresses that are pages or scripts.
static PAGES: Texts = Texts::new(&[
    "data:text/html",
    "data:text/xml",
    "data:text/javascript",
    "data:image/svg",
    "data:application/x",
    "data:;base64",
    "data:,",
    "mocha:",
    "livescript:",
]);

/// Schemes of script.
static SCHEMES: Texts = Texts::new(&["javascript:", "vbscript:", "javascript&colon;", "jscript:"]);

static STYLE: Texts = Texts::new(&["style="]);
/// What a style loads or runs with.
static STYLED: Texts = Texts::new(&["url(", "behavior", "expression", "binding", "javascript"]);
/// Attributes of other languages.
static FOREIGN: Texts = Texts::new(&["xmlns", "xlink", "xi:include", "datasrc="]);
/// What behind a harmless attribute still loads or styles.
static HIDDEN: Texts = Texts::new(&["javascript", "src=", "style="]);
/// What loads or styles.
static SOURCES: Texts = Texts::new(&[
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
]);

/// What the value does in a page; the gravest reading counts.
pub fn xss(value: &[u8]) -> Option<Xss> {
    let text = squeezed(&value[..value.len().min(LONGEST)]);
    let signs = Signs::of(&text);
    if signs.any(b"=") && handler(&text) {
        return Some(Xss::Handler);
    }
    if signs.any(b"<") && Markup::new(&text).acts() {
        return Some(Xss::Element);
    }
    let close = close(&text);
    if signs.any(b":&") && (PAGES.any_in(&text) || address(&close)) {
        return Some(Xss::Address);
    }
    (calls(&text) || SCRIPTS.any_in(&close)).then_some(Xss::Script)
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

/// The elements of a text, which are asked for from left to right.
struct Markup<'t> {
    text: &'t [u8],
    /// Where the next `>` stands, or the text ends.
    end: usize,
    /// Before the next attribute.
    attribute: Next,
    style: Ahead<'t>,
    styled: Ahead<'t>,
    foreign: Ahead<'t>,
    hidden: Ahead<'t>,
    sources: Ahead<'t>,
}

impl<'t> Markup<'t> {
    fn new(text: &'t [u8]) -> Self {
        let ahead = |texts| Ahead::new(texts, text);
        Self {
            text,
            end: 0,
            attribute: Next::default(),
            style: ahead(&STYLE),
            styled: ahead(&STYLED),
            foreign: ahead(&FOREIGN),
            hidden: ahead(&HIDDEN),
            sources: ahead(&SOURCES),
        }
    }

    /// Whether one of them does something.
    fn acts(&mut self) -> bool {
        let text = self.text;
        memchr::memchr_iter(b'<', text).any(|at| self.element(at + 1))
    }

    /// Whether the element whose name stands here does something.
    fn element(&mut self, at: usize) -> bool {
        let text = &self.text[at..];
        let ahead = text.iter().take_while(|b| b.is_ascii_whitespace() || **b == b'/').count();
        let closes = text[..ahead].contains(&b'/');
        let rest = &text[ahead..];
        let name = letters(rest);
        if name.is_empty() {
            return begins(rest);
        }
        let plain = name.rsplit(|b| *b == b':').next().unwrap_or(name);
        let spread = rest.get(1) == Some(&b' ') && ACTIVE.has(&spaced(rest));
        if ACTIVE.has(plain) || plain == b"vmlframe" || spread {
            return true;
        }
        let known = [&b"script"[..], b"iframe", b"svg:", b"xsl:", b"import"];
        if known.iter().any(|known| name.starts_with(known)) {
            return true;
        }
        let tag = self.tag(at + ahead + name.len());
        !closes && (PASSIVE.has(name) && self.loads(&tag) || self.styles(&tag))
    }

    /// The attributes of an element, from here on.
    fn tag(&mut self, from: usize) -> Range<usize> {
        if self.end < from {
            let end = memchr::memchr(b'>', &self.text[from..]);
            self.end = end.map_or(self.text.len(), |n| from + n);
        }
        from..self.end
    }

    /// The name of the first attribute, behind what parts attributes.
    fn first_attribute(&mut self, tag: &Range<usize>) -> &'t [u8] {
        let parts = |b: u8| matches!(b, b' ' | b'/' | b'\t' | b'\n' | b'"' | b'\'');
        let begins = |pair: &[u8]| parts(pair[0]) && !letters(&pair[1..]).is_empty();
        let text = &self.text[tag.start..];
        let next = self.attribute.behind(tag.start, || text.windows(2).position(begins));
        next.filter(|at| at + 1 < tag.end).map_or(b"", |at| letters(&self.text[at + 1..tag.end]))
    }

    /// Whether an attribute of any element brings style that loads, or names of other languages.
    fn styles(&mut self, tag: &Range<usize>) -> bool {
        self.style.is_in(tag) && self.styled.is_in(tag) || self.foreign.is_in(tag)
    }

    /// Whether an attribute loads or styles something, other than a link to a page.
    fn loads(&mut self, tag: &Range<usize>) -> bool {
        let first = self.first_attribute(tag);
        if first.is_empty() {
            return false;
        }
        if HARMLESS.has(first) {
            return first != b"class" && first != b"id" && self.hidden.is_in(tag);
        }
        self.sources.is_in(tag)
    }
}

/// Whether a declaration or an instruction begins here.
fn begins(text: &[u8]) -> bool {
    let marks =
        [&b"!--"[..], b"![", b"!doctype", b"!entity", b"?xml", b"?import", b"%", b"?php", b"?="];
    marks.iter().any(|mark| text.starts_with(mark))
}

/// A name whose letters stand apart: `f o r m`.
fn spaced(text: &[u8]) -> Vec<u8> {
    let apart =
        |pair: &&[u8]| pair[0].is_ascii_alphabetic() && pair.get(1).is_none_or(|b| *b == b' ');
    text.chunks(2).take_while(apart).map(|pair| pair[0]).collect()
}

/// Whether an event handler is given: any behind a `<`, a known one behind a sign that ends an
/// attribute.
fn handler(text: &[u8]) -> bool {
    let (mut tag, mut passed) = (None, 0);
    memchr::memmem::find_iter(text, b"on").any(|at| {
        let Some(before) = at.checked_sub(1).map(|before| text[before]) else {
            return given(&text[at + 2..], false);
        };
        tag = memchr::memrchr(b'<', &text[passed..at]).map(|n| passed + n).or(tag);
        passed = at;
        // Cloudflare's servers of pictures are told so what to do when there is none.
        if text[at..].starts_with(b"onerror=redirect,")
            || before.is_ascii_alphanumeric()
            || matches!(before, b'_' | b'-' | b'.' | b'?' | b'&' | b'%' | b'$' | b'[')
        {
            return false;
        }
        let inside = tag.is_some_and(|tag| {
            text.get(tag + 1).is_some_and(|b| !b.is_ascii_whitespace() && !b.is_ascii_digit())
        });
        given(&text[at + 2..], inside)
    })
}

fn given(text: &[u8], inside: bool) -> bool {
    /// No event has a longer name.
    const NAME: usize = 64;
    let name = letters(&text[..text.len().min(NAME)]);
    let rest = text[name.len()..].trim_ascii_start();
    let value = rest.get(1..).unwrap_or_default().trim_ascii_start();
    name.len() > 1
        && rest.first() == Some(&b'=')
        && (inside || value.first() != Some(&b'=') && EVENTS.begin(name))
}

/// Whether an address is a script; blanks and entities that may spread its letters are taken away.
fn address(close: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'(' | b'`' | b'=' | b'/' | b'\\' | b';' | b'%' | b'&' | b'[');
    // A sentence may follow `javascript:`, script has one of these signs.
    let last = close.iter().rposition(sign).unwrap_or(0);
    SCHEMES.all_in(close).any(|scheme| scheme.end == close.len() || scheme.end <= last)
}

/// Whether a function of pages is called.
fn calls(text: &[u8]) -> bool {
    CALLS.all_in(text).any(|name| called(text, name.start, name.end))
}

/// The text without blanks, control characters, comments, and entities for them.
fn close(text: &[u8]) -> Vec<u8> {
    let mut close = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut comments = true;
    while let Some(byte) = rest.first() {
        let len = match byte {
            b'&' => {
                [&b"&tab;"[..], b"&newline;"].iter().find(|e| rest.starts_with(e)).map(|e| e.len())
            }
            b'/' if comments && rest.starts_with(b"/*") => {
                let end = memchr::memmem::find(rest, b"*/");
                // If none ends here, none does further on.
                comments = end.is_some();
                end.map(|end| end + 2)
            }
            0..=b' ' => Some(1),
            _ => None,
        };
        if len.is_none() {
            close.push(*byte);
        }
        rest = &rest[len.unwrap_or(1)..];
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
