//! From facts to verdict: one pure function, one table of tests.

use super::Verdict;

/// What the verdict rests on, and nothing else. Whether a fact holds is decided where the evidence
/// is (`facts`); here it is only weighed.
///
/// Not in it, on purpose: clear card data in the site's own logs (an exposure, PCI DSS 3, but no
/// intrusion), the silence of a WAF (on the day of S2-045 no public rule set knew it), how many
/// attacks were refused, and how loud a scanner was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is one row of the contract's table
pub struct Facts {
    /// Logs of the site were supplied.
    pub examined: bool,
    /// The criteria of coverage are met for the whole window.
    pub covered: bool,
    /// An attack was seen, whatever its answer.
    pub attacked: bool,
    /// An attack was accepted: the application handled it, or it was answered with success, and
    /// nothing shows that it was refused.
    pub accepted: bool,
    /// A strong anomaly without a side effect: a page like a web shell that answers, a dump
    /// fetched by a client not known as an intruder.
    pub anomaly: bool,
    /// A login succeeded after many failures of the same client.
    pub guessed: bool,
    /// More kinds of grave attacks were served than are kept: whether they were harmless cannot be
    /// said, and a flood must not make it look so.
    pub unweighed: bool,
    /// An exploit, and its side effect within seconds.
    pub side_effect: bool,
    /// A planted page answered with success, corroborated.
    pub foothold: bool,
    /// Output of a command of the intruder stands in a log.
    pub output: bool,
    /// Records were read by an intruder's requests.
    pub records_read: bool,
    /// A dump was fetched by an intruder: success, and bytes consistent with data.
    pub dump_fetched: bool,
}

impl Facts {
    /// Data went out to an intruder.
    fn data_out(&self) -> bool {
        self.records_read || self.dump_fetched
    }

    /// A trace that exists only if the intruder's code ran, or protected data was read in a
    /// session that was broken into. A guessed login alone may be a forgotten password.
    fn access(&self) -> bool {
        self.side_effect || self.foothold || self.output || self.guessed && self.data_out()
    }
}

/// The verdict.
pub fn judge(facts: &Facts) -> Verdict {
    if !facts.examined {
        Verdict::NotExamined
    } else if facts.access() && facts.data_out() {
        Verdict::ConfirmedExfiltration
    } else if facts.access() {
        Verdict::ConfirmedAccess
    } else if facts.accepted || facts.anomaly || facts.guessed || facts.unweighed {
        Verdict::Suspected
    } else if facts.attacked {
        Verdict::Attempted
    } else if facts.covered {
        Verdict::NotConfirmed
    } else {
        Verdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::*;
    use super::*;

    /// The facts named in words, on a site that was examined.
    fn facts(words: &str) -> Facts {
        let mut facts = Facts { examined: true, ..Facts::default() };
        for word in words.split_whitespace() {
            match word {
                "unexamined" => facts.examined = false,
                "covered" => facts.covered = true,
                "attacked" => facts.attacked = true,
                "accepted" => facts.accepted = true,
                "anomaly" => facts.anomaly = true,
                "guessed" => facts.guessed = true,
                "unweighed" => facts.unweighed = true,
                "side-effect" => facts.side_effect = true,
                "foothold" => facts.foothold = true,
                "output" => facts.output = true,
                "records" => facts.records_read = true,
                "dump" => facts.dump_fetched = true,
                other => panic!("{other}"),
            }
        }
        facts
    }

    #[test]
    fn every_row_and_border() {
        let table = [
            // The rows of the contract.
            ("unexamined", NotExamined),
            ("", Inconclusive),
            ("covered", NotConfirmed),
            ("attacked covered", Attempted),
            ("attacked accepted covered", Suspected),
            ("attacked accepted side-effect covered", ConfirmedAccess),
            ("attacked accepted foothold covered", ConfirmedAccess),
            ("attacked accepted output covered", ConfirmedAccess),
            ("attacked accepted foothold records covered", ConfirmedExfiltration),
            ("attacked accepted foothold dump covered", ConfirmedExfiltration),
            ("attacked accepted side-effect records covered", ConfirmedExfiltration),
            ("attacked accepted output dump covered", ConfirmedExfiltration),
            ("attacked foothold records dump covered", ConfirmedExfiltration),
            // Attacks that were all refused say nothing of later ones: a hole does not raise them,
            // and it does not make them unseen.
            ("attacked", Attempted),
            // A silent WAF is no fact at all: an accepted exploit stays suspected, and so it does
            // however many others of the same scan were refused.
            ("attacked accepted", Suspected),
            // A guessed login may be a forgotten password; with data read it is a proven session.
            ("attacked guessed covered", Suspected),
            ("guessed", Suspected),
            ("attacked guessed records covered", ConfirmedExfiltration),
            ("attacked guessed dump", ConfirmedExfiltration),
            // An anomaly without a side effect is no proof, with or without coverage.
            ("anomaly covered", Suspected),
            ("anomaly", Suspected),
            // Data read by a client that is not proven an intruder proves nothing: a large export
            // of a customer, an administrator's own tools, other customers behind the same NAT.
            ("records covered", NotConfirmed),
            ("dump covered", NotConfirmed),
            ("records", Inconclusive),
            ("attacked records covered", Attempted),
            ("attacked accepted records covered", Suspected),
            ("attacked anomaly dump covered", Suspected),
            // Logs erased on the breached site, an intrusion older than the oldest log: what is
            // seen stands, whatever is missing.
            ("foothold", ConfirmedAccess),
            ("foothold records", ConfirmedExfiltration),
            ("side-effect", ConfirmedAccess),
            ("attacked accepted output records", ConfirmedExfiltration),
            // Decoys without number: what they may hide is not called harmless, nor proven.
            ("attacked unweighed covered", Suspected),
            ("attacked unweighed records", Suspected),
            // Without logs nothing else can be.
            ("unexamined covered", NotExamined),
            ("unexamined attacked foothold records", NotExamined),
        ];
        for (words, verdict) in table {
            assert_eq!(judge(&facts(words)), verdict, "{words}");
        }
    }

    /// More evidence of an intrusion never makes a graver verdict milder.
    #[test]
    fn evidence_only_raises() {
        let sets: [fn(&mut Facts); 10] = [
            |f| f.attacked = true,
            |f| f.accepted = true,
            |f| f.anomaly = true,
            |f| f.guessed = true,
            |f| f.unweighed = true,
            |f| f.side_effect = true,
            |f| f.foothold = true,
            |f| f.output = true,
            |f| f.records_read = true,
            |f| f.dump_fetched = true,
        ];
        for bits in 0_u32..1 << 11 {
            let covered = bits >> 10 & 1 == 1;
            let mut facts = Facts { examined: true, covered, ..Facts::default() };
            sets.iter()
                .enumerate()
                .filter(|(i, _)| bits >> i & 1 == 1)
                .for_each(|(_, s)| s(&mut facts));
            for set in sets {
                let mut more = facts;
                set(&mut more);
                assert!(judge(&more) <= judge(&facts), "{facts:?} {more:?}");
            }
        }
    }
}
