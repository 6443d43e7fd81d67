//! The rules together: loaded, linked, compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::element::Record;
use crate::event::decode::Layer;
use crate::event::{Event, Field, Format, Kind};

use super::correlation::{Column, Correlation, Measure, Names, no_rule};
use super::document::{self, Document, Filter, Place, Proofs, Rule};
use super::fault::{Code, Fault, Mark, RuleError};
use super::memo::Memo;
use super::needle::Witness;
use super::plan::Plan;
use super::program::{Program, Subject};
use super::sources::Sources;
use super::{Obstacle, RuleInfo, Stage, able, field, yaml};

static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
static NOTHING: RuleInfo = RuleInfo::nothing();

/// Rules, compiled: immutable while it scans, shared by all threads.
#[derive(Debug, Default)]
pub struct RuleSet {
    files: BTreeMap<(bool, String), String>,
    rules: Vec<Loaded>,
    filters: Vec<Filter>,
    /// Rules that correlations refer to, with the fields that their matches must bring.
    series: BTreeMap<u32, Vec<Column>>,
    /// Rules that do not report their own matches.
    quiet: BTreeSet<u32>,
    warnings: Vec<Fault>,
    sources: Sources,
    programs: Vec<Option<Compiled>>,
    /// One plan per kind of log, made when the first block of that kind is scanned. A block takes
    /// the lock once; the lock also keeps two threads from making the same plan.
    plans: Mutex<Vec<(Kind, Arc<Plan>)>>,
    /// What was found out of formats, so that a stream of one line costs little.
    obstacles: Mutex<Vec<(Shape, Said)>>,
}

/// By rule, why it cannot fire.
type Said = Arc<BTreeMap<u32, String>>;

/// All of a format that decides which rules can fire on it, and how that is told.
#[derive(Debug, PartialEq)]
struct Shape {
    name: &'static str,
    kind: Kind,
    fields: Vec<Field>,
    has_named: bool,
}

impl Shape {
    fn of(format: &dyn Format) -> Self {
        let (name, kind) = (format.name(), format.kind());
        Self { name, kind, fields: format.fields().to_vec(), has_named: format.has_named() }
    }
}

/// A rule's program and what its candidates must have.
#[derive(Debug)]
struct Compiled {
    program: Program,
    witness: Option<Witness>,
}

#[derive(Clone, Debug)]
enum Loaded {
    Rule(Rule),
    Correlation(Correlation),
}

/// How a rule finds what it looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The fields that it looks at; `keyword` for the whole entry.
    pub fields: Vec<String>,
    /// What makes an entry a candidate, one of these: `text "…"`, `cs-method = "…"`, `a record`;
    /// `None` if every entry is looked at.
    pub needs: Option<Vec<String>>,
}

impl Loaded {
    fn parts(&self) -> (&RuleInfo, Option<&String>, &Place, &Proofs) {
        match self {
            Self::Rule(rule) => (&rule.info, rule.name.as_ref(), &rule.place, &rule.proofs),
            Self::Correlation(c) => (&c.info, c.name.as_ref(), &c.place, &c.proofs),
        }
    }
}

impl RuleSet {
    /// The built-in rules.
    ///
    /// # Errors
    ///
    /// Every fault in them.
    pub fn builtin() -> Result<Self, RuleError> {
        let mut set = Self::default();
        collect_builtin(&BUILTIN, &mut set.files);
        set.link()?;
        Ok(set)
    }

    /// Adds the rules of a file, or of all `.yml` and `.yaml` files of a folder and its folders.
    ///
    /// # Errors
    ///
    /// Every fault in them; the set is then not to be used.
    pub fn add(&mut self, path: &Path) -> Result<(), RuleError> {
        let mut faults = Vec::new();
        collect(path, true, &mut self.files, &mut faults);
        if !faults.is_empty() {
            return Err(RuleError { faults });
        }
        self.link()
    }

