//! Reference answers: what to compare a response with if the data set has the right answer.

use crate::{Group, Instruction, Judgment, Scored};

impl Instruction {
    /// The accepted answers: the list of texts in `field` of the row, or else its reference answer.
    /// The error is the phrase for `unscored`.
    pub fn accepted_answers(&self, field: &str) -> Result<Vec<String>, &'static str> {
        let listed: Option<Vec<String>> = self
            .field(field)
            .map_err(|_| "unreadable reference answers")?;
        let answers = listed.or_else(|| self.reference.clone().map(|reference| vec![reference]));
        answers
            .filter(|answers| !answers.is_empty())
            .ok_or("no reference answer")
    }
}

/// Judges every response against the accepted answers of its instruction; without any it is
/// unscored. `accept` turns the answers' texts into what `judge` compares responses with.
pub fn against_answers<A>(
    groups: &[Group],
    field: &str,
    accept: impl Fn(&[String]) -> Result<A, &'static str>,
    judge: impl Fn(&A, &str) -> Scored,
) -> Vec<Vec<Judgment>> {
    let of_group = |group: &Group| match group
        .instruction
        .accepted_answers(field)
        .and_then(|answers| accept(&answers))
    {
        Ok(accepted) => group
            .responses
            .iter()
            .map(|response| judge(&accepted, response).into())
            .collect(),
        Err(reason) => vec![Judgment::unscored(reason); group.responses.len()],
    };
    groups.iter().map(of_group).collect()
}

/// The words of a text as SQuAD's evaluation compares them: in lower case, without punctuation or
/// English articles.
pub fn normalized_words(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_ascii_punctuation())
        .collect();
    plain
        .split_whitespace()
        .filter(|word| !["a", "an", "the"].contains(word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_squad() {
        assert_eq!(
            normalized_words(" The  U.S.A., a big\ncountry!"),
            ["usa", "big", "country"]
        );
        assert_eq!(normalized_words("the, a."), Vec::<String>::new());
    }

    #[test]
    fn a_list_takes_precedence_over_the_reference() {
        let mut instruction = Instruction {
            reference: Some("x".into()),
            ..Instruction::default()
        };
        assert_eq!(
            instruction.accepted_answers("answers"),
            Ok(vec!["x".into()])
        );
        instruction.metadata = vec![("answers".into(), r#"["a", "b"]"#.into())];
        assert_eq!(
            instruction.accepted_answers("answers"),
            Ok(vec!["a".into(), "b".into()])
        );
        instruction.metadata = vec![("answers".into(), "3".into())];
        assert_eq!(
            instruction.accepted_answers("answers"),
            Err("unreadable reference answers")
        );
        assert_eq!(
            Instruction::default().accepted_answers("answers"),
            Err("no reference answer")
        );
    }
}
