//! A tokenizer and chat template from GGUF metadata.
//!
//! A GGUF file has only the name of its rule for splitting text. An unknown name is refused: with
//! another rule, the ids would not be those that the model was trained on.

use std::path::Path;

use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};
use tpo_types::{Failure, FailureKind};

use super::metadata::Metadata;
use crate::files::parse;
use crate::tokenizer::{SpecialTokens, TextCodec};

const QWEN2_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Values of `tokenizer.ggml.token_type` for tokens that are matched as a whole before merging.
/// Unlike a control token, a user-defined token is part of the text.
const CONTROL: u32 = 3;
const USER_DEFINED: u32 = 4;

/// The supported rules for splitting text, by `tokenizer.ggml.pre`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Splitting {
    Gpt2,
    Smollm,
    Qwen2,
    Llama3,
}

/// The tokenizer and chat template of a GGUF file.
pub(super) fn read(metadata: Metadata<'_>) -> Result<TextCodec, Failure> {
    let kind = metadata.text("tokenizer.ggml.model")?.unwrap_or("none");
    if kind != "gpt2" {
        let what = format!(
            "`{}` has a tokenizer of kind `{kind}`, which is not supported",
            metadata.file.display()
        );
        return Err(Failure::new(FailureKind::Input, what).hint(
            "supported: byte-pair tokenizers (`gpt2`); or use the model's Hugging Face directory",
        ));
    }
    let key = "tokenizer.ggml.tokens";
    let tokens = metadata.required(key, metadata.texts(key))?;
    let special = special_tokens(metadata, &tokens)?;
    let template = chat_template(metadata, special.bos.as_deref())?;
    let tokenizer = tokenizer(metadata, &tokens)?;
    TextCodec::new(tokenizer, template, special, None, metadata.file.to_owned())
}

fn tokenizer(metadata: Metadata<'_>, tokens: &[&str]) -> Result<Tokenizer, Failure> {
    let splitting = splitting(metadata)?;
    let key = "tokenizer.ggml.merges";
    let merges = metadata.required(key, metadata.texts(key))?;
    let pairs: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|merge| {
            merge
                .split_once(' ')
                .map(|(left, right)| (left.into(), right.into()))
        })
        .collect();
    let Some(pairs) = pairs else {
        let what = format!(
            "metadata key `{key}` of `{}` holds a merge without a space",
            metadata.file.display()
        );
        return Err(
            Failure::new(FailureKind::Input, what).hint("convert or download the file again")
        );
    };
    let vocabulary: Vec<(String, u32)> = (0..)
        .zip(tokens)
        .map(|(id, token)| ((*token).to_owned(), id))
        .collect();
    parse(metadata.file, || {
        let model = BPE::builder()
            .vocab_and_merges(
                vocabulary
                    .into_iter()
                    .collect::<tokenizers::models::bpe::Vocab>(),
                pairs,
            )
            // In Llama 3, a word that is a token stays one, even if merges would not form it.
            .ignore_merges(splitting == Splitting::Llama3)
            .build()?;
        let mut tokenizer = Tokenizer::new(model);
        if splitting == Splitting::Qwen2 {
            tokenizer.with_normalizer(Some(NFC))?;
        }
        tokenizer.with_pre_tokenizer(Some(splitting.pre_tokenizer()?));
        tokenizer.with_decoder(Some(ByteLevelDecoder::default()));
        Ok::<_, tokenizers::Error>(tokenizer)
    })
    .and_then(|tokenizer| with_added_tokens(tokenizer, metadata, tokens))
}

fn splitting(metadata: Metadata<'_>) -> Result<Splitting, Failure> {
    match metadata.text("tokenizer.ggml.pre")?.unwrap_or("default") {
        "default" | "gpt-2" => Ok(Splitting::Gpt2),
        "smollm" => Ok(Splitting::Smollm),
        "qwen2" => Ok(Splitting::Qwen2),
        "llama-bpe" | "llama3" => Ok(Splitting::Llama3),
        other => {
            let what = format!(
                "`{}` splits text by the rule `{other}`, which is not supported",
                metadata.file.display()
            );
            Err(Failure::new(FailureKind::Input, what).hint(
                "supported: gpt-2, smollm, qwen2, llama-bpe; or use the model's Hugging \
                    Face directory",
            ))
        }
    }
}

impl Splitting {
    pub(super) fn pre_tokenizer(self) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        let bytes = |use_regex| PreTokenizerWrapper::from(ByteLevel::new(false, true, use_regex));
        let split = |pattern: &str| {
            Split::new(
                SplitPattern::Regex(pattern.to_owned()),
                SplitDelimiterBehavior::Isolated,
                false,
            )
        };
        Ok(match self {
            Self::Gpt2 => bytes(true),
            Self::Smollm => Sequence::new(vec![Digits::new(true).into(), bytes(true)]).into(),
            Self::Qwen2 => Sequence::new(vec![split(QWEN2_SPLIT)?.into(), bytes(false)]).into(),
            Self::Llama3 => Sequence::new(vec![split(LLAMA3_SPLIT)?.into(), bytes(false)]).into(),
        })
    }
}

fn with_added_tokens(
    mut tokenizer: Tokenizer,
    metadata: Metadata<'_>,
    tokens: &[&str],
) -> Result<Tokenizer, Failure> {
    let kinds = metadata
        .integers("tokenizer.ggml.token_type")?
        .unwrap_or_default();
    let added = tokens
        .iter()
        .zip(kinds)
        .filter(|(_, kind)| [CONTROL, USER_DEFINED].contains(kind))
        .map(|(token, kind)| AddedToken::from(*token, kind == CONTROL).normalized(false));
    let added: Vec<AddedToken> = added.collect();
    parse(metadata.file, || tokenizer.add_tokens(added).map(|_| ()))?;
    Ok(tokenizer)
}

fn special_tokens(metadata: Metadata<'_>, tokens: &[&str]) -> Result<SpecialTokens, Failure> {
    let token = |role: &str| {
        let key = format!("tokenizer.ggml.{role}_token_id");
        match metadata.integer(&key)? {
            None => Ok(None),
            Some(id) => match tokens.get(id as usize) {
                Some(token) => Ok(Some((*token).to_owned())),
                None => Err(outside(metadata.file, &key, id, tokens.len())),
            },
        }
    };
    Ok(SpecialTokens {
        bos: token("bos")?,
        eos: token("eos")?,
        pad: token("padding")?,
        unk: token("unknown")?,
    })
}

fn outside(file: &Path, key: &str, id: u32, count: usize) -> Failure {
    Failure::new(
        FailureKind::Input,
        format!(
            "metadata key `{key}` of `{}` is {id}, but there are {count} tokens",
            file.display()
        ),
    )
    .hint("convert or download the file again")
}

/// The chat template, which writes the BOS token if the file requires one and the template does not
/// contain it: so prompts and exported models get the token once, from the template.
fn chat_template(metadata: Metadata<'_>, bos: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(template) = metadata.text("tokenizer.chat_template")? else {
        return Ok(None);
    };
    let wanted = metadata
        .flag("tokenizer.ggml.add_bos_token")?
        .unwrap_or(false);
    let written = |bos| template.contains("bos_token") || template.contains(bos);
    Ok(Some(match bos {
        Some(bos) if wanted && !written(bos) => format!("{{{{ bos_token }}}}{template}"),
        _ => template.to_owned(),
    }))
}

#[cfg(test)]
mod tests;