    /// Adds the documents of a text under a name of its own.
    ///
    /// # Errors
    ///
    /// Every fault in them; the set is then not to be used.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), RuleError> {
        self.files.insert((true, name.to_owned()), text.to_owned());
        self.link()
    }

    /// How many rules there are, correlations included.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What is known of rule number `index`; nothing if there is no such rule.
    pub fn info(&self, index: u32) -> &RuleInfo {
        self.rules.get(index as usize).map_or(&NOTHING, |loaded| loaded.parts().0)
    }

    /// Rule number `index` as written; `None` for a correlation.
    pub fn rule(&self, index: u32) -> Option<&Rule> {
        match self.rules.get(index as usize)? {
            Loaded::Rule(rule) => Some(rule),
            Loaded::Correlation(_) => None,
        }
    }

    /// Correlation number `index`; `None` for a rule.
    pub fn correlation(&self, index: u32) -> Option<&Correlation> {
        match self.rules.get(index as usize)? {
            Loaded::Rule(_) => None,
            Loaded::Correlation(correlation) => Some(correlation),
        }
    }

    /// All correlations with their numbers.
    pub fn correlations(&self) -> impl Iterator<Item = (u32, &Correlation)> {
        (0..self.len() as u32).filter_map(|i| self.correlation(i).map(|c| (i, c)))
    }

    /// The proofs of rule number `index`.
    pub fn proofs(&self, index: u32) -> Option<&Proofs> {
        self.rules.get(index as usize).map(|loaded| loaded.parts().3)
    }

    /// Where rule number `index` stands.
    pub fn place(&self, index: u32) -> Option<&Place> {
        self.rules.get(index as usize).map(|loaded| loaded.parts().2)
    }

    /// The stage of an intrusion that rule number `index` speaks of.
    pub fn stage(&self, index: u32) -> Option<Stage> {
        Stage::of(&self.info(index).tags)
    }

    /// Whether rule number `index` reports its own matches (it does not if a correlation without
    /// `generate` refers to it, and none with it).
    pub fn reports(&self, index: u32) -> bool {
        !self.quiet.contains(&index)
    }

    /// The fields that each match of rule number `index` must bring, since a correlation refers to
    /// it; `None` if none does.
    pub fn columns(&self, index: u32) -> Option<&[Column]> {
        self.series.get(&index).map(Vec::as_slice)
    }

    /// The text of a rule file.
    pub(super) fn text(&self, file: &str) -> &str {
        let found = self.files.iter().find(|((_, name), _)| name == file);
        found.map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// The filters.
    pub(super) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// The filters that leave out some of what a rule finds.
    pub fn filters_of<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = &'r Filter> {
        self.filters.iter().filter(|filter| filters(filter, rule))
    }

    /// What loading found odd but no error; [`RuleSet::check`] says more.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// SHA-256, in hex, over the SHA-256 of every rule file's text (line ends as `\n`), in order:
    /// the same files give the same digest, whatever their names are.
    pub fn digest(&self) -> String {
        let mut each: Vec<[u8; 32]> = self.files.values().map(|text| text_sum(text)).collect();
        each.sort_unstable();
        hex(&each)
    }

    /// What tells rule number `index` from all others, in this set and the next: its id, or, of a
    /// rule without one, its file's text and its place in it.
    pub fn key(&self, index: u32) -> String {
        let id = &self.info(index).id;
        match self.place(index) {
            Some(place) if id.is_empty() => {
                format!("{} {}", sum([self.text(&place.file)].into_iter()), place.at.line)
            }
            _ => id.clone(),
        }
    }

    /// SHA-256, in hex, over all that decides what rule number `index` finds and what is kept of
    /// it: the texts of its file and of the filters on it, and what correlations want of it. While
    /// it is the same, so is what was found.
    pub fn fingerprint(&self, index: u32) -> String {
        let filters = self.rule(index).into_iter().flat_map(|rule| self.filters_of(rule));
        let places = self.place(index).into_iter().chain(filters.map(|filter| &filter.place));
        let wanted = format!("{:?} {}", self.columns(index), self.reports(index));
        sum(places.map(|place| self.text(&place.file)).chain([&*wanted]))
    }

    /// Whether a rule that is looked for counts records, or must bring such a count.
    pub fn counts_records(&self) -> bool {
        let compiled = (0..).zip(&self.programs).filter(|(_, compiled)| compiled.is_some());
        let mut columns = compiled.filter_map(|(index, _)| self.columns(index)).flatten();
        columns.any(|column| field::Source::of(&column.name).counts_records())
            || self.sources.list.iter().any(field::Source::counts_records)
    }

    /// Reads all files anew and binds documents to each other.
    fn link(&mut self) -> Result<(), RuleError> {
        let mut loader = Loader::default();
        for ((_, file), text) in &self.files {
            loader.load(file, text);
        }
        loader.resolve();
        if !loader.faults.is_empty() {
            return Err(RuleError { faults: loader.faults });
        }
        self.rules = loader.rules;
        self.filters = loader.filters;
        self.warnings = loader.warnings;
        self.tie_series();
        self.compile(|_| true);
        Ok(())
    }

    /// The same rules under the same numbers, of which only some are looked for in entries.
    #[must_use]
    pub fn only(&self, wanted: &BTreeSet<u32>) -> Self {
        let (files, rules, filters) =
            (self.files.clone(), self.rules.clone(), self.filters.clone());
        let (series, quiet) = (self.series.clone(), self.quiet.clone());
        let mut set = Self { files, rules, filters, series, quiet, ..Self::default() };
        set.compile(|index| wanted.contains(&index));
        set
    }

    fn compile(&mut self, wanted: impl Fn(u32) -> bool) {
        let mut sources = Sources::default();
        let compiled = (0..).zip(&self.rules).map(|(index, loaded)| match loaded {
            Loaded::Rule(rule) if wanted(index) => {
                let chosen: Vec<&Filter> = self.filters_of(rule).collect();
                let program = Program::compile(rule, &chosen, &mut sources);
                let witness = Witness::find(&program.cond, &sources.list);
                Some(Compiled { program, witness })
            }
            Loaded::Rule(_) | Loaded::Correlation(_) => None,
        });
        self.programs = compiled.collect();
        sources.close();
        self.sources = sources;
        (self.plans, self.obstacles) = Default::default();
    }

    fn program(&self, index: u32) -> Option<&Compiled> {
        self.programs.get(index as usize)?.as_ref()
    }

    /// Whether rule number `index` runs on logs of a kind.
    pub fn applies(&self, index: u32, kind: Kind) -> bool {
        let rule = self.rule(index).zip(self.program(index));
        rule.is_some_and(|(rule, compiled)| {
            able::applies(rule, &compiled.program, &self.sources.list, kind)
        })
    }

    /// The rules that run on logs of a kind, and how to tell which of them an entry may match.
    pub fn plan(&self, kind: Kind) -> Arc<Plan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = plans.iter().find(|(known, _)| *known == kind) {
            return Arc::clone(plan);
        }
        let rules = (0..self.len() as u32).filter(|rule| self.applies(*rule, kind));
        let rules = rules.filter_map(|rule| Some((rule, self.program(rule)?.witness.as_ref())));
        let plan = Arc::new(Plan::new(rules, &self.sources));
        plans.push((kind, Arc::clone(&plan)));
        plan
    }

    /// An entry to hold rules against; `memo` is the thread's, and always the same for one set.
    pub fn subject<'e>(
        &'e self,
        event: &'e Event<'e>,
        records: &'e [Record],
        memo: &'e mut Memo,
    ) -> Subject<'e> {
        Subject::new(event, records, &self.sources, memo)
    }

    /// The number of the lane of a field, by which [`Subject::is_first`] is asked; `None` if no rule
    /// looks at the field.
    pub fn lane(&self, field: Field) -> Option<usize> {
        self.sources.number_of(field::Lane::of(field))
    }

    /// What an entry says in each column of rule number `index` ([`RuleSet::columns`]), as it
    /// stands in the log; the first value, where a field has several.
    pub fn column_values<'v>(
        &'v self,
        index: u32,
        event: &'v Event<'_>,
        records: &'v [Record],
    ) -> impl Iterator<Item = (&'v Column, Option<Vec<u8>>)> {
        self.columns(index).unwrap_or_default().iter().map(move |column| {
            let mut found = None;
            field::Source::of(&column.name).any(event, records, &mut |value| {
                found = Some(value.to_owned());
                true
            });
            (column, found)
        })
    }

    /// Whether rule number `index` may match, as far as its fields say each alone.
    pub fn may_match(&self, index: u32, subject: &mut Subject<'_>) -> bool {
        self.program(index).is_some_and(|compiled| compiled.program.may_match(subject))
    }

    /// The lowest layer at which rule number `index` matches.
    pub fn matches(&self, index: u32, subject: &mut Subject<'_>) -> Option<Layer> {
        self.program(index)?.program.matches(subject)
    }

    /// The rules (by index) that can never fire on a format, and why.
    pub fn unable(&self, format: &dyn Format) -> BTreeMap<u32, Obstacle> {
        let mut unable = BTreeMap::new();
        for index in 0..self.len() as u32 {
            if let Some(why) = self.why_not(index, format) {
                unable.insert(index, why);
            }
        }
        self.spread(&mut unable);
        unable
    }

    /// The same in sentences, which streams of one format share.
    pub fn obstacles(&self, format: &dyn Format) -> Said {
        /// More shapes than a case has; a log may announce columns of its own.
        const MOST: usize = 64;
        let shape = Shape::of(format);
        let mut known = self.obstacles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, obstacles)) = known.iter().find(|(known, _)| *known == shape) {
            return Arc::clone(obstacles);
        }
        let unable = self.unable(format).into_iter();
        let said: BTreeMap<_, _> = unable.map(|(rule, why)| (rule, why.on(shape.name))).collect();
        let said = Arc::new(said);
        if known.len() < MOST {
            known.push((shape, Arc::clone(&said)));
        }
        said
    }

    /// Adds the correlations that cannot match since rules that they refer to cannot.
    pub(super) fn spread(&self, unable: &mut BTreeMap<u32, Obstacle>) {
        // A correlation of correlations may stand before those that it refers to.
        loop {
            let before = unable.len();
            for (index, correlation) in self.correlations() {
                if !correlation.is_possible(&|rule| !unable.contains_key(&rule)) {
                    unable.insert(index, Obstacle::Rules);
                }
            }
            if unable.len() == before {
                return;
            }
        }
    }

    fn why_not(&self, index: u32, format: &dyn Format) -> Option<Obstacle> {
        let (rule, compiled) = self.rule(index).zip(self.program(index))?;
        if !self.applies(index, format.kind()) {
            return Some(Obstacle::Logsource(rule.logsource.to_string()));
        }
        able::why_not(&compiled.program, &self.sources.list, &self.sources.names, format)
    }

    /// What rule number `index` looks for and what it needs; `None` for a correlation.
    pub fn explain(&self, index: u32) -> Option<Explanation> {
        let compiled = self.program(index)?;
        let names = &self.sources.names;
        let field = |n: &usize| names.get(*n).cloned();
        Some(Explanation {
            fields: compiled.program.sources.iter().filter_map(field).collect(),
            needs: compiled.witness.as_ref().map(|w| w.explain(names)),
        })
    }

    /// Which rules feed correlations, and which of them stay quiet.
    fn tie_series(&mut self) {
        (self.series, self.quiet) = Default::default();
        let mut heard = BTreeSet::new();
        for (_, correlation) in self.correlations().map(|(i, c)| (i, c.clone())).collect::<Vec<_>>()
        {
            for (position, rule) in correlation.rules.iter().enumerate() {
                let columns = self.series.entry(*rule).or_default();
                for (at, name) in correlation.columns(position).enumerate() {
                    let counted = correlation.measure == Measure::ValueCount;
                    let is_told = at < correlation.group_by.len() || !counted;
                    match columns.iter_mut().find(|column| column.name == name) {
                        Some(column) => column.is_told |= is_told,
                        None => columns.push(Column { name: name.to_owned(), is_told }),
                    }
                }
                let set = if correlation.generate { &mut heard } else { &mut self.quiet };
                set.insert(*rule);
            }
        }
        self.quiet.retain(|rule| !heard.contains(rule));
    }
}

