//! A server that fails in every way at once: nothing is lost, nothing is made up.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::{Value, json};
use tpo_tests::scripted_server::{
    Asked, Conduct, Reply, ScriptedServer, completion, longer, opinion, rating, reading,
    with_log_probs,
};

use crate::desk::{Desk, LLM_RUBRIC, SELF_TAUGHT, lines};

/// How often a request is sent at most.
const ATTEMPTS: usize = 3;
/// What becomes of a request that is given up.
const FAILED: &str = "the model failed";
/// What becomes of one that the server does not take.
const REFUSED: &str = "the model refused the request";

/// Something that a server does.
struct Fault {
    name: &'static str,
    course: Course,
    conduct: fn(&Asked) -> Conduct,
}

/// When it does so, and what comes of it.
#[derive(Clone, Copy)]
enum Course {
    /// Every time, and it is well done.
    Harmless,
    /// The first time only.
    Once,
    /// Every time: no verdict for the first reason, no rating for the second, after so many
    /// requests.
    Always([&'static str; 2], usize),
}

impl Fault {
    fn new(name: &'static str, course: Course, conduct: fn(&Asked) -> Conduct) -> Self {
        Self {
            name,
            course,
            conduct,
        }
    }

    /// What the server does: where the fault is over, it has its opinion.
    fn meets(&self, asked: &Asked) -> Conduct {
        let is_first = asked.before == 0 && asked.body["seed"] == 0;
        match self.course {
            Course::Once if !is_first => Reply::good(asked, &opinion(asked)).into(),
            _ => (self.conduct)(asked),
        }
    }

    /// How often the server is asked.
    fn requests(&self) -> usize {
        match self.course {
            Course::Harmless => 1,
            Course::Once => 2,
            Course::Always(_, requests) => requests,
        }
    }
}

/// The body of a chat completion that says the opposite of what the server thinks: whoever reads it
/// where it is not meant to be read has a wrong number.
fn trap(asked: &Asked) -> Value {
    let text = match (longer(&asked.prompt), rating(&asked.prompt)) {
        (Some('A'), _) => "[[B]]".into(),
        (Some(_), _) => "[[A]]".into(),
        (None, rating) => format!("Score: {}", 1 + rating.expect("a response to rate") % 5),
    };
    completion(asked, &text)
}

fn status(asked: &Asked, status: u16) -> Reply {
    Reply::json(status, &trap(asked))
}

fn good(asked: &Asked) -> Reply {
    Reply::good(asked, &opinion(asked))
}

/// A completion that is none, by what `spoil` does to it.
fn spoilt(asked: &Asked, spoil: fn(&mut Value)) -> Conduct {
    let mut body = trap(asked);
    spoil(&mut body);
    Reply::json(200, &body).into()
}

/// What passes by itself.
fn passing() -> Vec<Fault> {
    let once = |name, conduct| Fault::new(name, Course::Once, conduct);
    vec![
        once("busy", |asked| {
            status(asked, 429).header("retry-after", "0").into()
        }),
        once("busy for a moment", |asked| {
            status(asked, 429).header("retry-after-ms", "5").into()
        }),
        once("busy and does not say for how long", |asked| {
            status(asked, 429).into()
        }),
        once("a request that timed out", |asked| {
            status(asked, 408).into()
        }),
        once("a conflict", |asked| status(asked, 409).into()),
        once("too early", |asked| status(asked, 425).into()),
        once("an error of the server", |asked| status(asked, 500).into()),
        once("a broken gateway", |_| {
            Reply::new(502, "text/html", "<h1>Bad Gateway</h1> [[A]] Score: 5").into()
        }),
        once("unavailable", |asked| {
            status(asked, 503).header("retry-after", "0").into()
        }),
        once("overloaded", |asked| status(asked, 529).into()),
        once("no answer", |_| Conduct::HangUp),
        once("half an answer", |asked| {
            Reply::json(200, &trap(asked)).cut().into()
        }),
        once("half an answer that says it is whole", |asked| {
            let whole = trap(asked).to_string();
            Reply::new(
                200,
                "application/json",
                &whole.as_bytes()[..whole.len() - 2],
            )
            .into()
        }),
        once("a page", |_| {
            Reply::new(200, "text/html", "<html>Welcome! [[A]] Score: 5</html>").into()
        }),
        once("nothing", |_| {
            Reply::new(200, "application/json", "").into()
        }),
        once("an error with the status of success", |_| {
            Reply::json(
                200,
                &json!({"error": {"message": "overloaded, [[A]] Score: 5"}}),
            )
            .into()
        }),
        once("no choice", |asked| {
            spoilt(asked, |body| body["choices"] = json!([]))
        }),
        once("no text", |asked| {
            spoilt(asked, |body| {
                body["choices"][0]["message"]["content"] = Value::Null;
            })
        }),
        once("no end", |asked| {
            spoilt(asked, |body| body["padding"] = json!(" ".repeat(17 << 20)))
        }),
    ]
}

/// What is another way of doing well.
fn harmless() -> Vec<Fault> {
    let harmless = |name, conduct| Fault::new(name, Course::Harmless, conduct);
    vec![
        harmless("well", |asked| good(asked).into()),
        harmless("chunked", |asked| good(asked).chunked().into()),
        harmless("slow", |asked| {
            good(asked).slow(10, Duration::from_millis(5)).into()
        }),
        harmless("late", |asked| {
            good(asked).late(Duration::from_millis(100)).into()
        }),
        harmless("called a page", |asked| {
            good(asked).header("content-type", "text/html").into()
        }),
    ]
}

/// What the judge makes nothing of.
fn misread() -> Vec<Fault> {
    let always = |name, reasons, conduct| Fault::new(name, Course::Always(reasons, 2), conduct);
    vec![
        always(
            "both",
            ["contradictory verdicts", "rating on another scale"],
            |asked| Reply::good(asked, "[[A]], no, [[B]]. Score: 4/10").into(),
        ),
        always(
            "too good",
            ["no verdict", "rating on another scale"],
            |asked| Reply::good(asked, "Score: 11/10").into(),
        ),
        always(
            "off the scale",
            ["no verdict", "rating off the scale"],
            |asked| Reply::good(asked, "Score: 11").into(),
        ),
        always("an empty text", ["no verdict", "no rating"], |asked| {
            Reply::good(asked, "").into()
        }),
        always("another language", ["no verdict", "no rating"], |asked| {
            Reply::good(asked, "Die erste Antwort ist besser: fünf von fünf.").into()
        }),
        always("lower case", ["no verdict", "no rating"], |asked| {
            Reply::good(asked, "[[a]] score: 5").into()
        }),
        always(
            "cut off",
            ["no verdict before the tokens ran out", "no rating"],
            |asked| {
                let mut body = completion(asked, "I think that");
                body["choices"][0]["finish_reason"] = json!("length");
                Reply::saying("I think that", &body).into()
            },
        ),
    ]
}

/// What the server does not take.
fn refused() -> Vec<Fault> {
    let always = |name, conduct| Fault::new(name, Course::Always([REFUSED, REFUSED], 1), conduct);
    vec![
        always("a bad request", |asked| status(asked, 400).into()),
        always("too large", |asked| status(asked, 413).into()),
        always("makes no sense", |asked| status(asked, 422).into()),
    ]
}

/// What never passes.
fn lasting() -> Vec<Fault> {
    let failing = passing().into_iter().filter(|fault| {
        [
            "an error of the server",
            "no answer",
            "half an answer",
            "a page",
            "no choice",
            "no text",
        ]
        .contains(&fault.name)
    });
    failing
        .map(|fault| Fault {
            course: Course::Always([FAILED, FAILED], ATTEMPTS),
            ..fault
        })
        .collect()
}

/// The same, but passing.
fn once(faults: Vec<Fault>) -> impl Iterator<Item = Fault> {
    faults.into_iter().map(|fault| Fault {
        course: Course::Once,
        ..fault
    })
}

/// The numbers in a response: which it is, and of which instruction.
fn place(response: &str) -> (usize, usize) {
    let numbers = response
        .strip_prefix("Response ")
        .and_then(|rest| rest.split_once(':'))
        .expect("a response")
        .0;
    let (which, instruction) = numbers.split_once(" to ").expect("two numbers");
    (
        which.parse().expect("a number"),
        instruction.parse().expect("a number"),
    )
}

#[test]
fn every_response_is_rated_or_has_a_reason() {
    const INSTRUCTIONS: usize = 64;
    const RESPONSES: usize = 16;
    // Longer than it takes to be asked, on a machine that has much to do.
    let silent = |conduct| Fault::new("silence", Course::Once, conduct);
    let all = || -> Vec<Fault> {
        let silences = [
            silent(|_| Conduct::Hang),
            silent(|asked| good(asked).slow(30, Duration::from_millis(200)).into()),
        ];
        let parts = [
            harmless(),
            passing(),
            once(misread()).collect(),
            misread(),
            refused(),
            lasting(),
            silences.into(),
        ];
        parts.into_iter().flatten().collect()
    };
    let faults = all();
    let server = ScriptedServer::start({
        let faults = all();
        move |asked| match reading(&asked.prompt).map(place) {
            Some((which, instruction)) => {
                faults[(instruction * RESPONSES + which) % faults.len()].meets(asked)
            }
            None => good(asked).into(),
        }
    });
    let desk = Desk::new(&server, INSTRUCTIONS, RESPONSES);
    let attempts = format!("attempts={ATTEMPTS}");
    let ended = desk.succeeds(
        LLM_RUBRIC,
        &[&attempts, "timeout_seconds=2", "concurrency=64"],
    );

    // Whether the server is there at all may have been asked, too.
    let prompts = server
        .times_asked()
        .into_keys()
        .filter_map(|prompt| Some((reading(&prompt).map(place)?, prompt)));
    let prompts: HashMap<(usize, usize), String> = prompts.collect();
    let (asked, answers, lines) = (server.times_asked(), server.answers(), lines(&ended));
    assert_eq!(
        (prompts.len(), lines.len()),
        (INSTRUCTIONS * RESPONSES, INSTRUCTIONS * RESPONSES)
    );
    let mut unscored: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in lines.iter().enumerate() {
        let (instruction, which) = (number / RESPONSES, number % RESPONSES);
        assert_eq!(
            (&line["id"], &line["response"]),
            (&json!(instruction.to_string()), &json!(which))
        );
        let (fault, prompt) = (
            &faults[number % faults.len()],
            &prompts[&(which, instruction)],
        );
        let told = format!("{number}, {}: {line}", fault.name);
        assert_eq!(asked[prompt], fault.requests(), "{told}");
        if let Course::Always([_, reason], _) = fault.course {
            assert_eq!(
                (&line["unscored"], &line["score"]),
                (&json!(reason), &Value::Null),
                "{told}"
            );
            *unscored.entry(reason).or_default() += 1;
        } else {
            assert_eq!(
                line["score"],
                json!(rating(prompt).expect("a rating") as f64),
                "{told}"
            );
            assert_eq!(
                line["rationale"].as_str(),
                answers[prompt].last().map(String::as_str),
                "{told}"
            );
        }
    }
    assert_eq!(
        unscored.values().sum::<usize>(),
        lines
            .iter()
            .filter(|line| line.get("unscored").is_some())
            .count()
    );
    for (reason, count) in unscored {
        assert!(
            ended
                .stderr
                .contains(&format!("{count} unscored: {reason}")),
            "{reason}:\n{}",
            ended.stderr
        );
    }
}

/// The instruction and the two responses of a comparison.
fn comparison(prompt: &str) -> (usize, usize, usize) {
    let mut places = prompt
        .lines()
        .filter(|line| line.starts_with("Response "))
        .map(place);
    let ((first, instruction), (second, _)) = (
        places.next().expect("the first"),
        places.next().expect("the second"),
    );
    (instruction, first, second)
}

#[test]
fn what_passes_changes_no_comparison() {
    const INSTRUCTIONS: usize = 25;
    const RESPONSES: usize = 5;
    /// Of so many instructions one has nothing but replies that say nothing.
    const MUTE: usize = 2;
    let kinds = || -> (Vec<Fault>, Vec<Fault>) {
        let passing = harmless()
            .into_iter()
            .chain(passing())
            .chain(once(misread()));
        (
            passing.collect(),
            misread().into_iter().chain(refused()).collect(),
        )
    };
    let (_, lasting) = kinds();
    let server = |calm: bool| {
        let (passing, lasting) = kinds();
        ScriptedServer::start(move |asked| {
            let (instruction, first, second) = comparison(&asked.prompt);
            if instruction.is_multiple_of(MUTE) {
                return lasting[(instruction / MUTE) % lasting.len()].meets(asked);
            }
            let fault = &passing[(instruction * 20 + first * 4 + second) % passing.len()];
            if calm {
                good(asked).into()
            } else {
                fault.meets(asked)
            }
        })
    };
    let judged = |server: &ScriptedServer| {
        let desk = Desk::new(server, INSTRUCTIONS, RESPONSES);
        desk.succeeds(
            SELF_TAUGHT,
            &["attempts=3", "timeout_seconds=10", "concurrency=64"],
        )
    };
    let (calm, rough) = (server(true), server(false));
    let (undisturbed, disturbed) = (judged(&calm), judged(&rough));
    let comparisons = INSTRUCTIONS * RESPONSES * (RESPONSES - 1);
    assert_eq!(
        (calm.times_asked().len(), rough.times_asked().len()),
        (comparisons, comparisons)
    );
    assert!(
        rough.records().len() > calm.records().len() + comparisons / 4,
        "{} requests",
        rough.records().len()
    );
    assert!(
        undisturbed.stdout == disturbed.stdout,
        "what the server did before it answered is to be seen in a score"
    );

    let lines = lines(&disturbed);
    assert_eq!(lines.len(), INSTRUCTIONS * RESPONSES);
    for (number, line) in lines.iter().enumerate() {
        let instruction = number / RESPONSES;
        if instruction.is_multiple_of(MUTE) {
            let fault = &lasting[(instruction / MUTE) % lasting.len()];
            let Course::Always([reason, _], _) = fault.course else {
                panic!("{} passes", fault.name)
            };
            let reason = format!("no comparison was decided: {reason}");
            assert_eq!(
                (&line["unscored"], &line["score"]),
                (&json!(reason), &Value::Null),
                "{}: {line}",
                fault.name
            );
        } else {
            assert!(line["score"].is_f64(), "{line}");
        }
    }
}

#[test]
fn probabilities_are_read_where_the_server_reports_them() {
    let script = |reports: bool| {
        move |asked: &Asked| {
            let letter = longer(&asked.prompt).map(|letter| letter.to_string());
            let text = letter
                .or_else(|| Some(rating(&asked.prompt)?.to_string()))
                .expect("a judge asks");
            let plain = completion(asked, &text);
            assert_eq!(
                (&asked.body["logprobs"], &asked.body["top_logprobs"]),
                (&json!(true), &json!(20))
            );
            let body = if reports {
                with_log_probs(plain, &[&[(&text, 0.75), ("C", 0.25)]])
            } else {
                plain
            };
            Reply::saying(&text, &body).into()
        }
    };
    let likelier = ["judge.config.verdict=likelier"];
    let server = ScriptedServer::start(script(true));
    let desk = Desk::new(&server, 3, 2);
    for pair in lines(&desk.succeeds(SELF_TAUGHT, &likelier)).chunks(2) {
        // The second one is longer.
        assert!(
            pair[0]["score"].as_f64() < pair[1]["score"].as_f64(),
            "{pair:?}"
        );
    }
    for line in lines(&desk.succeeds(LLM_RUBRIC, &["judge.config.score=expected"])) {
        assert_eq!(
            (
                line["score"].as_f64().map(f64::fract),
                &line["aspects"]["mass"]
            ),
            (Some(0.0), &json!(0.75)),
            "{line}"
        );
    }

    let server = ScriptedServer::start(script(false));
    let ended = Desk::new(&server, 3, 2).succeeds(SELF_TAUGHT, &likelier);
    let reason = format!("no comparison was decided: {REFUSED}");
    assert!(
        lines(&ended)
            .iter()
            .all(|line| line["unscored"] == json!(reason)),
        "{}",
        ended.stdout
    );
}
