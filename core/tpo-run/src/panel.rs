//! Several judges together: each for the categories it is good at, their scores mixed by weight.
//!
//! A member with categories judges instructions of those; the members without judge the
//! instructions that no other one claims. Scores are added as they are, times their weights, so
//! that they stay comparable between instructions: put the judges of a mix on one scale by their
//! weights. A response that one of its judges could not score stays unscored.

use std::collections::{BTreeMap, HashMap, HashSet};

use tpo_types::{Failure, FailureKind, Instruction, Judgment, ResponseGroup, Score, Scored};

use crate::alpha::Tally;
use crate::scoring::{Agreement, Asked, Judged, Scoring};

/// One judge of a panel.
pub struct Member {
    /// Its name in reports and aspects.
    pub name: String,
    /// How much its score counts.
    pub weight: f64,
    /// The categories that it judges; all that nobody else does if empty.
    pub categories: Vec<String>,
    /// It.
    pub scoring: Scoring,
}

/// Judges that judge together.
pub struct Panel {
    members: Vec<Member>,
}

impl Panel {
    /// A panel of these. Two of one name could not be told apart in reports.
    pub fn new(members: Vec<Member>) -> Result<Self, Failure> {
        let mut names = HashSet::new();
        if let Some(twice) = members
            .iter()
            .find(|member| !names.insert(member.name.as_str()))
        {
            let what = format!("two judges of the panel have the name `{}`", twice.name);
            return Err(
                Failure::new(FailureKind::Usage, what).hint("give each a `name` of its own")
            );
        }
        Ok(Self { members })
    }

    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Result<Judged, Failure> {
        let mut words: Vec<Vec<Vec<(&Member, Judgment)>>> = asked
            .iter()
            .map(|group| group.responses.iter().map(|_| Vec::new()).collect())
            .collect();
        let mut by_member: Vec<HashMap<usize, Vec<Judgment>>> = Vec::new();
        let (mut duels, mut saved) = (Vec::new(), 0);
        for member in &self.members {
            let groups: Vec<usize> = (0..asked.len())
                .filter(|group| self.is_asked(member, asked[*group].instruction))
                .collect();
            let own: Vec<ResponseGroup<'_>> =
                groups.iter().map(|group| asked[*group].clone()).collect();
            let judged = member.scoring.judge(&own)?;
            for (group, judgments) in groups.iter().zip(&judged.judgments) {
                for (words, judgment) in words[*group].iter_mut().zip(judgments) {
                    words.push((member, judgment.clone()));
                }
            }
            by_member.push(groups.iter().copied().zip(judged.judgments).collect());
            saved += judged.saved;
            duels.extend(judged.duels.into_iter().map(|mut duel| {
                duel.group = groups[duel.group];
                duel
            }));
        }
        let judgments = words
            .iter()
            .map(|responses| responses.iter().map(|words| mixed(words)).collect())
            .collect();
        Ok(Judged {
            judgments,
            duels,
            saved,
            agreement: self.agreement(&by_member),
        })
    }

    /// How far every two members agree on the instructions that both were asked about.
    fn agreement(&self, by_member: &[HashMap<usize, Vec<Judgment>>]) -> Vec<Agreement> {
        let mut all = Vec::new();
        for (m, one) in by_member.iter().enumerate() {
            for (n, other) in by_member.iter().enumerate().skip(m + 1) {
                let mut tally = Tally::default();
                for (group, judgments) in one {
                    if let Some(others) = other.get(group) {
                        tally.add(judgments, others);
                    }
                }
                let name = |member: usize| self.members[member].name.clone();
                all.push(Agreement {
                    one: name(m),
                    other: name(n),
                    tally,
                });
            }
        }
        all
    }

    fn is_asked(&self, member: &Member, instruction: &Instruction) -> bool {
        let claims = |member: &Member| {
            instruction
                .category
                .as_ref()
                .is_some_and(|category| member.categories.contains(category))
        };
        if member.categories.is_empty() {
            !self.members.iter().any(claims)
        } else {
            claims(member)
        }
    }
}

