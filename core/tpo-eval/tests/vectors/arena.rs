//! The sixteen prompts of sections 2.3 and 3.

use tpo_eval::arena::{
    Battle, Label, Markdown, Resampling, Style, StyleControl, StyledBattle, VoteRule, arena_score,
    style_controlled,
};
use tpo_eval::win_rate::{BothOrders, win_rate};

use crate::near;

const PROMPTS: &str = "B>>A A>B 620 500|4,10,8|2,6,3; A>B B>A 540 600|0,3,1|1,4,2; \
    B>A A>>B 410 500|6,4,9|2,7,5; A=B B>A 450 480|1,2,0|1,3,2; A>>B B>>A 900 700|2,8,4|5,12,8; \
    B>A B>A 390 520|0,0,1|1,4,0; A=B A=B 500 510|1,5,2|1,5,4; B>>A A>>B 800 600|7,6,12|3,8,6; \
    A>B A>B 610 450|3,6,5|0,2,1; B>A A>B 620 740|2,9,3|2,7,6; A>B B>A 710 520|5,7,9|1,3,2; \
    B>A A>B 380 470|0,2,1|2,5,4; A>>B B>A 430 640|1,6,0|4,5,3; B>A A=B 560 430|2,1,6|0,4,2; \
    A=B A>B 690 650|3,11,4|3,9,7; A>B A=B 350 390|1,3,2|0,0,5";

const RESAMPLING: Resampling = Resampling {
    rounds: 200,
    seed: 42,
};

fn battles() -> Vec<StyledBattle> {
    let prompt = |text: &str| {
        let parts: Vec<&str> = text.trim().split('|').collect();
        let head: Vec<&str> = parts[0].split(' ').collect();
        let numbers = |text: &str| -> Vec<u64> {
            text.split([',', ' '])
                .map(|n| n.parse().expect("a count"))
                .collect()
        };
        let side = |tokens: &str, counts: &str| {
            let counts = numbers(counts);
            Style {
                tokens: numbers(tokens)[0],
                markdown: Markdown {
                    headers: counts[0],
                    lists: counts[1],
                    bold: counts[2],
                },
            }
        };
        StyledBattle {
            battle: Battle {
                baseline_first: Label::parse(head[0]),
                model_first: Label::parse(head[1]),
            },
            model: side(head[2], parts[1]),
            baseline: side(head[3], parts[2]),
        }
    };
    PROMPTS.split(';').map(prompt).collect()
}

fn plain() -> Vec<Battle> {
    battles().iter().map(|styled| styled.battle).collect()
}

#[test]
fn plain_score_2_3() {
    let found = arena_score(&plain(), VoteRule::V0_1, RESAMPLING).expect("votes");
    assert!((found.votes - 46.0).abs() < 1e-12 && found.prompts == 16 && found.missing == 0);
    near(found.score, 54.347_826);
    near(found.standard_error.expect("spread"), 13.209_450);
    near(found.elo_difference.expect("mixed"), 30.288_286);
    let slight = VoteRule {
        strong_weight: 1.0,
        ..VoteRule::V0_1
    };
    near(
        arena_score(&plain(), slight, RESAMPLING)
            .expect("votes")
            .score,
        53.125,
    );
}

#[test]
fn style_control_2_3() {
    let score =
        |control| style_controlled(&battles(), VoteRule::V2, control, RESAMPLING).expect("a fit");
    let both = score(StyleControl::Both);
    near(both.at_average_style, 62.238_578);
    near(both.weights.model, 0.499_687);
    let wanted = [-0.637_792, 1.805_557, -0.738_591, 0.260_832];
    both.weights
        .style
        .iter()
        .zip(wanted)
        .for_each(|(got, want)| near(*got, want));
    let length = score(StyleControl::Length);
    near(length.weights.model, 0.175_685);
    near(length.weights.style[0], 0.188_447);
    near(length.at_average_style, 54.380_868);
    near(length.at_equal_style, 53.696_294);
    near(score(StyleControl::Markdown).at_average_style, 58.816_952);
}

#[test]
fn the_fifty_rule_3() {
    let preference = |label: Option<Label>| label.map(|label| 1.0 - label.share_of_b());
    let rows: Vec<BothOrders> = plain()
        .iter()
        .map(|battle| BothOrders {
            ours_first: preference(battle.model_first),
            baseline_first: preference(battle.baseline_first),
        })
        .collect();
    let wanted = [
        1.0, 0.0, 1.0, 0.5, 0.0, 0.5, 0.5, 1.0, 0.5, 1.0, 0.0, 1.0, 0.0, 0.5, 0.5, 0.5,
    ];
    let outcomes: Vec<f64> = rows.iter().map(BothOrders::by_the_fifty_rule).collect();
    assert_eq!(outcomes, wanted);
    let found = win_rate(&rows).expect("rows");
    near(100.0 * found.fifty_rule.estimate.mean, 53.125);
    near(
        100.0 * found.fifty_rule.estimate.standard_error.expect("spread"),
        9.648_780,
    );
    near(found.consistent, 9.0 / 16.0);
    near(found.first_position.expect("verdicts"), 0.5);
    near(found.unreadable, 0.0);
}
