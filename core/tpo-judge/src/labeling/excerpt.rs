//! The text of an instruction as the model is shown it.

use tpo_types::{Instruction, Message, MessageRole};

/// The text of an instruction, perhaps shortened.
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Whether a part is left out.
    pub(super) is_shortened: bool,
}

/// The user's message, or a conversation of several turns with the speakers' names. Of a text of
/// more than `max_chars` characters, the middle is left out, and the text says how much of it: two
/// thirds of what is shown is its start, one third its end.
pub(super) fn excerpt(instruction: &Instruction, max_chars: usize) -> Excerpt {
    let text = match instruction.messages.as_slice() {
        [only] => only.content.clone(),
        turns => turns.iter().map(turn).collect::<Vec<_>>().join("\n\n"),
    };
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= max_chars {
        return Excerpt {
            text,
            is_shortened: false,
        };
    }
    let (start, end) = (max_chars - max_chars / 3, max_chars / 3);
    let shown = |chars: &[char]| chars.iter().collect::<String>();
    Excerpt {
        text: format!(
            "{}\n[... {} characters are left out ...]\n{}",
            shown(&chars[..start]),
            chars.len() - max_chars,
            shown(&chars[chars.len() - end..])
        ),
        is_shortened: true,
    }
}

fn turn(message: &Message) -> String {
    let speaker = match message.role {
        MessageRole::System => "System",
        MessageRole::User => "User",
        MessageRole::Assistant => "Assistant",
    };
    format!("{speaker}: {}", message.content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tpo_types::{RowFields, RowProblem};

    fn instruction(messages: serde_json::Value) -> Instruction {
        let fields = RowFields::from_iter([("messages".to_owned(), messages)]);
        Instruction::from_fields(fields)
            .map_err(|problem: RowProblem| format!("{problem:?}"))
            .expect("an instruction")
    }

    #[test]
    fn the_middle_of_a_long_text_is_left_out() {
        let text = format!("{}{}{}", "a".repeat(40), "é".repeat(100), "z".repeat(20));
        let long = instruction(serde_json::json!([{"role": "user", "content": text}]));
        let shown = excerpt(&long, 60);
        assert!(shown.is_shortened);
        assert_eq!(
            shown.text,
            format!(
                "{}\n[... 100 characters are left out ...]\n{}",
                "a".repeat(40),
                "z".repeat(20)
            )
        );
        assert_eq!(excerpt(&long, 160).text, text);
    }

    #[test]
    fn the_turns_of_a_conversation_have_speakers() {
        let turns = instruction(serde_json::json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ]));
        assert_eq!(excerpt(&turns, 100).text, "System: Be brief.\n\nUser: Hi");
    }
}
