use std::io::{Read as _, Write as _};
use std::sync::Barrier;

use serde_json::{Value, json};

use super::*;

/// A client that sends what it is told and reads what comes, until the server closes or nothing
/// more is due.
struct Plain(TcpStream);

impl Plain {
    fn new(server: &ScriptedServer) -> Self {
        let connection =
            TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).expect("it listens");
        connection
            .set_read_timeout(Some(Duration::from_millis(200)))
            .expect("a connection");
        Self(connection)
    }

    fn post(&mut self, path: &str, body: &str) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: here\r\nX-Name: a: b\r\nContent-Length: \
                {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).expect("it is sent");
    }

    fn ask(&mut self, prompt: &str) {
        self.post(PATH, &body(prompt));
    }

    /// Everything that comes, and whether the server closed the connection then.
    fn read(&mut self) -> (String, bool) {
        let (mut text, mut bytes) = (String::new(), [0; 4096]);
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return (text, true),
                Ok(count) => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
                Err(_) => return (text, false),
            }
        }
    }
}

fn body(prompt: &str) -> String {
    json!({"model": "m", "messages": [
        {"role": "system", "content": "Judge."},
        {"role": "user", "content": prompt},
        {"role": "assistant", "content": "[["},
    ]})
    .to_string()
}

fn answer(text: &str) -> Value {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(body).unwrap_or_default()
}

#[test]
fn it_answers_as_scripted_and_keeps_a_record() {
    let server = ScriptedServer::start(|asked| match asked.before {
        0 => Reply::json(429, &json!({"error": "busy"}))
            .header("retry-after", "0")
            .into(),
        _ => Reply::good(asked, &format!("{} again", asked.prompt)).into(),
    });
    let mut client = Plain::new(&server);
    client.ask("one");
    let (refusal, closed) = client.read();
    assert!(
        refusal.starts_with("HTTP/1.1 429 ") && refusal.contains("retry-after: 0\r\n") && !closed,
        "{refusal}"
    );
    // On the same connection.
    client.ask("one");
    let (text, closed) = client.read();
    assert_eq!(
        answer(&text)["choices"][0]["message"]["content"],
        "one again"
    );
    assert!(!closed);

    let records = server.records();
    assert_eq!(records.len(), 2);
    assert_eq!(
        (&records[0].outcome, &records[1].outcome),
        (&Outcome::Unanswered, &Outcome::Answered("one again".into()))
    );
    assert_eq!(
        (&*records[1].prompt, &*records[1].body),
        ("one", &*body("one"))
    );
    assert!(
        records[0]
            .headers
            .contains(&("x-name".into(), "a: b".into()))
    );
    assert_eq!(server.times_asked(), HashMap::from([("one".into(), 2)]));
    assert_eq!(
        server.answers(),
        HashMap::from([("one".into(), vec!["one again".into()])])
    );
    server.wait_for_answers(1);
}

#[test]
fn it_answers_in_every_way() {
    let server = ScriptedServer::start(|asked| {
        let good = Reply::good(asked, "fine");
        match &*asked.prompt {
            "chunked" => good.chunked().into(),
            "slow" => good.slow(4, Duration::from_millis(5)).into(),
            "cut" => good.cut().into(),
            "hang up" => Conduct::HangUp,
            "hang" => Conduct::Hang,
            _ => good.header("content-type", "text/plain").into(),
        }
    });
    let ask = |prompt: &str| {
        let mut client = Plain::new(&server);
        client.ask(prompt);
        client.read()
    };
    let (text, closed) = ask("chunked");
    let chunks: Vec<&str> = text
        .split_once("\r\n\r\n")
        .expect("a head")
        .1
        .split("\r\n")
        .collect();
    assert_eq!((chunks[chunks.len() - 3], closed), ("0", false));
    let whole: String = chunks[..chunks.len() - 3]
        .iter()
        .skip(1)
        .step_by(2)
        .copied()
        .collect();
    assert_eq!(
        serde_json::from_str::<Value>(&whole).expect("JSON")["choices"][0]["message"]["content"],
        "fine"
    );
    assert_eq!(
        answer(&ask("slow").0)["choices"][0]["message"]["content"],
        "fine"
    );
    let (text, closed) = ask("cut");
    assert!(closed && answer(&text).is_null(), "{text}");
    assert_eq!(ask("hang up"), (String::new(), true));
    assert_eq!(ask("hang"), (String::new(), false));
    assert!(ask("other").0.contains("content-type: text/plain\r\n"));
    assert_eq!(server.answers().len(), 3);
    let mut client = Plain::new(&server);
    client.post("/v2", "{}");
    assert!(client.read().0.starts_with("HTTP/1.1 404 "));
}

#[test]
fn it_counts_who_is_inside() {
    let together = Barrier::new(3);
    let server = ScriptedServer::start(move |asked| {
        if asked.prompt == "together" {
            together.wait();
        }
        Reply::good(asked, "fine").into()
    });
    let ask = |prompt: &str| {
        let mut client = Plain::new(&server);
        client.ask(prompt);
        assert!(client.read().0.contains("fine"));
    };
    ask("alone");
    ask("alone");
    assert_eq!(server.most_at_once(), 1);
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(|| ask("together")))));
    assert_eq!(server.most_at_once(), 3);
    assert_eq!(server.shared.log().inside, 0);
}

#[test]
fn it_can_be_gone_and_come_back() {
    let mut server = ScriptedServer::start(|asked| Reply::good(asked, "fine").into());
    let url = server.base_url();
    let mut client = Plain::new(&server);
    client.ask("one");
    assert!(client.read().0.contains("fine"));
    server.stop();
    assert!(client.read().1, "the connection is broken");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_err());
    server.restart();
    assert_eq!(server.base_url(), url);
    let mut client = Plain::new(&server);
    client.ask("two");
    assert!(client.read().0.contains("fine"));
    assert_eq!(server.records().len(), 2);
}

#[test]
fn it_has_an_opinion_on_what_judges_show() {
    let prompt = |first: &str, second: &str| {
        format!(
            "[User Question]\nWhich?\n\n[The Start of Assistant A's Answer]\n{first}\n[The End of \
                Assistant A's Answer]\n\n\
             [The Start of Assistant B's Answer]\n{second}\n[The End of Assistant B's Answer]\n"
        )
    };
    assert_eq!(longer(&prompt("long\nlong", "short")), Some('A'));
    assert_eq!(longer(&prompt("short", "long\nlong")), Some('B'));
    assert_eq!(longer(&prompt("same", "same")), Some('C'));
    let rated = "<rubric>\nGood?\n</rubric>\n\n<response>\nseven77\n</response>";
    assert_eq!((longer(rated), rating(rated)), (None, Some(3)));
    let asked = Asked::new(body(rated).as_bytes(), 0);
    assert_eq!(opinion(&asked), "It is as long as it is.\nScore: 3");
    let shown = with_log_probs(completion(&asked, "3"), &[&[("3", 0.5), ("4", 0.25)]]);
    assert_eq!(
        shown["choices"][0]["logprobs"]["content"][0]["top_logprobs"][1]["token"],
        "4"
    );
}
