//! The known name that a mistyped one was probably meant to be.

/// The known name nearest to `typed`, if one is near; the first of several equally near.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter_map(|name| Some((typos(typed, name)?, name)))
        .min_by_key(|(typos, _)| *typos)
        .map(|(_, name)| name)
}

/// How many typos turn `name` into `typed`: characters added, removed, replaced or swapped with
/// their neighbor (Damerau-Levenshtein distance). `None` where there are more than one and another
/// per four characters of the name: then something else was meant.
pub fn typos(typed: &str, name: &str) -> Option<usize> {
    let typos = strsim::damerau_levenshtein(typed, name);
    (typos <= 1 + name.len() / 4).then_some(typos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognized_and_another_word_is_not() {
        let known = [
            "best-worst",
            "choice",
            "reward-model",
            "rho",
            "rules",
            "self-taught",
        ];
        for (typed, meant) in [
            ("rule", Some("rules")),
            ("roh", Some("rho")),
            ("best_worst", Some("best-worst")),
            ("rewrad-modle", Some("reward-model")),
            ("helpsteer", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }
}
