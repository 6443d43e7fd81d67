//! Which tactics and techniques of MITRE ATT&CK do a rule's tags name? What alerts of other
//! systems are sorted by.

/// Ids of the tactics (ATT&CK Enterprise) by the name that Sigma tags use.
const TACTICS: &[(&str, &str, &str)] = &[
    ("reconnaissance", "TA0043", "Reconnaissance"),
    ("resource-development", "TA0042", "Resource Development"),
    ("initial-access", "TA0001", "Initial Access"),
    ("execution", "TA0002", "Execution"),
    ("persistence", "TA0003", "Persistence"),
    ("privilege-escalation", "TA0004", "Privilege Escalation"),
    ("defense-evasion", "TA0005", "Defense Evasion"),
    ("credential-access", "TA0006", "Credential Access"),
    ("discovery", "TA0007", "Discovery"),
    ("lateral-movement", "TA0008", "Lateral Movement"),
    ("collection", "TA0009", "Collection"),
    ("exfiltration", "TA0010", "Exfiltration"),
    ("command-and-control", "TA0011", "Command and Control"),
    ("impact", "TA0040", "Impact"),
];

/// A tactic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tactic {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
}

/// A technique, or a part of one: `T1505.003` is a part of `T1505`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Technique {
    pub(super) id: String,
    pub(super) part: Option<String>,
}

/// The tactics that tags name (`attack.initial-access`), in the order of the tags.
pub(super) fn tactics(tags: &[String]) -> Vec<Tactic> {
    let tactic = |name: String| {
        let known = TACTICS.iter().find(|(tag, ..)| *tag == name)?;
        Some(Tactic { id: known.1, name: known.2 })
    };
    names(tags).filter_map(tactic).collect()
}

/// The techniques that tags name (`attack.t1190`), in the order of the tags.
pub(super) fn techniques(tags: &[String]) -> Vec<Technique> {
    names(tags).filter_map(|name| technique(&name)).collect()
}

fn names(tags: &[String]) -> impl Iterator<Item = String> {
    tags.iter().filter_map(|tag| Some(tag.strip_prefix("attack.")?.replace('_', "-")))
}

fn technique(name: &str) -> Option<Technique> {
    let id = name.to_ascii_uppercase();
    let (whole, part) =
        id.split_once('.').map_or((&*id, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str, many| text.len() == many && text.bytes().all(|b| b.is_ascii_digit());
    let sound = digits(whole.strip_prefix('T')?, 4) && part.is_none_or(|part| digits(part, 3));
    sound.then(|| Technique { id: whole.to_owned(), part: part.map(|_| id.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_tactics_and_techniques() {
        let tags = [
            "attack.initial_access",
            "attack.t1190",
            "attack.t1505.003",
            "attack.g0001",
            "cve.2017-5638",
        ];
        let tags = tags.map(str::to_owned);
        assert_eq!(tactics(&tags), [Tactic { id: "TA0001", name: "Initial Access" }]);
        let part = Some("T1505.003".to_owned());
        let expected =
            [Technique { id: "T1190".into(), part: None }, Technique { id: "T1505".into(), part }];
        assert_eq!(techniques(&tags), expected);
    }
}
