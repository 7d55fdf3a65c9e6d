//! Scoring with several judges, their scores mixed by weight.
//!
//! A member with categories judges the instructions of those categories; the members without judge
//! the instructions that no other member claims. Scores are added as they are, times their weights,
//! so that they stay comparable between instructions: choose weights that put the judges on one
//! scale. A response that one of its judges could not score stays unscored.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tpo_types::{
    Failure, FailureKind, Instruction, Judgment, ResponseGroup, Score, ScoreRange, Scored,
};

use crate::scoring::{InterJudgeAgreement, JudgeOutput, ScoreScale, Scoring, Tally};

/// One judge of a panel.
pub struct Member {
    /// Its name in reports and aspects.
    pub name: String,
    /// How much its score counts.
    pub weight: f64,
    /// The categories that it judges; if empty, all that no other member claims.
    pub categories: Vec<String>,
    /// Scores responses with it.
    pub scoring: Box<dyn Scoring>,
}

/// Scoring with several judges.
pub struct Panel {
    members: Vec<Member>,
}

/// A member's judgment of one response.
struct MemberJudgment<'a> {
    member: &'a Member,
    judgment: Judgment,
}

impl Panel {
    /// A panel of these members. Two of the same name are an error, because reports could not tell
    /// them apart.
    pub fn new(members: Vec<Member>) -> Result<Self, Failure> {
        let mut names = HashSet::new();
        if let Some(twice) = members
            .iter()
            .find(|member| !names.insert(member.name.as_str()))
        {
            let what = format!("two judges of the panel have the name `{}`", twice.name);
            return Err(
                Failure::new(FailureKind::Usage, what).hint("give each judge a unique `name`")
            );
        }
        Ok(Self { members })
    }

    /// How far every two members agree on the instructions that both judged.
    fn agreement(&self, judgments: &[HashMap<usize, Vec<Judgment>>]) -> Vec<InterJudgeAgreement> {
        let mut all = Vec::new();
        for (m, of_one) in judgments.iter().enumerate() {
            for (n, of_other) in judgments.iter().enumerate().skip(m + 1) {
                let mut tally = Tally::default();
                for (group, judgments) in of_one {
                    if let Some(others) = of_other.get(group) {
                        tally.add(judgments, others);
                    }
                }
                all.push(InterJudgeAgreement {
                    one: self.members[m].name.clone(),
                    other: self.members[n].name.clone(),
                    tally,
                });
            }
        }
        all
    }

    /// Whether `member` judges the instruction.
    fn is_assigned(&self, member: &Member, instruction: &Instruction) -> bool {
        if member.categories.is_empty() {
            !self.members.iter().any(|member| member.claims(instruction))
        } else {
            member.claims(instruction)
        }
    }
}

impl Member {
    fn claims(&self, instruction: &Instruction) -> bool {
        instruction
            .category
            .as_ref()
            .is_some_and(|category| self.categories.contains(category))
    }
}

impl Scoring for Panel {
    fn scale(&self) -> ScoreScale {
        let scales = self.members.iter().map(|member| member.scoring.scale());
        let scales: Vec<ScoreScale> = scales.collect();
        if scales.contains(&ScoreScale::WithinGroup) {
            return ScoreScale::WithinGroup;
        }
        let listed = self.members.iter().flat_map(|member| &member.categories);
        let categories: BTreeSet<Option<&str>> = listed
            .map(|category| Some(category.as_str()))
            .chain([None])
            .collect();
        let together = categories.into_iter().map(|category| {
            let own = self.members.iter().zip(&scales);
            let own = own.filter(|(member, _)| match category {
                Some(category) => member.categories.iter().any(|one| one == category),
                None => member.categories.is_empty(),
            });
            own.collect::<Vec<_>>()
        });
        let ranges = together
            .filter(|members| !members.is_empty())
            .map(|members| mean_range(&members));
        // A range of all is one only if those of every category are known.
        let ranges = ranges.collect::<Option<Vec<ScoreRange>>>();
        ScoreScale::Absolute(ranges.and_then(|all| all.into_iter().reduce(ScoreRange::or)))
    }

    fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<JudgeOutput, Failure> {
        let mut of_responses: Vec<Vec<Vec<MemberJudgment<'_>>>> = groups
            .iter()
            .map(|group| group.responses.iter().map(|_| Vec::new()).collect())
            .collect();
        let mut of_members: Vec<HashMap<usize, Vec<Judgment>>> = Vec::new();
        let mut output = JudgeOutput::default();
        for member in &self.members {
            let own: Vec<usize> = (0..groups.len())
                .filter(|group| self.is_assigned(member, groups[*group].instruction))
                .collect();
            let own_groups: Vec<ResponseGroup<'_>> =
                own.iter().map(|group| groups[*group].clone()).collect();
            let scored = member.scoring.score(&own_groups)?;
            for (group, judgments) in own.iter().zip(&scored.judgments) {
                for (response, judgment) in of_responses[*group].iter_mut().zip(judgments) {
                    response.push(MemberJudgment {
                        member,
                        judgment: judgment.clone(),
                    });
                }
            }
            output.skipped += scored.skipped;
            for mut comparison in scored.comparisons {
                comparison.group = own[comparison.group];
                output.comparisons.push(comparison);
            }
            of_members.push(own.into_iter().zip(scored.judgments).collect());
        }
        output.judgments = of_responses
            .iter()
            .map(|responses| responses.iter().map(|judgments| mixed(judgments)).collect())
            .collect();
        output.inter_judge = self.agreement(&of_members);
        Ok(output)
    }
}

