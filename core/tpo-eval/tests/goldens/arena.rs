//! Arena-Hard: Bradley-Terry by scipy, style control by statsmodels.

use serde_json::Value;
use tpo_eval::arena::{
    Battle, Label, Markdown, Resampling, Style, StyleControl, StyledBattle, VoteRule, arena_score,
    style_controlled,
};

use crate::{golden, integer, near, rows};

const RESAMPLING: Resampling = Resampling {
    rounds: 200,
    seed: 1,
};

fn battle(row: &Value) -> StyledBattle {
    let label = |place: usize| Label::parse(row[place].as_str().expect("a label"));
    let count = |place: usize| integer(&row[place]);
    let side = |tokens: usize, markdown: usize| Style {
        tokens: count(tokens),
        markdown: Markdown {
            headers: count(markdown),
            lists: count(markdown + 1),
            bold: count(markdown + 2),
        },
    };
    StyledBattle {
        battle: Battle {
            baseline_first: label(0),
            model_first: label(1),
        },
        model: side(2, 4),
        baseline: side(3, 7),
    }
}

#[test]
fn random_battles() {
    for row in rows(&golden()["arena"]) {
        let styled: Vec<StyledBattle> = rows(&row["battles"]).iter().map(battle).collect();
        let battles: Vec<Battle> = styled.iter().map(|styled| styled.battle).collect();
        let found = arena_score(&battles, VoteRule::V0_1, RESAMPLING).expect("votes");
        near(found.score, &row["score"]);
        near(found.elo_difference.expect("mixed"), &row["elo_difference"]);
        for (control, name) in [
            (StyleControl::Length, "length"),
            (StyleControl::Markdown, "markdown"),
            (StyleControl::Both, "both"),
        ] {
            let want = &row["style"][name];
            let found =
                style_controlled(&styled, VoteRule::V2, control, RESAMPLING).expect("a fit");
            near(found.at_average_style, &want["average"]);
            near(found.at_equal_style, &want["equal"]);
            near(found.weights.model, &want["weights"][0]);
            for (k, beta) in found.weights.style.iter().enumerate() {
                near(*beta, &want["weights"][k + 1]);
            }
            assert_eq!(found.resampled.is_ok(), battles.len() >= 30, "{found:?}");
        }
    }
}
