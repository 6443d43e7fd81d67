//! YAML as a tree in which every node knows its place: the one door through which YAML enters.

use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::fault::{Code, Fault, Mark};

/// The deepest nesting that a rule file may have.
const DEPTH: usize = 64;
/// The most nodes of one file, aliases expanded: a small file must not become a large tree.
const NODES: usize = 1_000_000;

/// A node and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) data: Data,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// A scalar; `plain` if it was written without quotes, so that it may be a number.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Mark,
    pub(super) value: Node,
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a map; none if it is no map.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list, or the node itself as the only one; none for null.
    pub(super) fn items(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            Data::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    fn size(&self) -> usize {
        1 + match &self.data {
            Data::List(items) => items.iter().map(Node::size).sum(),
            Data::Map(entries) => entries.iter().map(|e| 1 + e.value.size()).sum(),
            _ => 0,
        }
    }
}

/// The documents of a file.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    let mut tree = Tree::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            Fault::new(Code::Yaml, mark(*error.marker()), format!("not YAML: {}", error.info()))
        })?;
        tree.take(event, mark(span.start))?;
    }
    Ok(tree.documents)
}

fn mark(marker: Marker) -> Mark {
    Mark { line: marker.line().max(1) as u32, column: marker.col() as u32 + 1 }
}

#[derive(Default)]
struct Tree {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: FxHashMap<usize, Node>,
    nodes: usize,
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Mark)>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, at: Mark) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.close(Node { at, data: scalar(text.into_owned(), plain) }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.open(at, Data::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.open(at, Data::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.close(open.node, open.anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let unknown = || Fault::new(Code::Yaml, at, "an alias of an unfinished anchor");
                let node = self.anchors.get(&anchor).cloned().ok_or_else(unknown)?;
                self.nodes += node.size();
                self.close(Node { at, ..node }, 0)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, at: Mark, data: Data, anchor: usize) -> Result<(), Fault> {
        if self.open.len() >= DEPTH {
            return Err(Fault::new(Code::Yaml, at, format!("nested deeper than {DEPTH}")));
        }
        self.open.push(Open { node: Node { at, data }, anchor, key: None });
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(Fault::new(Code::Yaml, node.at, format!("more than {NODES} nodes")));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        if let Some(open) = self.open.last_mut() {
            return open.add(node);
        }
        self.documents.push(node);
        Ok(())
    }
}

impl Open {
    fn add(&mut self, node: Node) -> Result<(), Fault> {
        match &mut self.node.data {
            Data::List(items) => items.push(node),
            Data::Map(entries) => match self.key.take() {
                Some((key, at)) => entries.push(Entry { key, at, value: node }),
                None => self.key = Some(key_of(&node, entries)?),
            },
            _ => {}
        }
        Ok(())
    }
}

fn key_of(node: &Node, entries: &[Entry]) -> Result<(String, Mark), Fault> {
    let key = match &node.data {
        Data::Null => "null",
        Data::Scalar { text, .. } => text,
        _ => return Err(Fault::new(Code::Yaml, node.at, "a key must be text")),
    };
    if entries.iter().any(|entry| entry.key == key) {
        return Err(Fault::new(Code::Yaml, node.at, format!("the key `{key}` is there twice")));
    }
    Ok((key.to_owned(), node.at))
}

fn scalar(text: String, plain: bool) -> Data {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if plain => Data::Null,
        _ => Data::Scalar { text, plain },
    }
}
