//! What a sampler promises, on the tiny models.

use std::collections::BTreeMap;
use std::sync::Arc;

use tpo_types::{
    Completion, Failure, FailureKind, FinishReason, Message, Prompt, SampleId, SampleJob, Sampler,
    SamplingParams,
};

use super::LocalSampler;
use crate::decoder::Decoder;
use crate::fixtures::{model, tiny_models};
use crate::load::load;
use crate::lora::{Adapter, LoraConfig};
use crate::model::Model;
use crate::pack::{Pack, Sequence};
use crate::precision::Precision;
use crate::projection::TargetModule;
use crate::rng::Counter;

const PARAMS: SamplingParams = SamplingParams {
    temperature: 1.0,
    top_p: 1.0,
    top_k: 0,
    max_new_tokens: 40,
    max_thought_tokens: None,
};

fn policy(name: &str) -> Model {
    load(&model(name)).expect("the tiny model loads")
}

fn prompt(text: &str) -> Prompt {
    Prompt {
        messages: vec![Message::user(text)],
        prefill: None,
        trained_prefill: None,
        stop: Vec::new(),
        response_marker: None,
    }
}

fn id(instruction_id: &str, index: usize) -> SampleId {
    SampleId {
        seed: 1,
        stream: "train-1".into(),
        instruction_id: instruction_id.into(),
        index,
    }
}

/// Completions by instruction and index.
type Completions = BTreeMap<(String, usize), Completion>;

/// Samples the given number of completions of each prompt; instructions are named `0`, `1`, ...
fn sample(
    policy: &Arc<Model>,
    prompts: &[(Prompt, std::ops::Range<usize>)],
    params: &SamplingParams,
) -> Result<Completions, Failure> {
    sample_in(Precision::F32, policy, prompts, params)
}

fn sample_in(
    precision: Precision,
    policy: &Arc<Model>,
    prompts: &[(Prompt, std::ops::Range<usize>)],
    params: &SamplingParams,
) -> Result<Completions, Failure> {
    let mut sampler = LocalSampler::new(Arc::clone(policy), precision)?;
    let encoded: Vec<Vec<u32>> = prompts
        .iter()
        .map(|(prompt, _)| sampler.encode(prompt))
        .collect::<Result<_, _>>()?;
    let jobs: Vec<SampleJob<'_>> = prompts
        .iter()
        .zip(&encoded)
        .enumerate()
        .map(|(number, ((prompt, indices), prompt_ids))| SampleJob {
            prompt,
            prompt_ids,
            samples: indices
                .clone()
                .map(|index| id(&number.to_string(), index))
                .collect(),
        })
        .collect();
    let mut completions = BTreeMap::new();
    sampler.sample(&jobs, params, &mut |id, completion| {
        assert!(
            completions
                .insert((id.instruction_id.clone(), id.index), completion)
                .is_none(),
            "{id:?} came twice"
        );
        Ok(())
    })?;
    Ok(completions)
}

/// The one completion of a prompt.
fn one(policy: &Arc<Model>, prompt: Prompt, params: &SamplingParams) -> Completion {
    sample(policy, &[(prompt, 0..1)], params)
        .expect("it samples")
        .into_values()
        .next()
        .expect("a completion")
}

/// Prompts of different lengths, some longer than a panel or a block of queries.
fn prompts() -> Vec<Prompt> {
    (0..7)
        .map(|n| prompt(&"Say what time it is by the old clock. ".repeat(n * 2 + 1)))
        .collect()
}

