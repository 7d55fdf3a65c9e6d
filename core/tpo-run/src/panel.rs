//! Several judges together: each for the categories it is good at, their scores mixed by weight.
//!
//! A member with categories judges instructions of those; the members without judge the instructions that no other one
//! claims. Scores are added as they are, times their weights, so that they stay comparable between instructions: put the judges
//! of a mix on one scale by their weights. A response that one of its judges could not score stays unscored.

use std::collections::{BTreeMap, HashSet};

use tpo_types::{Failure, Instruction, Judgment, Kind, Score, Scored};

use crate::scoring::{Asked, Judged, Scoring};

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
        if let Some(twice) = members.iter().find(|member| !names.insert(member.name.as_str())) {
            let what = format!("two judges of the panel have the name `{}`", twice.name);
            return Err(Failure::new(Kind::Usage, what).hint("give each a `name` of its own"));
        }
        Ok(Self { members })
    }

    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Result<Judged, Failure> {
        let mut words: Vec<Vec<Vec<(&Member, Judgment)>>> =
            asked.iter().map(|(_, responses)| responses.iter().map(|_| Vec::new()).collect()).collect();
        let mut duels = Vec::new();
        for member in &self.members {
            let groups: Vec<usize> = (0..asked.len()).filter(|group| self.is_asked(member, asked[*group].0)).collect();
            let own: Vec<(&Instruction, Vec<&str>)> = groups.iter().map(|group| asked[*group].clone()).collect();
            let judged = member.scoring.judge(&own)?;
            for (group, judgments) in groups.iter().zip(judged.judgments) {
                for (words, judgment) in words[*group].iter_mut().zip(judgments) {
                    words.push((member, judgment));
                }
            }
            duels.extend(judged.duels.into_iter().map(|mut duel| {
                duel.group = groups[duel.group];
                duel
            }));
        }
        let judgments = words.iter().map(|responses| responses.iter().map(|words| mixed(words)).collect()).collect();
        Ok(Judged { judgments, duels })
    }

    fn is_asked(&self, member: &Member, instruction: &Instruction) -> bool {
        let claims = |member: &Member| {
            instruction.category.as_ref().is_some_and(|category| member.categories.contains(category))
        };
        if member.categories.is_empty() { !self.members.iter().any(claims) } else { claims(member) }
    }
}

fn mixed(words: &[(&Member, Judgment)]) -> Judgment {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut aspects = BTreeMap::new();
    let mut rationales = Vec::new();
    for (member, judgment) in words {
        match judgment {
            Judgment::Unscored(reason) => return Judgment::Unscored(format!("{}: {reason}", member.name)),
            Judgment::Scored(scored) => {
                sum += member.weight * scored.score.get();
                weight += member.weight;
                aspects.insert(member.name.clone(), scored.score);
                let named = |(aspect, value): (&String, &Score)| (format!("{}/{aspect}", member.name), *value);
                aspects.extend(scored.aspects.iter().map(named));
                rationales.extend(scored.rationale.as_ref().map(|why| format!("{}: {why}", member.name)));
            }
        }
    }
    match Score::new(sum / weight) {
        Some(score) => {
            let rationale = (!rationales.is_empty()).then(|| rationales.join("\n\n"));
            Judgment::Scored(Scored { score, rationale, aspects })
        }
        None => Judgment::Unscored("no judge for its category".into()),
    }
}

/// Krippendorff's alpha of two judges, over every two responses to an instruction that both have scored: do they prefer the
/// same one? 1 is agreement, 0 what chance gives; none where there is nothing to compare.
///
/// Nominal alpha, `1 - D_o / D_e` (Krippendorff, "Content Analysis", 2018, chapter 12), of the three values "the first",
/// "the second" and "neither": preferences can be compared where scores are on different scales.
pub fn alpha(one: &[Vec<Judgment>], other: &[Vec<Judgment>]) -> Option<f64> {
    let mut counts = [0.0_f64; 3];
    let (mut units, mut disagreements) = (0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        for m in 0..a.len().min(b.len()) {
            for n in m + 1..a.len().min(b.len()) {
                let (Some(a), Some(b)) = (preference(&a[m], &a[n]), preference(&b[m], &b[n])) else { continue };
                counts[a] += 1.0;
                counts[b] += 1.0;
                units += 1.0;
                disagreements += f64::from(u8::from(a != b));
            }
        }
    }
    let values = 2.0 * units;
    let observed = disagreements / units;
    let alike: f64 = counts.iter().map(|count| count * (count - 1.0)).sum();
    let expected = 1.0 - alike / (values * (values - 1.0));
    (units > 0.0 && expected > 0.0).then(|| 1.0 - observed / expected)
}