/// SHA-256 of a text, line ends as `\n`.
fn text_sum(text: &str) -> [u8; 32] {
    Sha256::digest(text.replace("\r\n", "\n")).into()
}

/// SHA-256 over sums, in hex.
fn hex(sums: &[[u8; 32]]) -> String {
    let whole: [u8; 32] = Sha256::digest(sums.concat()).into();
    crate::source::ContentId(whole).to_string()
}

/// SHA-256 over the sums of texts, in hex.
fn sum<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    hex(&texts.map(text_sum).collect::<Vec<_>>())
}

fn collect_builtin(dir: &Dir<'_>, files: &mut BTreeMap<(bool, String), String>) {
    for file in dir.files().filter(|file| is_rule_file(file.path())) {
        let name = format!("rules/{}", file.path().to_string_lossy().replace('\\', "/"));
        files.insert((false, name), file.contents_utf8().unwrap_or_default().to_owned());
    }
    dir.dirs().for_each(|dir| collect_builtin(dir, files));
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yml" || ext == "yaml")
}

fn collect(
    path: &Path,
    given: bool,
    files: &mut BTreeMap<(bool, String), String>,
    faults: &mut Vec<Fault>,
) {
    let name = path.to_string_lossy().replace('\\', "/");
    let text = if path.is_dir() {
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
                paths.sort();
                return paths.iter().for_each(|path| collect(path, false, files, faults));
            }
            Err(error) => Err(error),
        }
    } else if given || is_rule_file(path) {
        std::fs::read_to_string(path)
    } else {
        return;
    };
    match text {
        Ok(text) => drop(files.insert((true, name), text)),
        Err(error) => {
            let at = Mark { line: 1, column: 1 };
            faults.push(Fault::new(Code::Io, at, error.to_string()).in_file(&name, ""));
        }
    }
}