fn mixed(words: &[(&Member, Judgment)]) -> Judgment {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut aspects = BTreeMap::new();
    let mut rationales = Vec::new();
    for (member, judgment) in words {
        match judgment {
            Judgment::Unscored(reason) => {
                return Judgment::Unscored(format!("{}: {reason}", member.name));
            }
            Judgment::Scored(scored) => {
                sum += member.weight * scored.score.get();
                weight += member.weight;
                aspects.insert(member.name.clone(), scored.score);
                let named = |(aspect, value): (&String, &Score)| {
                    (format!("{}/{aspect}", member.name), *value)
                };
                aspects.extend(scored.aspects.iter().map(named));
                rationales.extend(
                    scored
                        .rationale
                        .as_ref()
                        .map(|why| format!("{}: {why}", member.name)),
                );
            }
        }
    }
    match Score::new(sum / weight) {
        Some(score) => {
            let rationale = (!rationales.is_empty()).then(|| rationales.join("\n\n"));
            Judgment::Scored(Scored {
                score,
                rationale,
                aspects,
            })
        }
        None => Judgment::Unscored("no judge for its category".into()),
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::Judge;

    use super::*;

    /// Scores by the number of bytes, times a factor.
    struct Bytes(f64);

    impl Judge for Bytes {
        fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
            let word = |text: &&str| match text.len() {
                0 => Judgment::Unscored("empty".into()),
                len => scored(self.0 * len as f64),
            };
            Ok(groups
                .iter()
                .map(|group| group.responses.iter().map(word).collect())
                .collect())
        }
    }

    fn scored(value: f64) -> Judgment {
        let score = Score::new(value).expect("finite");
        Judgment::Scored(Scored {
            score,
            rationale: None,
            aspects: BTreeMap::new(),
        })
    }

    fn member(name: &str, weight: f64, factor: f64, categories: &[&str]) -> Member {
        let categories = categories.iter().map(ToString::to_string).collect();
        Member {
            name: name.into(),
            weight,
            categories,
            scoring: Scoring::Pointwise(Box::new(Bytes(factor))),
        }
    }

    fn instruction(category: Option<&str>) -> Instruction {
        Instruction {
            id: "i".into(),
            messages: Vec::new(),
            category: category.map(str::to_owned),
            reference: None,
            metadata: BTreeMap::new(),
        }
    }

    fn group<'a>(instruction: &'a Instruction, responses: Vec<&'a str>) -> ResponseGroup<'a> {
        ResponseGroup {
            instruction,
            responses,
        }
    }

    fn value(judgment: &Judgment) -> Result<f64, &str> {
        match judgment {
            Judgment::Scored(scored) => Ok(scored.score.get()),
            Judgment::Unscored(reason) => Err(reason),
        }
    }

    #[test]
    fn members_judge_their_categories_and_mix_by_weight() {
        let panel = Panel::new(vec![
            member("math", 1.0, -1.0, &["math"]),
            member("one", 1.0, 1.0, &[]),
            member("two", 3.0, 2.0, &[]),
        ])
        .expect("a panel");
        let (math, other, none) = (
            instruction(Some("math")),
            instruction(Some("chat")),
            instruction(None),
        );
        let asked = [
            group(&math, vec!["abc"]),
            group(&other, vec!["ab", ""]),
            group(&none, vec!["a"]),
        ];
        let judged = panel.judge(&asked).expect("judgments").judgments;
        assert_eq!(value(&judged[0][0]), Ok(-3.0));
        assert_eq!(value(&judged[1][0]), Ok((2.0 + 3.0 * 4.0) / 4.0));
        assert_eq!(value(&judged[1][1]), Err("one: empty"));
        assert_eq!(value(&judged[2][0]), Ok((1.0 + 3.0 * 2.0) / 4.0));
    }

    #[test]
    fn every_two_judges_of_the_same_instructions_are_compared() {
        let members = [
            ("up", 1.0, &[] as &[&str]),
            ("down", -1.0, &[]),
            ("math", 1.0, &["math"]),
        ];
        let panel = Panel::new(
            members
                .map(|(name, factor, categories)| member(name, 1.0, factor, categories))
                .into(),
        );
        let (math, chat) = (instruction(Some("math")), instruction(None));
        let asked = [
            group(&math, vec!["a", "bb"]),
            group(&chat, vec!["a", "bb"]),
            group(&chat, vec!["ccc", "bb"]),
        ];
        let figures = panel
            .expect("a panel")
            .judge(&asked)
            .expect("judgments")
            .figures();
        let compared = figures.agreement.iter().filter(|two| two.comparisons > 0);
        let compared: Vec<_> = compared
            .map(|two| (two.one.as_str(), two.other.as_str(), two.comparisons))
            .collect();
        assert_eq!(compared, [("up", "down", 2)]);
        assert!(figures.agreement[0].alpha.expect("an alpha") < 0.0);
    }

    #[test]
    fn nobody_to_judge_is_no_score() {
        let panel = Panel::new(vec![member("math", 1.0, 1.0, &["math"])]).expect("a panel");
        let other = instruction(Some("chat"));
        let judged = panel
            .judge(&[group(&other, vec!["a"])])
            .expect("judgments")
            .judgments;
        assert_eq!(value(&judged[0][0]), Err("no judge for its category"));
    }
}
