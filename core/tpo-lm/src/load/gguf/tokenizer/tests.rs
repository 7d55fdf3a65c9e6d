//! Each rule splits text as llama.cpp does.

use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::Splitting;

#[test]
fn each_rule_splits_text_in_its_own_way() {
    for (rule, expected) in [
        (Splitting::Gpt2, "I|'|LL|Ġpay|Ġ12345|Ġnow|ĊĊ|Ġok"),
        (Splitting::Smollm, "I|'|LL|Ġpay|Ġ|1|2|3|4|5|Ġnow|ĊĊ|Ġok"),
        (Splitting::Qwen2, "I|'LL|Ġpay|Ġ|1|2|3|4|5|Ġnow|ĊĊ|Ġok"),
        (Splitting::Llama3, "I|'LL|Ġpay|Ġ|123|45|Ġnow|ĊĊ|Ġok"),
    ] {
        let mut text = PreTokenizedString::from("I'LL pay 12345 now\n\n ok");
        rule.pre_tokenizer()
            .and_then(|splitter| splitter.pre_tokenize(&mut text))
            .expect("splits");
        let pieces = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let pieces: Vec<&str> = pieces.into_iter().map(|(piece, _, _)| piece).collect();
        assert_eq!(pieces.join("|"), expected, "{rule:?}");
    }
}
