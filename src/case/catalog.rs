//! Which part does a rule play in the reasoning? From its stage, its technique tags and its level.

use crate::rule::{Correlation, Level, RuleInfo, RuleSet, Stage};

/// The part that a rule's hits play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// An exploit was sent.
    Exploit,
    /// A weak sign of what an exploit leaves behind (level low or informational): proves nothing
    /// alone, much within seconds of an exploit.
    Trace,
    /// A planted page, or another way back in, was used.
    Foothold,
    /// Passwords or other credentials were tried.
    Guess,
    /// Credentials or secrets of the site were given out.
    Secret,
    /// Data, a backup or a log was fetched.
    Dump,
    /// What customers enter is caught on its way (T1056.003, a skimmer): who sends it is a victim.
    Capture,
    /// Someone looked around.
    Probe,
    /// Clear card or personal data where it should not be: no attack.
    Exposure,
    /// Everything else.
    Other,
}

impl Role {
    /// The part that a rule of a stage plays.
    fn of(info: &RuleInfo, stage: Option<Stage>) -> Self {
        let tagged = |name: &str| info.tags.iter().any(|tag| tag.starts_with(name));
        let weak = info.level < Level::Medium;
        match stage {
            Some(Stage::Exposure) => Self::Exposure,
            _ if tagged("attack.t1505.003") && !weak => Self::Foothold,
            _ if tagged("attack.t1110") || tagged("attack.t1078") => Self::Guess,
            Some(Stage::Reconnaissance) => Self::Probe,
            Some(Stage::Persistence) if !weak => Self::Foothold,
            Some(Stage::InitialAccess | Stage::Execution | Stage::Persistence) if weak => {
                Self::Trace
            }
            Some(Stage::InitialAccess | Stage::Execution) => Self::Exploit,
            _ if tagged("attack.t1056") => Self::Capture,
            Some(Stage::CredentialAccess) => Self::Secret,
            Some(Stage::Collection | Stage::Exfiltration) => Self::Dump,
            _ => Self::Other,
        }
    }
}

/// What a case needs to know of one rule.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) info: RuleInfo,
    pub(super) stage: Option<Stage>,
    pub(super) role: Role,
    /// What it correlates; `None` for a plain rule.
    pub(super) correlation: Option<Correlation>,
}

impl Known {
    pub(super) fn new(info: RuleInfo, stage: Option<Stage>) -> Self {
        let role = Role::of(&info, stage);
        Self { info, stage, role, correlation: None }
    }

    /// A page that never answered before and that few use, soon after an exploit.
    fn rare_page() -> Self {
        let info = RuleInfo {
            id: "leaksweep-rare-page".to_owned(),
            title: "Page that never answered before, used by one or two clients after an exploit"
                .to_owned(),
            level: Level::High,
            author: "leaksweep".to_owned(),
            tags: vec!["attack.persistence".to_owned(), "attack.t1505.003".to_owned()],
            ..RuleInfo::default()
        };
        Self::new(info, Some(Stage::Persistence))
    }

    /// An answer far larger than its page's own.
    fn outlier() -> Self {
        let info = RuleInfo {
            id: "leaksweep-large-answer".to_owned(),
            title: "Answer many times larger than its page gives to everybody".to_owned(),
            level: Level::Medium,
            author: "leaksweep".to_owned(),
            tags: vec!["attack.collection".to_owned(), "attack.t1213".to_owned()],
            ..RuleInfo::default()
        };
        Self::new(info, Some(Stage::Collection))
    }

    /// The same of a correlation.
    fn correlating(mut self, correlation: Option<&Correlation>) -> Self {
        self.correlation = correlation.cloned();
        self
    }

    /// The ATT&CK techniques that its tags name.
    pub(super) fn techniques(&self) -> Vec<String> {
        let technique = |tag: &String| {
            let name = tag.strip_prefix("attack.")?;
            let number = name.strip_prefix('t')?;
            number.starts_with(|c: char| c.is_ascii_digit()).then(|| name.to_ascii_uppercase())
        };
        self.info.tags.iter().filter_map(technique).collect()
    }

    /// Whether a hit says by itself that somebody attacked.
    pub(super) fn is_attack(&self) -> bool {
        match self.role {
            Role::Trace | Role::Exposure => false,
            Role::Other => self.is_grave(),
            _ => self.info.level >= Level::Medium,
        }
    }

    /// Whether two rules speak of the same vulnerability, as far as their tags say.
    pub(super) fn is_kin(&self, other: &Self) -> bool {
        let mut ours = self.vulnerabilities().peekable();
        match ours.peek() {
            Some(_) => ours.any(|cve| other.vulnerabilities().any(|theirs| theirs == cve)),
            None => other.vulnerabilities().next().is_none(),
        }
    }

    /// The tags that name a CVE.
    fn vulnerabilities(&self) -> impl Iterator<Item = &str> {
        self.info.tags.iter().map(String::as_str).filter(|tag| tag.starts_with("cve."))
    }

    /// Whether it is grave enough to suspect a site for it.
    pub(super) fn is_grave(&self) -> bool {
        self.info.level >= Level::High
    }
}

/// The rules by index, and behind them what is no rule but seen by comparing pages.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    rules: Vec<Known>,
    /// A planted page, an answer of unlike size.
    of_pages: [Known; 2],
}

impl Catalog {
    /// What is known of a rule set.
    pub(super) fn new(rules: &RuleSet) -> Self {
        let all = 0..rules.len() as u32;
        let known = |i| Known::new(rules.info(i).clone(), rules.stage(i));
        all.map(|i| known(i).correlating(rules.correlation(i))).collect()
    }

    /// Of rule number `index`; absent if a part file was made with other rules.
    pub(super) fn get(&self, index: u32) -> Option<&Known> {
        self.rules.iter().chain(&self.of_pages).nth(index as usize)
    }

    /// The number under which rare pages ([`rare`](super::rare)) are hits.
    pub(super) fn rare_page(&self) -> u32 {
        self.rules.len() as u32
    }

    /// The number under which answers of unlike size ([`outlier`](super::outlier)) are hits.
    pub(super) fn outlier(&self) -> u32 {
        self.rare_page() + 1
    }

    /// All rules with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Known)> {
        (0..).zip(&self.rules)
    }
}

impl FromIterator<Known> for Catalog {
    fn from_iter<I: IntoIterator<Item = Known>>(rules: I) -> Self {
        let of_pages = [Known::rare_page(), Known::outlier()];
        Self { rules: rules.into_iter().collect(), of_pages }
    }
}
