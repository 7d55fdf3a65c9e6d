//! Style control of Arena-Hard 2: what the score would be without differences of length and
//! markdown.
//!
//! `logit P(model wins) = theta + sum_k beta_k z_k` over votes. The features are `(tok_m - tok_b) /
//! (tok_m + tok_b)` for tokens and, with densities `D = count / (tok + 1)`, `(D_m - D_b) / (D_m +
//! D_b + 1)` for headers, list items and bold; each is divided by its standard deviation over
//! votes.

use crate::arena::{Battle, Resampling, Vote, VoteRule};
use crate::interval::Interval;
use crate::logistic::{Observation, fit, sigmoid};
use crate::refusal::Refusal;

/// Markdown elements of a response, outside code blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markdown {
    /// Headers.
    pub headers: u64,
    /// List items.
    pub lists: u64,
    /// Bold passages.
    pub bold: u64,
}

/// One response's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Tokens.
    pub tokens: u64,
    /// Markdown elements.
    pub markdown: Markdown,
}

/// A battle with the style of both responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StyledBattle {
    /// The verdicts.
    pub battle: Battle,
    /// The model's response.
    pub model: Style,
    /// The baseline's response.
    pub baseline: Style,
}

/// Which features are controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StyleControl {
    /// Tokens.
    Length,
    /// Headers, list items and bold.
    Markdown,
    /// All four.
    Both,
}

impl StyleControl {
    fn features(self, battle: &StyledBattle) -> Vec<f64> {
        let [tokens, headers, lists, bold] = battle.features();
        match self {
            Self::Length => vec![tokens],
            Self::Markdown => vec![headers, lists, bold],
            Self::Both => vec![tokens, headers, lists, bold],
        }
    }
}

impl StyledBattle {
    fn features(&self) -> [f64; 4] {
        let (model, baseline) = (&self.model, &self.baseline);
        let (m, b) = (model.tokens as f64, baseline.tokens as f64);
        let tokens = if m + b > 0.0 { (m - b) / (m + b) } else { 0.0 };
        let density = |count: fn(&Markdown) -> u64| {
            let of = |side: &Style| count(&side.markdown) as f64 / (side.tokens as f64 + 1.0);
            let (m, b) = (of(model), of(baseline));
            (m - b) / (m + b + 1.0)
        };
        [
            tokens,
            density(|m| m.headers),
            density(|m| m.lists),
            density(|m| m.bold),
        ]
    }
}

/// Weights of the fit.
#[derive(Debug, Clone, PartialEq)]
pub struct StyleWeights {
    /// theta with centered features.
    pub model: f64,
    /// beta per feature, in the order tokens, headers, lists, bold, of those controlled.
    pub style: Vec<f64>,
}

/// A style-controlled score.
#[derive(Debug, Clone, PartialEq)]
pub struct StyleControlled {
    /// The score at the average difference of style, as the original reports it, in points.
    pub at_average_style: f64,
    /// The score at equal style, in points.
    pub at_equal_style: f64,
    /// 2.5 and 97.5 percentiles of `at_average_style` over resampled prompts, in points; refused
    /// below [`crate::MANY`] prompts.
    pub resampled: Result<Interval, Refusal>,
    /// The fitted weights.
    pub weights: StyleWeights,
    /// Whether the likelihood had no maximum, so that a ridge of 1e-3 decided.
    pub ridge: bool,
}

/// Scores a model with its style controlled, refitting for each resample of the prompts.
///
/// Refuses what [`crate::arena::arena_score`] refuses, and features that do not vary or cannot be
/// told apart.
pub fn style_controlled(
    battles: &[StyledBattle],
    rule: VoteRule,
    control: StyleControl,
    resampling: Resampling,
) -> Result<StyleControlled, Refusal> {
    rule.check()?;
    resampling.check()?;
    let prompts: Vec<Prompt> = battles
        .iter()
        .map(|battle| Prompt {
            votes: rule.votes(battle.battle),
            features: control.features(battle),
        })
        .filter(|prompt| !prompt.votes.is_empty())
        .collect();
    let all: Vec<&Prompt> = prompts.iter().collect();
    let fitted = Fitted::new(&all)?;
    let n = prompts.len();
    let resampled = if n < crate::MANY {
        Err(Refusal::TooFew {
            n,
            needed: crate::MANY,
        })
    } else {
        resampling.percentiles(n, |picked| {
            let picked: Vec<&Prompt> = picked.iter().map(|&place| &prompts[place]).collect();
            Ok(Fitted::new(&picked)?.at_average_style())
        })
    };
    Ok(StyleControlled {
        at_average_style: fitted.at_average_style(),
        at_equal_style: fitted.at_equal_style(),
        resampled,
        ridge: fitted.ridge,
        weights: StyleWeights {
            model: fitted.model,
            style: fitted.style,
        },
    })
}

/// A prompt's votes and features.
struct Prompt {
    votes: Vec<Vote>,
    features: Vec<f64>,
}

/// The fit over some prompts.
struct Fitted {
    model: f64,
    style: Vec<f64>,
    /// Mean of each feature in units of its standard deviation.
    centers: Vec<f64>,
    ridge: bool,
}

impl Fitted {
    fn new(prompts: &[&Prompt]) -> Result<Self, Refusal> {
        let columns = prompts.first().ok_or(Refusal::Empty)?.features.len();
        let weight = |prompt: &Prompt| prompt.votes.iter().map(|vote| vote.weight).sum::<f64>();
        let total: f64 = prompts.iter().map(|prompt| weight(prompt)).sum();
        let weighted = |value: &dyn Fn(&Prompt) -> f64| -> f64 {
            prompts
                .iter()
                .map(|prompt| weight(prompt) * value(prompt))
                .sum()
        };
        let (mut means, mut scales) = (Vec::new(), Vec::new());
        for k in 0..columns {
            let mean = weighted(&|prompt| prompt.features[k]) / total;
            let squares = weighted(&|prompt| (prompt.features[k] - mean).powi(2));
            let scale = (squares / (total - 1.0)).sqrt();
            if scale.is_nan() || scale <= 1e-12 {
                return Err(Refusal::NoSpread);
            }
            means.push(mean);
            scales.push(scale);
        }
        let row = |prompt: &Prompt, vote: &Vote| {
            let scaled = (0..columns).map(|k| (prompt.features[k] - means[k]) / scales[k]);
            Observation {
                x: std::iter::once(1.0).chain(scaled).collect(),
                y: vote.share,
                weight: vote.weight,
            }
        };
        let rows = prompts.iter();
        let rows: Vec<Observation> = rows
            .flat_map(|prompt| prompt.votes.iter().map(|vote| row(prompt, vote)))
            .collect();
        let fit = fit(&rows)?;
        Ok(Self {
            model: fit.weights[0],
            style: fit.weights[1..].to_vec(),
            centers: means
                .iter()
                .zip(&scales)
                .map(|(mean, scale)| mean / scale)
                .collect(),
            ridge: fit.ridge,
        })
    }

    fn at_average_style(&self) -> f64 {
        100.0 * sigmoid(self.model)
    }

    /// Features of 0 are `-center` after centering.
    fn at_equal_style(&self) -> f64 {
        let pairs = self.style.iter().zip(&self.centers);
        let shift: f64 = pairs.map(|(beta, center)| beta * center).sum();
        100.0 * sigmoid(self.model - shift)
    }
}