fn preference(first: &Judgment, second: &Judgment) -> Option<usize> {
    match (first, second) {
        (Judgment::Scored(first), Judgment::Scored(second)) => {
            Some(match first.score.get().total_cmp(&second.score.get()) {
                std::cmp::Ordering::Greater => 0,
                std::cmp::Ordering::Less => 1,
                std::cmp::Ordering::Equal => 2,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::Judge;

    use super::*;

    /// Scores by the number of bytes, times a factor.
    struct Bytes(f64);

    impl Judge for Bytes {
        fn score(&self, groups: &[(&Instruction, Vec<&str>)]) -> Result<Vec<Vec<Judgment>>, Failure> {
            let word = |text: &&str| match text.len() {
                0 => Judgment::Unscored("empty".into()),
                len => scored(self.0 * len as f64),
            };
            Ok(groups.iter().map(|(_, responses)| responses.iter().map(word).collect()).collect())
        }
    }

    fn scored(value: f64) -> Judgment {
        let score = Score::new(value).expect("finite");
        Judgment::Scored(Scored { score, rationale: None, aspects: BTreeMap::new() })
    }

    fn member(name: &str, weight: f64, factor: f64, categories: &[&str]) -> Member {
        let categories = categories.iter().map(ToString::to_string).collect();
        Member { name: name.into(), weight, categories, scoring: Scoring::Pointwise(Box::new(Bytes(factor))) }
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
        let (math, other, none) = (instruction(Some("math")), instruction(Some("chat")), instruction(None));
        let asked = [(&math, vec!["abc"]), (&other, vec!["ab", ""]), (&none, vec!["a"])];
        let judged = panel.judge(&asked).expect("judgments").judgments;
        assert_eq!(value(&judged[0][0]), Ok(-3.0));
        assert_eq!(value(&judged[1][0]), Ok((2.0 + 3.0 * 4.0) / 4.0));
        assert_eq!(value(&judged[1][1]), Err("one: empty"));
        assert_eq!(value(&judged[2][0]), Ok((1.0 + 3.0 * 2.0) / 4.0));
    }

    #[test]
    fn nobody_to_judge_is_no_score() {
        let panel = Panel::new(vec![member("math", 1.0, 1.0, &["math"])]).expect("a panel");
        let other = instruction(Some("chat"));
        let judged = panel.judge(&[(&other, vec!["a"])]).expect("judgments").judgments;
        assert_eq!(value(&judged[0][0]), Err("no judge for its category"));
    }

    #[test]
    fn alpha_is_one_for_the_same_order_and_low_for_the_opposite() {
        let up = vec![vec![scored(1.0), scored(2.0), scored(3.0)], vec![scored(2.0), scored(1.0)]];
        let stretched = vec![vec![scored(10.0), scored(20.0), scored(90.0)], vec![scored(0.5), scored(0.1)]];
        assert_eq!(alpha(&up, &stretched), Some(1.0));
        let down = vec![vec![scored(3.0), scored(2.0), scored(1.0)], vec![scored(1.0), scored(2.0)]];
        // Four units, all disagreeing; each value four times of eight: 1 - 1 / (1 - 2 * 4 * 3 / (8 * 7)).
        let expected = 1.0 - 1.0 / (1.0 - 24.0 / 56.0);
        assert!((alpha(&up, &down).expect("an alpha") - expected).abs() < 1e-12);
        assert_eq!(alpha(&[], &[]), None);
    }
}
