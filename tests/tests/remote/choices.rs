//! Which model a run with a judge that compares calls the best.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use rusqlite::Connection;
use serde_json::{Value, json};
use tpo_tests::scripted_server::{Asked, Conduct, Reply, ScriptedServer, compared};
use tpo_tests::{Workplace, fixture};

/// What only the instructions of the validation sets say.
const VALIDATION: &str = "Describe";

/// The taste of the judge on the training instructions of an iteration. On the validation sets it
/// always prefers the response with the larger share of
/// the letter `e`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taste {
    /// The same as on the validation sets.
    Good,
    /// The opposite: the model learns to be worse.
    Bad,
    /// One or the other, by the lengths of the responses: what the model learns is chance.
    Mixed,
}

/// A server whose judge has one taste per iteration.
fn server(tastes: [Taste; 2]) -> ScriptedServer {
    // The base model is compared with no other one, so a comparison on a validation set ends the
    // first iteration.
    let validated = Arc::new(AtomicBool::new(false));
    ScriptedServer::start(move |asked: &Asked| -> Conduct {
        let is_validation = asked.prompt.contains(VALIDATION);
        if is_validation {
            validated.store(true, SeqCst);
        }
        let taste = match (is_validation, validated.load(SeqCst)) {
            (true, _) => Taste::Good,
            (false, is_second) => tastes[usize::from(is_second)],
        };
        let verdict = match compared(&asked.prompt).map(|both| liking(both, taste)) {
            Some(Ordering::Greater) => "[[A]]",
            Some(Ordering::Less) => "[[B]]",
            Some(Ordering::Equal) | None => "[[C]]",
        };
        Reply::good(asked, verdict).into()
    })
}

/// Whether a taste likes the first of two responses more.
fn liking(both: [&str; 2], taste: Taste) -> Ordering {
    let [first, second] = both.map(share);
    // The same in both orders.
    let is_even = (both[0].len() + both[1].len()).is_multiple_of(2);
    let likes_more = match taste {
        Taste::Good => true,
        Taste::Bad => false,
        Taste::Mixed => is_even,
    };
    if likes_more {
        first.total_cmp(&second)
    } else {
        second.total_cmp(&first)
    }
}

/// The share of the letter `e`.
fn share(response: &str) -> f64 {
    let count = response.chars().filter(|c| *c == 'e').count();
    count as f64 / response.chars().count().max(1) as f64
}

/// Two iterations on a tiny model, with so large steps that it learns the judge's taste.
fn run(tastes: [Taste; 2]) -> Workplace {
    let server = server(tastes);
    let here = Workplace::new();
    let things = [
        "river", "stone", "garden", "lantern", "pocket", "valley", "window", "harbor", "candle",
        "mirror", "bridge", "forest", "ladder", "basket", "button", "kettle",
    ];
    let colors = ["red", "green", "blue", "grey", "white", "black"];
    let rows = |verb: &str, count: usize| {
        let rows = (0..count).map(|number| {
            let (color, thing) = (colors[number / 16], things[number % 16]);
            let prompt = format!("{verb} a {color} {thing}.");
            json!({"id": format!("{verb}-{number}"), "prompt": prompt}).to_string()
        });
        rows.collect::<Vec<_>>().join("\n")
    };
    here.write("train.jsonl", &rows("Write about", 96));
    here.write("validation.jsonl", &rows(VALIDATION, 64));
    here.write("held-out.jsonl", &rows("Describe in short", 64));
    let config = format!(
        r#"
name = "taste"
seed = 3
iterations = 2
[model]
source = "{}"
[data]
train = "train.jsonl"
[sampling]
num_samples = 8
temperature = 1.0
top_p = 1.0
max_new_tokens = 200
[thought]
max_tokens = 4
[judge]
plugin = "self-taught"
[models.judge.server]
base_url = "{}"
model = "scripted"
concurrency = 8
[train]
method = "full"
learning_rate = 1e-3
batch_size = 4
num_train_epochs = 2
[[validation]]
data = "validation.jsonl"
num_samples = 3
[[validation]]
name = "held-out"
data = "held-out.jsonl"
num_samples = 3
"#,
        fixture("models/tiny-llama").display(),
        server.base_url()
    );
    here.write("tpo.toml", &config);
    here.succeeds(&["--quiet", "run", "tpo.toml", "--dir", "run"]);
    here
}

