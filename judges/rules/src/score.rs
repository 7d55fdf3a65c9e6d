//! Combines grades into one score with named aspects.

use tpo_plugin::Scored;

use crate::answer::ResponseText;
use crate::grade::{Grade, RuleCheck};

/// One check, its name and its weight.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) weight: f64,
    pub(crate) check: Box<dyn RuleCheck>,
}

/// The weighted mean of the grades, from 0 to 1. Its aspects are the value of every rule and
/// `pass`, the fraction of rules that are kept. `rules` must not be empty.
pub(crate) fn score(rules: &[&Rule], response: &str) -> Scored {
    let answer = ResponseText::new(response);
    let grade = |rule: &&Rule| {
        answer
            .as_ref()
            .map_or(Grade::Missed(0.0), |answer| rule.check.grade(answer))
    };
    let grades: Vec<_> = rules.iter().map(grade).collect();
    let weights: f64 = rules.iter().map(|rule| rule.weight).sum();
    let worth: f64 = rules
        .iter()
        .zip(&grades)
        .map(|(rule, grade)| rule.weight * grade.value())
        .sum();
    let kept = grades.iter().filter(|grade| grade.is_kept()).count();

    let mut scored = Scored::new(worth / weights).aspect("pass", kept as f64 / rules.len() as f64);
    for (i, (rule, grade)) in rules.iter().zip(&grades).enumerate() {
        // A data set may have the same constraint twice: a number makes the aspect's name unique.
        let before = rules[..i]
            .iter()
            .filter(|earlier| earlier.name == rule.name)
            .count();
        let name = if before == 0 {
            rule.name.clone()
        } else {
            format!("{}#{}", rule.name, before + 1)
        };
        scored = scored.aspect(name, grade.value());
    }
    let missed: Vec<_> = rules
        .iter()
        .zip(&grades)
        .filter(|(_, grade)| !grade.is_kept())
        .map(|(rule, _)| &*rule.name)
        .collect();
    if missed.is_empty() {
        scored
    } else {
        scored.because(format!("missed {}", missed.join(", ")))
    }
}