/// The range of the weighted mean of some members' scores; none if that of a member is unknown.
fn mean_range(members: &[(&Member, &ScoreScale)]) -> Option<ScoreRange> {
    let (mut lowest, mut highest, mut weight) = (0.0, 0.0, 0.0);
    for (member, scale) in members {
        let ScoreScale::Absolute(Some(range)) = scale else {
            return None;
        };
        lowest += member.weight * range.lowest();
        highest += member.weight * range.highest();
        weight += member.weight;
    }
    ScoreRange::new(lowest / weight, highest / weight)
}

/// The weighted mean of the members' scores.
fn mixed(judgments: &[MemberJudgment<'_>]) -> Judgment {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut aspects = BTreeMap::new();
    let mut rationales = Vec::new();
    for MemberJudgment { member, judgment } in judgments {
        let name = &member.name;
        let scored = match judgment {
            Judgment::Unscored(reason) => return Judgment::Unscored(format!("{name}: {reason}")),
            Judgment::Scored(scored) => scored,
        };
        sum += member.weight * scored.score.get();
        weight += member.weight;
        aspects.insert(name.clone(), scored.score);
        for (aspect, score) in &scored.aspects {
            aspects.insert(format!("{name}/{aspect}"), *score);
        }
        rationales.extend(scored.rationale.iter().map(|why| format!("{name}: {why}")));
    }
    match Score::new(sum / weight) {
        Some(score) => Judgment::Scored(Scored {
            score,
            rationale: (!rationales.is_empty()).then(|| rationales.join("\n\n")),
            aspects,
        }),
        None => Judgment::Unscored("no judge for its category".into()),
    }
}

#[cfg(test)]
mod tests {
    use tpo_types::Judge;

    use super::*;
    use crate::pointwise::Pointwise;

    /// Scores by the number of bytes, times a factor.
    struct Bytes(f64);

    impl Judge for Bytes {
        fn score(&self, groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
            let judgment = |text: &&str| match text.len() {
                0 => Judgment::Unscored("empty".into()),
                len => scored(self.0 * len as f64),
            };
            Ok(groups
                .iter()
                .map(|group| group.responses.iter().map(judgment).collect())
                .collect())
        }
    }

    /// Says which scores it can give.
    struct Ranged(Option<ScoreRange>);

    impl Judge for Ranged {
        fn score_range(&self) -> Option<ScoreRange> {
            self.0
        }

        fn score(&self, _groups: &[ResponseGroup<'_>]) -> Result<Vec<Vec<Judgment>>, Failure> {
            Ok(Vec::new())
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
            scoring: Box::new(Pointwise::new(Bytes(factor))),
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
        let groups = [
            group(&math, vec!["abc"]),
            group(&other, vec!["ab", ""]),
            group(&none, vec!["a"]),
        ];
        let judgments = panel.score(&groups).expect("judgments").judgments;
        assert_eq!(value(&judgments[0][0]), Ok(-3.0));
        assert_eq!(value(&judgments[1][0]), Ok((2.0 + 3.0 * 4.0) / 4.0));
        assert_eq!(value(&judgments[1][1]), Err("one: empty"));
        assert_eq!(value(&judgments[2][0]), Ok((1.0 + 3.0 * 2.0) / 4.0));
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
        let groups = [
            group(&math, vec!["a", "bb"]),
            group(&chat, vec!["a", "bb"]),
            group(&chat, vec!["ccc", "bb"]),
        ];
        let metrics = panel
            .expect("a panel")
            .score(&groups)
            .expect("judgments")
            .metrics();
        let compared = metrics.inter_judge.iter().filter(|two| two.comparisons > 0);
        let compared: Vec<_> = compared
            .map(|two| (two.one.as_str(), two.other.as_str(), two.comparisons))
            .collect();
        assert_eq!(compared, [("up", "down", 2)]);
        assert!(metrics.inter_judge[0].alpha.expect("an alpha") < 0.0);
    }

    #[test]
    fn the_range_of_a_panel_is_that_of_its_weighted_means() {
        let range = |lowest, highest| ScoreRange::new(lowest, highest);
        let scale_of = |members: &[(f64, &[&str], Option<ScoreRange>)]| {
            let members = members.iter().enumerate();
            let members = members.map(|(index, (weight, categories, range))| Member {
                scoring: Box::new(Pointwise::new(Ranged(*range))),
                ..member(&index.to_string(), *weight, 1.0, categories)
            });
            Panel::new(members.collect()).expect("a panel").scale()
        };
        assert_eq!(
            scale_of(&[(3.0, &[], range(0.0, 1.0)), (1.0, &[], range(1.0, 5.0))]),
            ScoreScale::Absolute(range(0.25, 2.0))
        );
        assert_eq!(
            scale_of(&[
                (1.0, &["math"], range(0.0, 1.0)),
                (1.0, &[], range(1.0, 5.0))
            ]),
            ScoreScale::Absolute(range(0.0, 5.0))
        );
        assert_eq!(
            scale_of(&[(1.0, &["math"], range(0.0, 1.0)), (1.0, &[], None)]),
            ScoreScale::Absolute(None)
        );
    }

    #[test]
    fn an_instruction_without_a_judge_is_unscored() {
        let panel = Panel::new(vec![member("math", 1.0, 1.0, &["math"])]).expect("a panel");
        let other = instruction(Some("chat"));
        let judgments = panel
            .score(&[group(&other, vec!["a"])])
            .expect("judgments")
            .judgments;
        assert_eq!(value(&judgments[0][0]), Err("no judge for its category"));
    }
}
