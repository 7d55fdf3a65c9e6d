//! Splits a completion at its markers.
//!
//! With a thought marker, the response is everything after the first response marker that follows
//! it; later markers are part of the response. Without a thought marker, several response markers
//! are ambiguous, so the completion is malformed. A completion that ran out of tokens is malformed
//! wherever it was cut: its response is not the one that the model would have given.

use tpo_plugin::{Completion, Parts};

use crate::format::{Format, Marked};

/// Why a completion is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    NoThoughtMarker,
    NoResponseMarker,
    SeveralResponseMarkers,
    EmptyResponse,
    CutInThought,
    CutInResponse,
}

impl Malformed {
    /// The phrase that `tpo` counts.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoThoughtMarker => "no thought marker",
            Self::NoResponseMarker => "no response marker",
            Self::SeveralResponseMarkers => "several response markers",
            Self::EmptyResponse => "empty response",
            Self::CutInThought => "ran out of tokens in the thought",
            Self::CutInResponse => "ran out of tokens in the response",
        }
    }
}

/// The parts of a completion, without surrounding white space.
pub(crate) fn parse(format: &Format, completion: &Completion) -> Result<Parts, Malformed> {
    let split = split(format, &completion.text);
    if completion.truncated {
        return Err(match split {
            Err(Malformed::NoThoughtMarker | Malformed::NoResponseMarker) => {
                Malformed::CutInThought
            }
            _ => Malformed::CutInResponse,
        });
    }
    let (thought, response) = split?;
    Ok(Parts {
        thought: thought.map(String::from),
        response: response.into(),
    })
}

fn split<'a>(format: &Format, text: &'a str) -> Result<(Option<&'a str>, &'a str), Malformed> {
    let (thought, response) = match format {
        Format::Direct => (None, text),
        Format::Marked(marked) => split_marked(marked, text)?,
    };
    let response = response.trim();
    if response.is_empty() {
        Err(Malformed::EmptyResponse)
    } else {
        Ok((thought.map(str::trim), response))
    }
}

fn split_marked<'a>(
    marked: &Marked,
    text: &'a str,
) -> Result<(Option<&'a str>, &'a str), Malformed> {
    let begin = match &marked.thought {
        Some(opening) => {
            opening
                .marker
                .find(text, 0)
                .ok_or(Malformed::NoThoughtMarker)?
                .end
        }
        None => 0,
    };
    let found = marked
        .response
        .find(text, begin)
        .ok_or(Malformed::NoResponseMarker)?;
    if marked.thought.is_none() && marked.response.find(text, found.end).is_some() {
        return Err(Malformed::SeveralResponseMarkers);
    }
    Ok((Some(&text[begin..found.start]), &text[found.end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;

    fn parsed(
        preset: Preset,
        text: &str,
        truncated: bool,
    ) -> Result<(Option<String>, String), Malformed> {
        let completion = Completion {
            text: text.into(),
            truncated,
            extra: Vec::new(),
        };
        parse(&preset.format(true), &completion).map(|parts| (parts.thought, parts.response))
    }

    #[track_caller]
    fn splits(preset: Preset, text: &str, thought: Option<&str>, response: &str) {
        assert_eq!(
            parsed(preset, text, false),
            Ok((thought.map(String::from), response.into()))
        );
    }

    #[track_caller]
    fn malformed(preset: Preset, text: &str, truncated: bool, reason: Malformed) {
        assert_eq!(parsed(preset, text, truncated), Err(reason));
    }

    #[test]
    fn generic_splits_at_the_first_response_marker_after_the_thought_marker() {
        let preset = Preset::Generic;
        splits(
            preset,
            "Here is my thought process: t\n\nHere is my response: r",
            Some("t"),
            "r",
        );
        splits(
            preset,
            "Sure! Here's my thought process:\nt\nHere's my response:\nr\n",
            Some("t"),
            "r",
        );
        splits(
            preset,
            "**Here is my thought process:**\n\nt\n\n**Here is my response:**\n\nr",
            Some("t"),
            "r",
        );
        splits(
            preset,
            "Here is my thought process: Here is my response: r",
            Some(""),
            "r",
        );
        splits(
            preset,
            "Here is my response: a Here is my thought process: t Here is my response: r Here is \
                my response: s",
            Some("t"),
            "r Here is my response: s",
        );
        malformed(preset, "r", false, Malformed::NoThoughtMarker);
        malformed(
            preset,
            "Here is my response: r",
            false,
            Malformed::NoThoughtMarker,
        );
        malformed(
            preset,
            "Here is my thought process: t",
            false,
            Malformed::NoResponseMarker,
        );
        malformed(
            preset,
            "Here is my thought process: t Here is my response: \n",
            false,
            Malformed::EmptyResponse,
        );
        malformed(
            preset,
            "Here is my thought process: t",
            true,
            Malformed::CutInThought,
        );
        malformed(
            preset,
            "Here is my thought process: t Here is my response: r",
            true,
            Malformed::CutInResponse,
        );
        malformed(
            preset,
            "Here is my thought process: t Here is my response:",
            true,
            Malformed::CutInResponse,
        );
    }

    #[test]
    fn specific_wants_exactly_one_marker() {
        let preset = Preset::Specific;
        splits(preset, "t\n<R>\nr", Some("t"), "r");
        splits(preset, "<R> r", Some(""), "r");
        malformed(preset, "t", false, Malformed::NoResponseMarker);
        malformed(
            preset,
            "t <R> r <R> s",
            false,
            Malformed::SeveralResponseMarkers,
        );
        malformed(preset, "t <R>", false, Malformed::EmptyResponse);
        malformed(preset, "t", true, Malformed::CutInThought);
        malformed(preset, "t <R> r", true, Malformed::CutInResponse);
    }

    #[test]
    fn direct_takes_the_whole_completion() {
        splits(
            Preset::Direct,
            " r Here is my response: s ",
            None,
            "r Here is my response: s",
        );
        malformed(Preset::Direct, " \n", false, Malformed::EmptyResponse);
        malformed(Preset::Direct, "r", true, Malformed::CutInResponse);
    }
}
