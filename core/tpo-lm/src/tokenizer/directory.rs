//! A tokenizer from and to the files of a Hugging Face directory.
//!
//! Files that were read are written back byte for byte, so that an exported model keeps every
//! setting, also those that this crate ignores.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokenizers::Tokenizer;
use tpo_types::{Failure, FailureKind};

use super::{SpecialTokens, TextCodec, TokenizerFile};
use crate::files::{malformed, parse, read, read_json_if_any};

const TOKENIZER: &str = "tokenizer.json";
const CONFIG: &str = "tokenizer_config.json";
const SPECIAL: &str = "special_tokens_map.json";
const TEMPLATE: &str = "chat_template.jinja";
/// The files that transformers may read a tokenizer from.
const FILES: [&str; 7] = [
    TOKENIZER,
    CONFIG,
    SPECIAL,
    TEMPLATE,
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
];

/// `tokenizer_config.json`, or `special_tokens_map.json`.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    bos_token: Option<SpecialToken>,
    eos_token: Option<SpecialToken>,
    pad_token: Option<SpecialToken>,
    unk_token: Option<SpecialToken>,
    chat_template: Option<Templates>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SpecialToken {
    Plain(String),
    Described { content: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Templates {
    One(String),
    Several(Vec<NamedTemplate>),
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

impl TextCodec {
    /// The tokenizer and chat template in `directory`.
    pub(crate) fn from_directory(directory: &Path) -> Result<Self, Failure> {
        let file = directory.join(TOKENIZER);
        if !file.is_file() {
            return Err(Failure::new(
                FailureKind::Input,
                format!("`{}` is missing", file.display()),
            )
            .hint("`AutoTokenizer.from_pretrained(...).save_pretrained(...)` writes it"));
        }
        let bytes = read(&file)?;
        let tokenizer = parse(&file, || Tokenizer::from_bytes(&bytes))?;
        let config: TokenizerConfig =
            read_json_if_any(&directory.join(CONFIG))?.unwrap_or_default();
        let map: TokenizerConfig = read_json_if_any(&directory.join(SPECIAL))?.unwrap_or_default();
        let special = SpecialTokens {
            bos: text(config.bos_token.or(map.bos_token)),
            eos: text(config.eos_token.or(map.eos_token)),
            pad: text(config.pad_token.or(map.pad_token)),
            unk: text(config.unk_token.or(map.unk_token)),
        };
        let template = template(directory, config.chat_template)?;
        Self::new(
            tokenizer,
            template,
            special,
            Some(original_files(directory)?),
            directory.to_owned(),
        )
    }

    /// The files to export with the model. `max_positions` is the model's context, in tokens.
    pub(crate) fn files(&self, max_positions: usize) -> Result<Vec<TokenizerFile>, Failure> {
        if let Some(files) = &self.original_files {
            return Ok(files.clone());
        }
        let tokenizer = self.tokenizer.to_string(true).map_err(|error| {
            Failure::new(
                FailureKind::Bug,
                format!(
                    "the tokenizer of `{}` cannot be written",
                    self.origin.display()
                ),
            )
            .because(error)
        })?;
        let special: Map<String, Value> = self
            .special
            .named()
            .map(|(name, token)| (name.to_owned(), token.into()))
            .collect();
        let mut config = special.clone();
        config.insert("clean_up_tokenization_spaces".to_owned(), json!(false));
        config.insert("model_max_length".to_owned(), json!(max_positions));
        config.insert(
            "tokenizer_class".to_owned(),
            json!("PreTrainedTokenizerFast"),
        );
        if let Some(template) = &self.template {
            config.insert("chat_template".to_owned(), json!(template.source()));
        }
        Ok(vec![
            TokenizerFile {
                name: TOKENIZER,
                bytes: tokenizer.into_bytes(),
            },
            TokenizerFile {
                name: CONFIG,
                bytes: pretty(config),
            },
            TokenizerFile {
                name: SPECIAL,
                bytes: pretty(special),
            },
        ])
    }
}

fn text(token: Option<SpecialToken>) -> Option<String> {
    token.map(|token| match token {
        SpecialToken::Plain(text) | SpecialToken::Described { content: text } => text,
    })
}

/// As in transformers, `chat_template.jinja` overrides the configuration, and of several named
/// templates `default` is the one for conversations.
fn template(directory: &Path, configured: Option<Templates>) -> Result<Option<String>, Failure> {
    let file = directory.join(TEMPLATE);
    if file.is_file() {
        return String::from_utf8(read(&file)?).map(Some).map_err(|error| {
            malformed(format!("`{}` is not UTF-8", file.display())).because(error)
        });
    }
    match configured {
        None => Ok(None),
        Some(Templates::One(template)) => Ok(Some(template)),
        Some(Templates::Several(templates)) => {
            match templates
                .into_iter()
                .find(|template| template.name == "default")
            {
                Some(found) => Ok(Some(found.template)),
                None => Err(Failure::new(
                    FailureKind::Input,
                    format!(
                        "`{}` has no chat template named `default`",
                        directory.join(CONFIG).display()
                    ),
                )
                .hint("put the one to use into a `chat_template.jinja` in the same directory")),
            }
        }
    }
}

fn original_files(directory: &Path) -> Result<Vec<TokenizerFile>, Failure> {
    FILES
        .into_iter()
        .filter(|name| directory.join(name).is_file())
        .map(|name| {
            Ok(TokenizerFile {
                name,
                bytes: read(&directory.join(name))?,
            })
        })
        .collect()
}

fn pretty(object: Map<String, Value>) -> Vec<u8> {
    format!("{:#}\n", Value::Object(object)).into_bytes()
}