#[test]
fn recorded_log_probs_are_those_of_the_decoder() {
    for name in tiny_models() {
        let mut policy = policy(&name);
        let modules = [
            TargetModule::QProj,
            TargetModule::VProj,
            TargetModule::GateProj,
            TargetModule::DownProj,
        ];
        let config = LoraConfig {
            r: 4,
            alpha: 8.0,
            target_modules: modules.into(),
        };
        let mut adapter = Adapter::init(&policy.spec, config, 3).expect("an adapter");
        let random = Counter::new(9, "adapter");
        let values = adapter.values.iter_mut().enumerate();
        values.for_each(|(at, value)| *value = 0.1 * (random.unit(at as u64) - 0.5) as f32);
        policy.adapter = Some(adapter);
        let policy = Arc::new(policy);

        let prompts: Vec<_> = prompts().into_iter().map(|prompt| (prompt, 0..2)).collect();
        let params = SamplingParams {
            temperature: 0.7,
            top_p: 0.9,
            top_k: 50,
            ..PARAMS
        };
        let decoder = Decoder::new(&policy.spec, &policy.params, policy.adapter.as_ref());
        for ((instruction, _), completion) in
            sample(&policy, &prompts, &params).expect("it samples")
        {
            let prompt = &prompts[instruction.parse::<usize>().expect("a number")].0;
            let prompt = policy
                .text
                .encode_prompt(&prompt.messages, None)
                .expect("it encodes");
            let ids: Vec<u32> = prompt
                .iter()
                .chain(&completion.token_ids)
                .copied()
                .collect();
            let log_probs = decoder.log_probs(&Pack::new(&[Sequence {
                ids: &ids,
                scored_from: prompt.len(),
            }]));
            assert_eq!(log_probs.len(), completion.log_probs.len());
            for (recorded, expected) in completion.log_probs.iter().zip(log_probs) {
                assert!(
                    (recorded - expected).abs() < 1e-4,
                    "{name}: {recorded}, not {expected}"
                );
            }
        }
    }
}

/// The precisions of this machine.
fn precisions() -> impl Iterator<Item = Precision> {
    Precision::ALL
        .into_iter()
        .filter(|precision| precision.check().is_ok())
}

