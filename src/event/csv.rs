//! CSV and TSV with a header line (RFC 4180 quotes; `,`, `;`, `|` or a tab between): every column
//! is a field under the name that the header gives it. Values with line ends in them are not joined.

use std::borrow::Cow;
use std::sync::Arc;

use super::escape::doubled_quotes;
use super::keys::{self, Keys};
use super::stamp::Stamps;
use super::{Event, Field, Format, Guess, Head, Kind, Mapping, Options, Parsed, Parser};

/// So many lines of the head are looked at.
const SAMPLE: usize = 200;
/// More columns than this are not told apart.
const COLUMN_CAP: usize = 512;
/// Fewer columns than this are no table.
const COLUMNS_LEAST: usize = 3;

#[derive(Debug)]
struct Csv {
    separator: u8,
    /// Whether it is Zeek's, whose lines that start with `#` are no rows.
    zeek: bool,
    header: Vec<u8>,
    columns: Vec<Vec<u8>>,
    kind: Kind,
    fields: Vec<Field>,
    stamps: Stamps,
    mapping: Mapping,
}

/// The guess of this family.
pub(super) fn guess(head: &Head<'_>, options: &Options) -> Option<Guess> {
    // Zeek writes a preamble, and its header behind a mark.
    let zeek = head.lines.iter().find_map(|line| line.strip_prefix(b"#fields\t"));
    let first = zeek.or(head.lines.first().copied())?;
    let separators = [b'\t', b',', b';', b'|'].into_iter();
    let (separator, columns) = separators
        .map(|separator| (separator, columns(first, separator)))
        .filter(|(_, columns)| is_header(columns))
        .max_by_key(|(_, columns)| columns.len())?;
    let mut format = Csv {
        separator,
        zeek: zeek.is_some(),
        header: first.to_vec(),
        columns,
        kind: Kind { category: "application", service: "", log: "application", messages: true },
        fields: Vec::new(),
        stamps: Stamps::new(options),
        mapping: options.mapping.clone(),
    };
    let survey = Survey::of(&format, &head.lines[..head.lines.len().min(SAMPLE)]);
    if survey.events == 0 {
        return None;
    }
    format.kind = survey.kind();
    format.fields = survey.fields;
    let score = survey.events as f64 / (survey.events + survey.others) as f64;
    Some(Guess { format: Arc::new(format), score })
}

/// What the head's lines say.
#[derive(Default)]
struct Survey {
    events: usize,
    others: usize,
    requests: usize,
    gateway: usize,
    fields: Vec<Field>,
}

impl Survey {
    fn of(format: &Csv, lines: &[&[u8]]) -> Self {
        let mut survey = Self::default();
        let mut parser = format.parser();
        for line in lines {
            let mut event = Event::default();
            event.reset(line);
            match parser.parse(line, &mut event) {
                Parsed::Event => survey.note(&event),
                Parsed::Skip => {}
                Parsed::Unparsed => survey.others += 1,
            }
        }
        survey
    }

    fn note(&mut self, event: &Event<'_>) {
        self.events += 1;
        let request = event.get(Field::Method).is_some() && event.get(Field::Target).is_some();
        self.requests += usize::from(request);
        self.gateway += usize::from(keys::gateway_names(event) > 1);
        self.fields.extend(Field::ALL.iter().filter(|f| event.get(**f).is_some()));
        self.fields.sort_unstable();
        self.fields.dedup();
    }

    fn kind(&self) -> Kind {
        let (category, log) = match () {
            () if self.requests * 2 >= self.events => ("webserver", "access"),
            () if self.gateway * 2 >= self.events => ("application", "gateway"),
            () => ("application", "application"),
        };
        Kind { category, service: "", log, messages: true }
    }
}

/// The names in a header line.
fn columns(line: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = line.strip_prefix(b"#").unwrap_or(line);
    values(line, separator).map(|name| name.trim_ascii().to_vec()).collect()
}