/// Documents on their way into a set.
#[derive(Default)]
struct Loader {
    rules: Vec<Loaded>,
    filters: Vec<Filter>,
    texts: BTreeMap<String, String>,
    seen: BTreeSet<[u8; 32]>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Loader {
    fn load(&mut self, file: &str, text: &str) {
        // The same file under two paths is the same rules.
        if !self.seen.insert(Sha256::digest(text).into()) {
            return;
        }
        self.texts.insert(file.to_owned(), text.to_owned());
        let nodes = match yaml::documents(text) {
            Ok(nodes) => nodes,
            Err(fault) => return self.faults.push(fault.in_file(file, text)),
        };
        for node in nodes.iter().filter(|node| !matches!(node.data, yaml::Data::Null)) {
            match document::read(node, file) {
                Ok(Document::Rule(rule)) => self.rules.push(Loaded::Rule(rule)),
                Ok(Document::Correlation(c)) => self.rules.push(Loaded::Correlation(c)),
                Ok(Document::Filter(filter)) => self.filters.push(filter),
                Err(fault) => self.faults.push(fault.in_file(file, text)),
            }
        }
    }

    fn fault(&mut self, code: Code, place: &Place, at: Mark, message: String) {
        let text = self.texts.get(&place.file).map(String::as_str).unwrap_or_default();
        let fault = Fault::new(code, at, message).in_file(&place.file, text);
        let list = if code == Code::Filter { &mut self.warnings } else { &mut self.faults };
        list.push(fault);
    }

    /// All rules by id and by name.
    fn names(&mut self) -> Names {
        let mut names = Names::default();
        let mut twice = Vec::new();
        for (number, loaded) in (0..).zip(&self.rules) {
            let (info, name, place, _) = loaded.parts();
            if !names.add(number, &info.id, name.map(String::as_str), &place.file) {
                twice.push((place.clone(), info.id.clone()));
            }
        }
        for (place, id) in twice {
            let message = format!("another rule has the id {id} too");
            self.fault(Code::Duplicate, &place, place.at, message);
        }
        names
    }

    fn resolve(&mut self) {
        let names = self.names();
        let mut wrong = Vec::new();
        for loaded in &mut self.rules {
            let Loaded::Correlation(correlation) = loaded else { continue };
            let found = correlation.bind(&names).into_iter();
            wrong.extend(found.map(|(at, why)| (correlation.place.clone(), at, why)));
        }
        for filter in &self.filters {
            let unknown = filter.rules.iter().filter(|(name, _)| !names.knows(name));
            wrong.extend(unknown.map(|(name, at)| (filter.place.clone(), *at, no_rule(name))));
        }
        for (place, at, why) in wrong {
            self.fault(Code::Reference, &place, at, why);
        }
        self.warn_filters();
        self.refuse_circles();
    }

    fn warn_filters(&mut self) {
        let positive = self.filters.iter().filter(|filter| !filter.condition.negates());
        let places: Vec<Place> = positive.map(|filter| filter.place.clone()).collect();
        for place in places {
            let message = "the condition of this filter has no `not`: its rules will find only \
                           what it selects"
                .to_owned();
            self.fault(Code::Filter, &place, place.at, message);
        }
    }

    fn refuse_circles(&mut self) {
        let reach = |start: u32| {
            let mut seen = BTreeSet::new();
            let mut open = vec![start];
            while let Some(next) = open.pop() {
                if let Some(Loaded::Correlation(c)) = self.rules.get(next as usize) {
                    open.extend(c.rules.iter().copied().filter(|rule| seen.insert(*rule)));
                }
            }
            seen.contains(&start)
        };
        let circles: Vec<Place> = (0..self.rules.len() as u32)
            .filter(|start| reach(*start))
            .map(|i| self.rules[i as usize].parts().2.clone())
            .collect();
        for place in circles {
            let message =
                "this correlation refers to itself, directly or through others".to_owned();
            self.fault(Code::Circle, &place, place.at, message);
        }
    }
}

/// Whether a filter is for a rule.
pub(super) fn filters(filter: &Filter, rule: &Rule) -> bool {
    let named =
        |(name, _): &(String, Mark)| *name == rule.info.id || Some(name) == rule.name.as_ref();
    (filter.rules.is_empty() || filter.rules.iter().any(named))
        && rule.logsource.within(&filter.logsource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<RuleSet, RuleError> {
        let mut set = RuleSet::default();
        set.add_text("x.yml", text).map(|()| set)
    }

    #[test]
    fn the_web_rules_of_sigma_load_unmodified() {
        let Some(data) = crate::rule::data("sigma/rules") else { return };
        let mut set = RuleSet::default();
        set.add(&data).unwrap();
        assert_eq!(set.len(), 159);
        assert!(set.warnings().is_empty());
    }

    #[test]
    fn a_name_that_two_authors_chose_means_the_rule_of_the_same_file() {
        let rule = "title: t\nname: one\nlogsource: {category: webserver}\n\
             detection: {a: {sc-status: 401}, condition: a}\n";
        let counted = "---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [one]\n  \
             group-by: [c-ip]\n  timespan: 5m\n  condition: {gte: 9}\n";
        let mut set = RuleSet::default();
        set.add_text("a.yml", rule).unwrap();
        set.add_text("b.yml", &format!("{rule}{counted}")).unwrap();
        assert_eq!(set.correlations().next().unwrap().1.rules, [1]);
        let error = set.add_text("c.yml", counted).unwrap_err().to_string();
        assert!(error.contains("several rules have the name `one`"), "{error}");
    }

    #[test]
    fn correlations_say_what_their_rules_must_bring() {
        let rule = |name: &str| {
            format!(
                "title: t\nname: {name}\nlogsource: {{category: webserver}}\n\
             detection: {{a: {{sc-status: 401}}, condition: a}}\n---\n"
            )
        };
        let text = rule("one")
            + &rule("two")
            + "title: c\ncorrelation:\n  type: temporal\n  \
            rules: [one, two]\n  group-by: [c-ip, who]\n  timespan: 5m\n  \
            aliases: {who: {one: cs-username, two: user}}\n---\n\
            title: d\ncorrelation:\n  type: value_count\n  rules: [two]\n  \
            group-by: [c-ip]\n  timespan: 5m\n  condition: {field: cs-uri, gte: 9}\n";
        let set = load(&text).unwrap();
        let columns = |rule| -> Vec<(&str, bool)> {
            let all = set.columns(rule).unwrap().iter();
            all.map(|column| (&*column.name, column.is_told)).collect()
        };
        assert_eq!(columns(0), [("c-ip", true), ("cs-username", true)]);
        assert_eq!(columns(1), [("c-ip", true), ("user", true), ("cs-uri", false)]);
        assert!(!set.reports(0) && set.reports(2));
        assert_eq!(set.correlations().count(), 2);
    }
}
