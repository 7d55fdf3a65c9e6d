//! A pairwise judge in a run: both orders of every two responses, reduced to scores that choose the pairs.

use rusqlite::Connection;
use tpo_tests::{Workplace, build_guest, fixture, root};

#[test]
fn a_pairwise_judge_judges_a_run() {
    let here = Workplace::new();
    let component = build_guest(&root().join("tests/guests/longer-wins")).join("longer_wins.wasm");
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    here.succeeds(&["run", &config, "--dir", "run", "--judge", &component.display().to_string()]);

    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a count");
    assert_eq!(count("SELECT count(*) FROM plugins WHERE role = 'pairwise-judge' AND name = 'longer-wins'"), 1);
    let both_orders = count(
        "SELECT sum(n * (n - 1)) FROM (SELECT count(response) AS n FROM candidates GROUP BY slice, instruction_id)",
    );
    assert!(both_orders > 0);
    assert_eq!(count("SELECT count(*) FROM preferences"), both_orders);

    let response = |side: &str| {
        format!(
            "(SELECT length(CAST(c.response AS BLOB)) FROM candidates c WHERE c.slice = x.slice AND \
             c.instruction_id = x.instruction_id AND c.sample = x.{side})"
        )
    };
    let wrong = count(&format!(
        "SELECT count(*) FROM preferences x WHERE x.preference <> CASE sign({first} - {second}) WHEN 1 THEN 'first' \
         WHEN -1 THEN 'second' ELSE 'tie' END",
        first = response("first"),
        second = response("second")
    ));
    assert_eq!(wrong, 0, "a preference is recorded for other samples than were compared");
    let (longer, shorter) = (response("chosen"), response("rejected"));
    let pairs = "rejected IN (SELECT sample FROM candidates c WHERE c.slice = x.slice AND c.instruction_id = \
                 x.instruction_id AND c.response IS NOT NULL)";
    assert!(count(&format!("SELECT count(*) FROM pairs x WHERE {pairs}")) > 0);
    assert_eq!(count(&format!("SELECT count(*) FROM pairs x WHERE {pairs} AND {longer} <= {shorter}")), 0);
}
