//! What it saves a reward model that the responses to an instruction share its prompt: `cargo bench
//! --workspace --bench embed`.
//!
//! Eight responses behind a prompt of 300 tokens on the default model: asked for together, asked
//! for one by one, and each as one pass of the decoder, which shares nothing. The three take turns,
//! so that a busy machine slows all of them. Prints the medians and what they are of the first.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a benchmark is for"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tpo_lm::decoder::Decoder;
use tpo_lm::fetch::{DEFAULT_MODEL, resolve};
use tpo_lm::load::load;
use tpo_lm::local_model::LocalModel;
use tpo_lm::model::Model;
use tpo_lm::pack::{Pack, Sequence};
use tpo_types::{EmbedRequest, LanguageModel, Message};

/// The allocator of the `tpo` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPEATS: usize = 9;
/// The chat template adds thirty.
const INSTRUCTION_TOKENS: usize = 270;
/// Lengths of the responses in tokens, about.
const RESPONSE_TOKENS: [usize; 8] = [60, 65, 71, 77, 83, 88, 94, 100];
const SENTENCE: &str =
    "The quick brown fox jumps over the lazy dog while it thinks of what to say. ";

/// One per response. (K, D)
type States = Vec<Vec<f32>>;

fn main() {
    let path = resolve(DEFAULT_MODEL, &|what| eprintln!("{what}")).expect("the default model");
    let policy = load(&path).expect("a model");
    let model = LocalModel::open(&path, "benchmark".into()).expect("the same model");
    let requests = requests(&policy);
    let ids: Vec<Vec<u32>> = requests
        .iter()
        .map(|request| {
            policy
                .text
                .encode_conversation(&request.messages)
                .expect("tokens")
        })
        .collect();
    let decoder = Decoder::new(&policy.spec, &policy.params, None);

    let together = || {
        model
            .embed(&requests)
            .into_iter()
            .map(|outcome| outcome.expect("states").remove(0))
            .collect()
    };
    let one_by_one = || {
        let each = requests
            .iter()
            .map(|request| model.embed(std::slice::from_ref(request)).remove(0));
        each.map(|outcome| outcome.expect("states").remove(0))
            .collect()
    };
    let decoded = || ids.iter().map(|ids| last_state(&decoder, ids)).collect();
    let ways: [(&str, &dyn Fn() -> States); 3] = [
        ("together", &together),
        ("one by one", &one_by_one),
        ("decoder, one by one", &decoded),
    ];

    let mut times = [const { Vec::new() }; 3];
    let expected = decoded();
    for _ in 0..REPEATS {
        for ((_, way), times) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            let states = black_box(way());
            times.push(start.elapsed());
            assert_near(&states, &expected);
        }
    }

    let prompt = policy
        .text
        .encode_prompt(&requests[0].messages[..1], None)
        .expect("tokens")
        .len();
    let tokens: Vec<usize> = ids.iter().map(|ids| ids.len() - prompt).collect();
    println!("A prompt of {prompt} tokens, then {tokens:?}\n");
    println!("| asked | time | times that of together |\n|---|---|---|");
    let medians = times.map(median);
    for ((name, _), time) in ways.iter().zip(medians) {
        println!(
            "| {name} | {:.0} ms | {:.2} |",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() / medians[0].as_secs_f64()
        );
    }
}

/// Eight responses to one instruction, and of each the state of the last token.
fn requests(policy: &Model) -> Vec<EmbedRequest> {
    let instruction = Message::user(text(policy, INSTRUCTION_TOKENS, 0));
    let response = |(number, tokens): (usize, &usize)| EmbedRequest {
        messages: vec![
            instruction.clone(),
            Message::assistant(text(policy, *tokens, number + 1)),
        ],
        positions: vec![Vec::new()],
    };
    RESPONSE_TOKENS.iter().enumerate().map(response).collect()
}

/// A text of so many tokens, about; another for every number.
fn text(policy: &Model, tokens: usize, number: usize) -> String {
    let mut text = format!("Number {number}. ");
    for word in SENTENCE.split_inclusive(' ').cycle() {
        if policy.text.token_count(&text).expect("tokens") >= tokens {
            break;
        }
        text.push_str(word);
    }
    text
}

fn last_state(decoder: &Decoder<'_>, ids: &[u32]) -> Vec<f32> {
    let states = decoder.hidden(&Pack::new(&[Sequence {
        ids,
        scored_from: ids.len(),
    }]));
    states[states.len() - states.len() / ids.len()..].to_vec()
}

fn assert_near(states: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(states.len(), expected.len());
    for (state, expected) in states.iter().flatten().zip(expected.iter().flatten()) {
        assert!((state - expected).abs() < 1e-2, "{state}, not {expected}");
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
