//! Text to tokens and back: a model's tokenizer and its chat template.
//!
//! Text becomes tokens only here.

mod directory;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokenizers::Tokenizer;
use tpo_types::{Failure, FailureKind, Message};

use crate::chat_template::ChatTemplate;
use crate::files::malformed;

/// The special tokens, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    pub(crate) bos: Option<String>,
    pub(crate) eos: Option<String>,
    pub(crate) pad: Option<String>,
    pub(crate) unk: Option<String>,
}

impl SpecialTokens {
    /// Each with its name in configuration files and chat templates.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("bos_token", &self.bos),
            ("eos_token", &self.eos),
            ("pad_token", &self.pad),
            ("unk_token", &self.unk),
        ]
        .into_iter()
        .filter_map(|(name, token)| Some((name, token.clone()?)))
    }
}

/// A file of a tokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenizerFile {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// A model's tokenizer and chat template.
#[derive(Debug)]
pub struct TextCodec {
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    special: SpecialTokens,
    /// The files of its directory, which the exporter copies; none for a GGUF file.
    original_files: Option<Vec<TokenizerFile>>,
    /// The file or directory, for messages.
    origin: PathBuf,
}

impl TextCodec {
    /// The text's tokens. Special tokens written out in the text, such as `<|im_end|>`, become
    /// those tokens; none are added.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Failure> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|error| {
            malformed(format!(
                "the tokenizer of `{}` fails on a text",
                self.origin.display()
            ))
            .because(error)
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens' text, with or without special tokens.
    ///
    /// A character can span several tokens: decode all ids of a text together, or parts of a
    /// character become replacement characters. Ids outside the vocabulary have no text.
    pub fn decode(&self, ids: &[u32], keep_special: bool) -> Result<String, Failure> {
        self.tokenizer.decode(ids, !keep_special).map_err(|error| {
            malformed(format!(
                "the tokenizer of `{}` fails on tokens",
                self.origin.display()
            ))
            .because(error)
        })
    }

    /// A conversation as the tokens that the assistant's completion follows: the chat template with
    /// its generation prompt, then `prefill`, tokenized as one text.
    pub fn encode_prompt(
        &self,
        messages: &[Message],
        prefill: Option<&str>,
    ) -> Result<Vec<u32>, Failure> {
        let mut text = self.template()?.render(messages, true)?;
        text.push_str(prefill.unwrap_or_default());
        self.encode(&text)
    }

    /// A finished conversation as tokens: the chat template without its generation prompt.
    pub fn encode_conversation(&self, messages: &[Message]) -> Result<Vec<u32>, Failure> {
        self.encode(&self.template()?.render(messages, false)?)
    }

    fn template(&self) -> Result<&ChatTemplate, Failure> {
        self.template.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!(
                    "the model at `{}` has no chat template",
                    self.origin.display()
                ),
            )
            .hint(
                "choose an instruction-tuned model, or add a `chat_template.jinja` to its directory",
            )
        })
    }

    /// How many tokens the text has on its own.
    pub fn token_count(&self, text: &str) -> Result<usize, Failure> {
        Ok(self.encode(text)?.len())
    }

    /// The id of a token given by its exact text.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// The tokenizer's end-of-sequence token.
    pub(crate) fn eos_token_id(&self) -> Option<u32> {
        self.token_id(self.special.eos.as_ref()?)
    }

    /// The padding token, which only other programs use.
    pub(crate) fn pad_token_id(&self) -> Option<u32> {
        self.token_id(self.special.pad.as_ref()?)
    }

    /// Every token and its id, in the order of the tokens.
    pub(crate) fn vocabulary(&self) -> BTreeMap<String, u32> {
        self.tokenizer.get_vocab(true).into_iter().collect()
    }

    /// The largest id that a text can have.
    pub(crate) fn largest_id(&self) -> u32 {
        self.tokenizer
            .get_vocab(true)
            .into_values()
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn new(
        mut tokenizer: Tokenizer,
        template: Option<String>,
        special: SpecialTokens,
        original_files: Option<Vec<TokenizerFile>>,
        origin: PathBuf,
    ) -> Result<Self, Failure> {
        // Some published files truncate or pad, for the batches of their own training.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| {
            malformed(format!(
                "the tokenizer of `{}` is malformed",
                origin.display()
            ))
            .because(error)
        })?;
        let template = template
            .map(|source| ChatTemplate::new(source, origin.display().to_string(), special.named()))
            .transpose()?;
        Ok(Self {
            tokenizer,
            template,
            special,
            original_files,
            origin,
        })
    }
}

#[cfg(test)]
mod tests;
