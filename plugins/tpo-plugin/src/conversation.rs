//! The task of an instruction as one text, for prompts that quote it.

use crate::Instruction;

impl Instruction {
    /// The user's message, or a conversation of several turns with their speakers named.
    pub fn text(&self) -> String {
        if let [only] = self.messages.as_slice() {
            return only.content.clone();
        }
        let turn = |message: &crate::Message| {
            let speaker = match message.role.as_str() {
                "system" => "System",
                "assistant" => "Assistant",
                _ => "User",
            };
            format!("{speaker}: {}", message.content)
        };
        self.messages.iter().map(turn).collect::<Vec<_>>().join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn one_message_stands_alone_and_several_are_named() {
        let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
        let mut instruction = Instruction { messages: vec![message("user", "Hi")], ..Instruction::default() };
        assert_eq!(instruction.text(), "Hi");
        instruction.messages.extend([message("assistant", "Yes?"), message("user", "Bye")]);
        assert_eq!(instruction.text(), "User: Hi\n\nAssistant: Yes?\n\nUser: Bye");
    }
}