/// Whether the names are a header's: words, all different, one of them known.
fn is_header(columns: &[Vec<u8>]) -> bool {
    let word = |name: &Vec<u8>| {
        name.len() <= 64
            && name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80 || *b == b'_')
            && name
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b >= 0x80 || b"_-. ()/:@[]".contains(b))
    };
    let mut sorted = columns.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let known = columns.iter().any(|name| keys::role(name).is_some() || keys::is_gateway(name));
    (COLUMNS_LEAST..COLUMN_CAP).contains(&columns.len())
        && sorted.len() == columns.len()
        && columns.iter().all(word)
        && known
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        if self.separator == b'\t' { "tsv" } else { "csv" }
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn has_named(&self) -> bool {
        true
    }

    fn parser(&self) -> Box<dyn Parser + '_> {
        Box::new(CsvParser { format: self, keys: Keys::new(&self.stamps, &self.mapping) })
    }
}

struct CsvParser<'f> {
    format: &'f Csv,
    keys: Keys<'f>,
}

impl Parser for CsvParser<'_> {
    fn parse<'a>(&mut self, entry: &'a [u8], event: &mut Event<'a>) -> Parsed {
        let comment = self.format.zeek && entry.first() == Some(&b'#');
        if comment || entry.trim_ascii().is_empty() || entry == self.format.header {
            return Parsed::Skip;
        }
        let mut columns = self.format.columns.iter();
        let mut extra = false;
        for value in values(entry, self.format.separator).take(COLUMN_CAP) {
            if let Some(name) = columns.next() {
                event.push(name.clone(), value);
            } else {
                extra = true;
                event.push(&b"rest"[..], value);
            }
        }
        if extra || columns.next().is_some() {
            return Parsed::Unparsed;
        }
        self.keys.settle(event);
        Parsed::Event
    }
}

/// The values of a line, without their quotation marks.
fn values(line: &[u8], separator: u8) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let (value, after) = match text {
            [b'"', inner @ ..] => {
                quoted(inner, separator).unwrap_or_else(|| plain(text, separator))
            }
            _ => plain(text, separator),
        };
        rest = after;
        Some(value)
    })
}

/// A value, and the text behind the separator that ends it.
type Value<'a> = (Cow<'a, [u8]>, Option<&'a [u8]>);

fn plain(text: &[u8], separator: u8) -> Value<'_> {
    match memchr::memchr(separator, text) {
        Some(at) => (Cow::Borrowed(&text[..at]), Some(&text[at + 1..])),
        None => (Cow::Borrowed(text), None),
    }
}

/// A value in quotation marks, of which the first is passed; a doubled one stands for itself.
fn quoted(text: &[u8], separator: u8) -> Option<Value<'_>> {
    let mut at = 0;
    loop {
        at += memchr::memchr(b'"', text.get(at..)?)?;
        match text.get(at + 1) {
            Some(b'"') => at += 2,
            None => return Some((doubled_quotes(&text[..at]), None)),
            Some(next) if *next == separator => {
                return Some((doubled_quotes(&text[..at]), Some(&text[at + 2..])));
            }
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::proof::{prove, tell};

    #[test]
    fn tables() {
        prove(&[
            (
                "timestamp,site,ip,method,uri,status,bytes,ua\n2024-05-05T10:00:00Z,shop.example.com,192.0.2.7,GET,\"/q?a=1,2\",200,512,\"Mozilla/5.0, like \"\"x\"\"\"\ntimestamp,site,ip,method,uri,status,bytes,ua\n",
                "csv",
                "access",
                &[&[
                    "2024-05-05T10:00:00Z",
                    "‹c-ip=192.0.2.7›",
                    "‹cs-uri-query=a=1,2›",
                    "‹sc-status=200›",
                    "‹cs-user-agent=Mozilla/5.0, like \\\"x\\\"›",
                    "‹cs-host=shop.example.com›",
                ]],
            ),
            (
                "date\ttime\top\tcard_no\texpire\tname\n2017-03-08\t05:12:07\tSearchCard\t4000\t2003\tYAMADA\n2017-03-08\tshort\n",
                "tsv",
                "gateway",
                &[
                    &[
                        "2017-03-08T05:12:07+09:00",
                        "‹operation=SearchCard›",
                        "‹card_no=4000›",
                        "‹name=YAMADA›",
                    ],
                    &["UNPARSED"],
                ],
            ),
        ]);
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[a-c",;|\t0-9]{0,60}"#) {
            tell(format!("time,op,card_no\n{text}\n").as_bytes());
            tell(text.as_bytes());
        }
    }
}
