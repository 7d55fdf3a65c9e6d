//! Text to tokens and back: a model's tokenizer together with its chat template.
//!
//! The only place where text becomes tokens. Knows nothing of weights; whether the tokenizer came
//! from `tokenizer.json` or from a GGUF file is the business of the modules below.

mod files;
mod gguf;

use std::path::PathBuf;

use tokenizers::Tokenizer;
use tpo_types::{Failure, FailureKind, Message};

use crate::chat_template::ChatTemplate;
use crate::load::malformed;

pub(crate) use files::TokenizerFile;

/// The tokens with a part to play, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SpecialTokens {
    pub(crate) bos: Option<String>,
    pub(crate) eos: Option<String>,
    pub(crate) pad: Option<String>,
    pub(crate) unk: Option<String>,
}

impl SpecialTokens {
    /// Each under the name that configuration files and chat templates give it.
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

/// A model's tokenizer and chat template.
#[derive(Debug)]
pub struct TextCodec {
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    special: SpecialTokens,
    /// What a directory had, to be exported unchanged; nothing for a GGUF file.
    kept: Option<Vec<TokenizerFile>>,
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

    /// The tokens' text, with special tokens written out or left out.
    ///
    /// A character may be spread over several tokens: decode all ids of a text together, or what
    /// was cut apart comes out as replacement characters. Ids that the tokenizer does not know have
    /// no text.
    pub fn decode(&self, ids: &[u32], keep_special: bool) -> Result<String, Failure> {
        self.tokenizer.decode(ids, !keep_special).map_err(|error| {
            malformed(format!(
                "the tokenizer of `{}` fails on tokens",
                self.origin.display()
            ))
            .because(error)
        })
    }

    /// A conversation as the tokens after which the assistant writes on: the chat template with its
    /// generation prompt, then `prefill`, tokenized as one text.
    pub fn encode_prompt(
        &self,
        messages: &[Message],
        prefill: Option<&str>,
    ) -> Result<Vec<u32>, Failure> {
        let mut text = self.template()?.render(messages, true)?;
        text.push_str(prefill.unwrap_or_default());
        self.encode(&text)
    }

    /// A conversation that has ended, as tokens: the chat template without its generation prompt.
    pub fn encode_conversation(&self, messages: &[Message]) -> Result<Vec<u32>, Failure> {
        self.encode(&self.template()?.render(messages, false)?)
    }

    fn template(&self) -> Result<&ChatTemplate, Failure> {
        self.template.as_ref().ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!(
                    "the model at `{}` has no chat \
                template",
                    self.origin.display()
                ),
            )
            .hint(
                "choose an instruction-tuned model, or put a `chat_template.jinja` beside \
                    its `config.json`",
            )
        })
    }

    /// How many tokens the text has by itself.
    pub fn token_count(&self, text: &str) -> Result<usize, Failure> {
        Ok(self.encode(text)?.len())
    }

    /// The id of a token given by its exact text.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// The token that the tokenizer says ends a turn.
    pub(crate) fn eos_token_id(&self) -> Option<u32> {
        self.token_id(self.special.eos.as_ref()?)
    }

    /// The token that fills up batches in other programs.
    pub(crate) fn pad_token_id(&self) -> Option<u32> {
        self.token_id(self.special.pad.as_ref()?)
    }

    /// The largest id that a text can have.
    pub(crate) fn largest_id(&self) -> u32 {
        self.tokenizer
            .get_vocab(true)
            .into_values()
            .max()
            .unwrap_or(0)
    }

    fn new(
        mut tokenizer: Tokenizer,
        template: Option<String>,
        special: SpecialTokens,
        kept: Option<Vec<TokenizerFile>>,
        origin: PathBuf,
    ) -> Result<Self, Failure> {
        // Some published files cut or pad what they encode, for the batches of their own training.
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
            kept,
            origin,
        })
    }
}

#[cfg(test)]
mod tests;