/// The wins of a model's responses over the base model's, counted again from the stored ones.
fn counted_win_rate(here: &Workplace, set: &str, iteration: i64) -> f64 {
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let step: i64 = db
        .query_row(
            "SELECT json_extract(metrics, '$.kept.step') FROM iterations WHERE iteration = ?1",
            [iteration],
            |row| row.get(0),
        )
        .expect("the model that was kept");
    // Three samples were asked for; one that was sampled again takes the place of a malformed one.
    let responses = |slice: &str, id: &str| -> Vec<Option<String>> {
        let sql = "SELECT response FROM candidates WHERE slice = ?1 AND instruction_id = ?2 \
                   ORDER BY sample";
        let mut statement = db.prepare(sql).expect("a query");
        let rows = statement
            .query_map([slice, id], |row| row.get::<_, Option<String>>(0))
            .expect("rows");
        let mut asked_for: Vec<Option<String>> = rows.map(|row| row.expect("a row")).collect();
        let again = asked_for.split_off(3);
        let mut again = again.into_iter().flatten();
        for place in asked_for.iter_mut().filter(|place| place.is_none()) {
            *place = again.next();
        }
        asked_for
    };
    let mut statement = db
        .prepare("SELECT id FROM instructions WHERE split = ?1")
        .expect("a query");
    let ids = statement.query_map([set], |row| row.get::<_, String>(0));
    let mut wins = Vec::new();
    for id in ids.expect("rows") {
        let id = id.expect("an id");
        let (own, base) = (
            responses(&format!("{set}/{iteration}.{step}"), &id),
            responses(&format!("{set}/base"), &id),
        );
        for sample in 0..3 {
            wins.push(match (&own[sample], &base[sample]) {
                (Some(own), Some(base)) => match liking([own, base], Taste::Good) {
                    Ordering::Greater => 1.0,
                    Ordering::Equal => 0.5,
                    Ordering::Less => 0.0,
                },
                (Some(_), None) => 1.0,
                (None, Some(_)) => 0.0,
                (None, None) => 0.5,
            });
        }
    }
    wins.iter().sum::<f64>() / wins.len() as f64
}

/// The best model by the run's own choice, and the win rates of both iterations on a set that chose
/// nothing.
fn outcome(tastes: [Taste; 2]) -> (String, [f64; 2]) {
    let here = run(tastes);
    let best = std::fs::canonicalize(here.path("run/checkpoints/best"));
    let best = best.map_or_else(
        |_| "base".to_owned(),
        |path| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        },
    );
    let rates = [1, 2].map(|iteration| counted_win_rate(&here, "held-out", iteration));
    let shown = here.succeeds(&["status", "run", "--format", "json"]).stdout;
    let status: Value = serde_json::from_str(&shown).expect("JSON");
    // What the run says is what its stored responses say.
    for (iteration, rate) in (1..).zip(rates) {
        let kept = &status["iterations"][iteration - 1]["kept"];
        let measurements = status["measurements"].as_array().expect("measurements");
        let of_model = measurements
            .iter()
            .find(|one| one["set"] == "held-out" && one["model"] == *kept)
            .expect("a measurement");
        let rows = &of_model["outcomes"]["comparisons"][0]["rows"];
        let rows = rows.as_array().expect("rows");
        let told = rows.iter().map(|row| row["win"].as_f64().expect("a win"));
        let told = told.sum::<f64>() / rows.len() as f64;
        assert!(
            (told - rate).abs() < 1e-9,
            "iteration {iteration}: {told}, {rate}"
        );
    }
    (best, rates)
}

#[test]
fn a_model_that_the_judge_truly_prefers_is_chosen_whichever_iteration_made_it() {
    let (best, [first, second]) = outcome([Taste::Good, Taste::Bad]);
    assert!(first > 0.6 && first > second, "{first} {second}");
    assert_eq!(best, "iteration-1");

    let (best, [first, second]) = outcome([Taste::Mixed, Taste::Good]);
    assert!(second > 0.5 && second > first, "{first} {second}");
    assert_eq!(best, "iteration-2");
}