#[test]
fn log_probs_are_near_those_of_the_decoder_in_every_precision() {
    for name in tiny_models() {
        let policy = Arc::new(policy(&name));
        let prompts: Vec<_> = prompts().into_iter().map(|prompt| (prompt, 0..2)).collect();
        let decoder = Decoder::new(&policy.spec, &policy.params, None);
        for precision in precisions() {
            let tolerance = match precision {
                Precision::F32 | Precision::Bf16x3 | Precision::Int16 => 5e-4,
                Precision::Bf16 | Precision::Int8 => 0.3,
            };
            let completions = sample_in(precision, &policy, &prompts, &PARAMS).expect("it samples");
            for ((instruction, _), completion) in completions {
                let prompt = &prompts[instruction.parse::<usize>().expect("a number")].0;
                let prompt = policy.text.encode_prompt(&prompt.messages, None);
                let prompt = prompt.expect("it encodes");
                let ids = [prompt.as_slice(), &completion.token_ids].concat();
                let expected = decoder.log_probs(&Pack::new(&[Sequence {
                    ids: &ids,
                    scored_from: prompt.len(),
                }]));
                for (recorded, expected) in completion.log_probs.iter().zip(expected) {
                    assert!(
                        (recorded - expected).abs() < tolerance,
                        "{name}, {precision}: {recorded}, not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_completion_does_not_depend_on_its_batch() {
    for (name, precision) in ["tiny-llama", "tiny-qwen3"]
        .into_iter()
        .flat_map(|name| precisions().map(move |precision| (name, precision)))
    {
        let policy = Arc::new(policy(name));
        // 140 completions of different lengths: more than fit at a time, so some enter as others
        // leave.
        let params = SamplingParams {
            temperature: 1.3,
            ..PARAMS
        };
        let together: Vec<_> = prompts()
            .into_iter()
            .map(|prompt| (prompt, 0..20))
            .collect();
        let together = sample_in(precision, &policy, &together, &params).expect("it samples");
        assert_eq!(together.len(), 140);
        for (number, index) in [(0, 0), (2, 7), (6, 19)] {
            let mut alone: Vec<_> = prompts().into_iter().map(|prompt| (prompt, 0..0)).collect();
            alone[number].1 = index..index + 1;
            let alone = sample_in(precision, &policy, &alone, &params).expect("it samples");
            let key = (number.to_string(), index);
            assert_eq!(
                alone[&key], together[&key],
                "{name}, {precision}: a batch changed a completion"
            );
        }
        let texts: std::collections::BTreeSet<&str> =
            together.values().map(|one| one.text.as_str()).collect();
        assert!(texts.len() > 130, "completions are drawn independently");
    }
}

#[test]
fn a_completion_does_not_depend_on_the_number_of_threads() {
    let policy = Arc::new(policy("tiny-llama"));
    let prompts: Vec<_> = prompts().into_iter().map(|prompt| (prompt, 0..9)).collect();
    for precision in precisions() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool")
                .install(|| sample_in(precision, &policy, &prompts, &PARAMS).expect("it samples"))
        };
        assert_eq!(with(1), with(2), "{precision}");
    }
}

#[test]
fn greedy_takes_the_most_probable_token_of_the_decoder() {
    for name in tiny_models() {
        let policy = Arc::new(policy(&name));
        let prompt = prompt("Name three colors.");
        let params = SamplingParams {
            temperature: 0.0,
            max_new_tokens: 12,
            ..PARAMS
        };
        let completion = one(&policy, prompt.clone(), &params);
        let mut ids = policy
            .text
            .encode_prompt(&prompt.messages, None)
            .expect("it encodes");
        for id in completion.token_ids {
            let logits = Decoder::new(&policy.spec, &policy.params, None).logits(&ids);
            let last = &logits[logits.len() - policy.spec.vocab_size..];
            let best = (0..last.len())
                .max_by(|a, b| last[*a].total_cmp(&last[*b]))
                .expect("a vocabulary");
            assert_eq!(id as usize, best, "{name}");
            ids.push(id);
        }
    }
}

#[test]
fn a_completion_ends_at_its_length() {
    let policy = Arc::new(policy("tiny-llama"));
    let completion = one(
        &policy,
        prompt("Go on."),
        &SamplingParams {
            max_new_tokens: 3,
            ..PARAMS
        },
    );
    assert_eq!(
        (completion.token_ids.len(), completion.finish),
        (3, FinishReason::Length)
    );
    assert_eq!(
        completion.text,
        policy
            .text
            .decode(&completion.token_ids, true)
            .expect("it decodes")
    );
    assert_eq!(completion.forced, [false; 3]);
}

#[test]
fn the_token_that_ends_the_turn_is_kept_but_not_in_the_text() {
    let mut policy = policy("tiny-llama");
    let free = one(
        &Arc::new(self::policy("tiny-llama")),
        prompt("Go on."),
        &PARAMS,
    );
    policy.spec.eos_token_ids = vec![free.token_ids[9]];
    let policy = Arc::new(policy);
    let ended = one(&policy, prompt("Go on."), &PARAMS);
    let len = ended.token_ids.len();
    assert!(
        len <= 10
            && ended.token_ids == free.token_ids[..len]
            && ended.log_probs == free.log_probs[..len]
    );
    assert_eq!(ended.finish, FinishReason::Stop);
    assert_eq!(
        ended.text,
        policy
            .text
            .decode(&ended.token_ids[..len - 1], true)
            .expect("it decodes")
    );
}

#[test]
fn a_stop_string_ends_the_text_before_it() {
    let policy = Arc::new(policy("tiny-llama"));
    let prefilled = Prompt {
        prefill: Some("Well".into()),
        ..prompt("Go on.")
    };
    let free = one(&policy, prefilled.clone(), &PARAMS);
    let stop: String = free.text.chars().skip(30).take(6).collect();
    let stopped = one(
        &policy,
        Prompt {
            stop: vec!["never".into(), stop.clone()],
            ..prefilled
        },
        &PARAMS,
    );
    assert_eq!(stopped.finish, FinishReason::Stop);
    assert_eq!(free.text.split(&stop).next(), Some(stopped.text.as_str()));
    assert!(
        stopped.text.starts_with("Well")
            && stopped.token_ids == free.token_ids[..stopped.token_ids.len()]
    );
    let kept = policy
        .text
        .decode(&stopped.token_ids, true)
        .expect("it decodes");
    assert!(
        kept.contains(&stop),
        "the tokens that made the stop string are kept"
    );
}

#[test]
fn a_thought_over_budget_is_closed_by_force_once() {
    let policy = Arc::new(policy("tiny-llama"));
    let marked = Prompt {
        response_marker: Some("\nHere is my response:".into()),
        ..prompt("Go on.")
    };
    let marker = policy
        .text
        .encode("\nHere is my response:")
        .expect("it encodes");
    let params = SamplingParams {
        max_thought_tokens: Some(10),
        ..PARAMS
    };
    let completion = one(&policy, marked.clone(), &params);
    let forced: Vec<usize> = (0..completion.forced.len())
        .filter(|at| completion.forced[*at])
        .collect();
    assert_eq!(forced, (10..10 + marker.len()).collect::<Vec<_>>());
    assert_eq!(completion.token_ids[10..10 + marker.len()], marker);
    assert_eq!(completion.text.matches("Here is my response:").count(), 1);
    assert_eq!(completion.token_ids.len(), 40);
    // Before the budget is spent nothing differs from free sampling.
    let free = one(&policy, marked.clone(), &PARAMS);
    assert_eq!(free.token_ids[..10], completion.token_ids[..10]);
    assert!(
        !free.forced.contains(&true),
        "without a budget nothing is forced"
    );
    // A response that has begun in the prefill is not begun again.
    let begun = Prompt {
        prefill: Some("Thought. Here is my response: ".into()),
        trained_prefill: None,
        ..marked
    };
    assert!(!one(&policy, begun, &params).forced.contains(&true));
}

#[test]
fn a_thought_that_ends_the_turn_is_followed_by_a_response() {
    let free = one(&Arc::new(policy("tiny-llama")), prompt("Go on."), &PARAMS);
    let mut policy = policy("tiny-llama");
    policy.spec.eos_token_ids = vec![free.token_ids[4]];
    let policy = Arc::new(policy);
    let marked = Prompt {
        response_marker: Some(" Response:".into()),
        ..prompt("Go on.")
    };
    let marker = policy.text.encode(" Response:").expect("it encodes");
    let params = SamplingParams {
        max_thought_tokens: Some(30),
        ..PARAMS
    };
    let completion = one(&policy, marked, &params);
    let first = completion
        .forced
        .iter()
        .position(|forced| *forced)
        .expect("the marker is forced");
    assert!(first <= 4 && completion.token_ids[first..first + marker.len()] == marker);
    assert_eq!(
        completion.forced.iter().filter(|forced| **forced).count(),
        marker.len()
    );
    let last = *completion.token_ids.last().expect("a token");
    let ended = last == free.token_ids[4];
    assert_eq!(
        completion.finish,
        if ended {
            FinishReason::Stop
        } else {
            FinishReason::Length
        }
    );
}

#[test]
fn a_turn_does_not_end_between_a_forced_marker_and_the_response() {
    let mut policy = policy("tiny-llama");
    // Half of the vocabulary ends the turn, so about half of the responses would be empty.
    policy.spec.eos_token_ids = (0..policy.spec.vocab_size as u32)
        .filter(|id| id % 2 == 0)
        .collect();
    let policy = Arc::new(policy);
    let marked = Prompt {
        response_marker: Some(" Response:".into()),
        ..prompt("Go on.")
    };
    let params = SamplingParams {
        max_thought_tokens: Some(4),
        ..PARAMS
    };
    let completions = sample(&policy, &[(marked, 0..64)], &params).expect("it samples");
    let mut ended = 0;
    for completion in completions.values() {
        assert!(
            completion.forced.contains(&true),
            "every thought is closed by force"
        );
        let response = completion
            .text
            .split_once(" Response:")
            .expect("the marker")
            .1;
        if completion.finish == FinishReason::Stop {
            assert!(!response.trim().is_empty(), "{completion:?}");
            ended += 1;
        }
    }
    assert!(ended > 32, "{ended} of 64 ended their turn");
}

#[test]
fn a_prompt_without_room_is_refused_before_anything_is_sampled() {
    let policy = Arc::new(policy("tiny-llama"));
    let prompts = [
        (prompt("Short."), 0..1),
        (prompt(&"too long ".repeat(200)), 0..1),
    ];
    let failure = sample(&policy, &prompts, &PARAMS).expect_err("it has no room");
    assert_eq!(failure.kind(), FailureKind::Input);
    let message = failure.to_string();
    assert!(
        message.starts_with("the prompt of instruction `1` has ")
            && message.contains("context of 512"),
        "{message}"
    );
    assert!(
        failure
            .nearest_hint()
            .is_some_and(|hint| hint.contains("472 tokens"))
    );
}

#[test]
fn logits_that_are_no_numbers_are_a_numeric_failure() {
    let mut policy = policy("tiny-llama");
    let norm = policy.params.layout.final_norm.clone();
    policy.params.values[norm.start] = f32::NAN;
    let failure = sample(&Arc::new(policy), &[(prompt("Go on."), 0..1)], &PARAMS)
        .expect_err("nothing to sample");
    assert_eq!(failure.kind(), FailureKind::Numeric);
    assert_eq!(
        failure.to_string(),
        "the policy's logits for instruction `0` are not finite"
    );
}

#[test]
fn a_trained_prefill_begins_the_completion() {
    let policy = Arc::new(policy("tiny-llama"));
    let prefilled = Prompt {
        prefill: Some("Well".into()),
        ..prompt("Go on.")
    };
    let trained = Prompt {
        trained_prefill: Some(", I think in short.\n".into()),
        stop: vec!["think".into()],
        ..prefilled.clone()
    };
    let params = SamplingParams {
        max_new_tokens: 24,
        ..PARAMS
    };
    let sampler = LocalSampler::new(Arc::clone(&policy), Precision::F32).expect("everywhere");
    let prompt_ids = sampler.encode(&trained).expect("it encodes");
    assert_eq!(prompt_ids, sampler.encode(&prefilled).expect("it encodes"));

    let completion = one(&policy, trained, &params);
    let text = "Well, I think in short.\n";
    let whole = policy
        .text
        .encode_prompt(&[Message::user("Go on.")], Some(text))
        .expect("it encodes");
    let fed = whole.len() - prompt_ids.len();
    assert!(fed > 3, "{fed} tokens");
    assert_eq!(completion.token_ids[..fed], whole[prompt_ids.len()..]);
    assert!(completion.text.starts_with(text), "{}", completion.text);
    assert_eq!(completion.forced, [false; 24], "they are in the loss");
    assert_eq!(
        (completion.token_ids.len(), completion.finish),
        (24, FinishReason::Length)
    );

    let ids = [prompt_ids.as_slice(), &completion.token_ids].concat();
    let log_probs =
        Decoder::new(&policy.spec, &policy.params, None).log_probs(&Pack::new(&[Sequence {
            ids: &ids,
            scored_from: prompt_ids.len(),
        }]));
    for (recorded, expected) in completion.log_probs.iter().zip(log_probs) {
        assert!(
            (recorded - expected).abs() < 1e-4,
            "{recorded}, not {expected}"
        );
    }
}

#[test]
fn a_trained_prefill_uses_up_the_thought_budget() {
    let policy = Arc::new(policy("tiny-llama"));
    let marker = " Response:";
    let prompt = Prompt {
        trained_prefill: Some("Some thoughts before the response.".into()),
        response_marker: Some(marker.into()),
        ..prompt("Go on.")
    };
    let params = SamplingParams {
        max_thought_tokens: Some(3),
        ..PARAMS
    };
    let trained = prompt.trained_prefill.clone().expect("there is one");
    let fed = policy.text.encode(&trained).expect("it encodes").len();
    assert!(fed > 3, "{fed} tokens");
    let completion = one(&policy, prompt.clone(), &params);
    assert!(
        completion.text.starts_with(&format!("{trained}{marker}")),
        "{}",
        completion.text
    );
    let first = completion.forced.iter().position(|forced| *forced);
    assert_eq!(first, Some(fed));

    let failure = sample(
        &policy,
        &[(prompt, 0..1)],
        &SamplingParams {
            max_new_tokens: fed,
            ..PARAMS
        },
    )
    .expect_err("no token is left");
    assert_eq!(failure.kind(), FailureKind::Input);
    assert!(
        failure.to_string().starts_with("the trained prefill has "),
        "{failure}"
    );
}
