//! States of conversations, alone and in batches, against the decoder that training uses.

use std::sync::Arc;

use tpo_types::{EmbedRequest, Message, MessageRole};

use super::*;
use crate::decoder::Decoder;
use crate::fixtures::model;
use crate::load::{LoadedModel, load_for_inference};
use crate::pack::{Pack, Sequence};

/// `<|eot_id|><|start_header_id|>assistant<|end_header_id|>` and two line breaks.
const GATE: [u32; 5] = [4, 2, 279, 3, 262];
const SYSTEM: &str = "You are a careful teacher. Write the word again, slowly and with care, and \
    say so if you are not sure.";

fn reward_model() -> (Engine, Arc<Model>) {
    match load_for_inference(&model("tiny-armo")).expect("the fixture loads") {
        LoadedModel::RewardModel(policy, _) => {
            let policy = Arc::new(policy);
            (Engine::without_head(Arc::clone(&policy)), policy)
        }
        LoadedModel::CausalLm(_) => panic!("the fixture is a reward model"),
    }
}

fn request(turns: &[(MessageRole, &str)], positions: &[&[u32]]) -> EmbedRequest {
    let message = |(role, content): &(MessageRole, &str)| Message {
        role: *role,
        content: (*content).to_owned(),
    };
    let positions = positions.iter().map(|position| position.to_vec()).collect();
    EmbedRequest {
        messages: turns.iter().map(message).collect(),
        positions,
    }
}

/// The requests of a judge with a gate: instructions that begin with the same system message, and
/// what was answered.
fn requests() -> Vec<EmbedRequest> {
    let (say_when, say_why) = ("Say when. ".repeat(150), "Say why. ".repeat(150));
    let instructions = [
        "Name three colors of the rainbow.",
        &say_when,
        &say_why,
        "Hi",
        "Hi",
    ];
    let (brief, long) = (
        "No. ".repeat(30),
        "One thing after another, and nothing in a hurry. ".repeat(45),
    );
    let responses = ["Red, green and blue.", "", &brief, &long];
    let mut requests = Vec::new();
    for (number, instruction) in instructions.iter().enumerate() {
        let mut turns = vec![
            (MessageRole::System, SYSTEM),
            (MessageRole::User, instruction),
        ];
        // One has no system message, and so little before its last turn.
        turns.drain(..usize::from(number == 4));
        let of = |response, positions: &[&[u32]]| {
            request(
                &[turns.as_slice(), &[(MessageRole::Assistant, response)]].concat(),
                positions,
            )
        };
        requests.push(of("", &[&GATE]));
        requests.extend(responses.iter().map(|response| of(response, &[&[]])));
        requests.push(of(responses[0], &[&[], &GATE, &[3]]));
    }
    requests
}

fn states(engine: &mut Engine, policy: &Model, requests: &[EmbedRequest]) -> Vec<HiddenStates> {
    embed(engine, policy, requests)
        .into_iter()
        .map(|outcome| outcome.expect("states"))
        .collect()
}

fn texts(policy: &Model) -> Vec<EncodedText> {
    let requests = requests().into_iter().enumerate();
    requests
        .map(|(number, request)| tokenize(policy, number, &request).expect("tokens"))
        .collect()
}

#[test]
fn states_are_those_of_the_decoder() {
    let (mut engine, policy) = reward_model();
    let requests = requests();
    let decoder = Decoder::new(&policy.spec, &policy.params, None);
    for (request, states) in requests.iter().zip(states(&mut engine, &policy, &requests)) {
        let ids = policy
            .text
            .encode_conversation(&request.messages)
            .expect("it has tokens");
        assert_eq!(
            ids.iter().filter(|id| **id == 0).count(),
            1,
            "one token begins the text"
        );
        let hidden = decoder.hidden(&Pack::new(&[Sequence {
            ids: &ids,
            scored_from: ids.len(),
        }]));
        let hidden: Vec<&[f32]> = hidden.chunks_exact(policy.spec.hidden_size).collect();
        assert_eq!(states.len(), request.positions.len());
        for (pattern, state) in request.positions.iter().zip(&states) {
            // The empty pattern is found after the last token.
            let mut starts = (0..=ids.len() - pattern.len()).rev();
            let start = starts
                .find(|start| ids[*start..].starts_with(pattern))
                .expect("the pattern is there");
            let expected = hidden[if pattern.is_empty() {
                ids.len() - 1
            } else {
                start
            }];
            assert_eq!(state.len(), expected.len());
            for (state, expected) in state.iter().zip(expected) {
                assert!((state - expected).abs() < 1e-4, "{state}, not {expected}");
            }
        }
    }
}

#[test]
fn states_do_not_depend_on_other_requests() {
    let (mut engine, policy) = reward_model();
    let requests = requests();
    let together = states(&mut engine, &policy, &requests);
    for (request, expected) in requests.iter().zip(&together) {
        assert_eq!(
            &states(&mut engine, &policy, std::slice::from_ref(request))[0],
            expected,
            "{request:?}"
        );
    }
    let backwards: Vec<EmbedRequest> = requests.iter().rev().cloned().collect();
    let states = states(&mut engine, &policy, &backwards);
    assert!(states.iter().rev().eq(&together));

    let (texts, of_one) = (texts(&policy), requests.len() / 5);
    let prompts = fitting(texts.chunks(of_one).map(|group| group[0].cut));
    assert!(prompts < 5, "the prompts are not read all at once");
    let last_turns = fitting(
        texts[..prompts * of_one]
            .iter()
            .map(|text| text.last_turn().len()),
    );
    assert!(
        last_turns < prompts * of_one,
        "nor what follows some of them"
    );
}

/// Instructions that begin with the same system message have their own prompts nevertheless.
#[test]
fn the_prompt_of_an_instruction_is_shared_by_its_responses() {
    let (_, policy) = reward_model();
    let texts = texts(&policy);
    let groups: Vec<&[EncodedText]> = texts.chunk_by(|a, b| a.shared() == b.shared()).collect();
    assert_eq!(
        groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
        [6; 5]
    );
    assert!(
        groups
            .iter()
            .all(|group| group[0].shared().ends_with(&GATE))
    );
}

#[test]
fn an_invalid_request_fails_alone() {
    let (mut engine, policy) = reward_model();
    let turns = [
        (MessageRole::User, "Hi"),
        (MessageRole::Assistant, "Hello."),
    ];
    let long = "word ".repeat(policy.spec.max_positions);
    let requests = [
        request(&turns, &[&[]]),
        request(&[(MessageRole::User, long.as_str())], &[&[]]),
        request(&turns, &[&[4, 4]]),
        request(&[], &[&[]]),
        request(&turns, &[&GATE, &[]]),
    ];
    let outcomes = embed(&mut engine, &policy, &requests);
    let refusal = |number: usize| match &outcomes[number] {
        Err(ModelError::InvalidRequest(why)) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert!(
        refusal(1).ends_with("the model takes 1 to 2048"),
        "{}",
        refusal(1)
    );
    assert_eq!(refusal(2), "the tokens [4, 4] are not in the conversation");
    assert_eq!(
        refusal(3),
        "the conversation has 0 tokens; the model takes 1 to 2048"
    );
    let expected = states(&mut engine, &policy, &[request(&turns, &[&GATE, &[]])]).remove(0);
    assert_eq!(outcomes[0].as_ref().expect("states"), &expected[1..]);
    assert_eq!(outcomes[4].as_ref().expect("states"), &expected);
}
