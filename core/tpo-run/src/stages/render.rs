//! Instructions to prompts.

use tpo_types::{Failure, FailureKind, Instruction, RenderOutcome, Sampler};

use super::one_per_item::one_per_item;
use crate::context::Context;
use crate::groups::Rendered;
use crate::slice::Pass;

/// Renders the instructions of a pass and tokenizes the prompts.
pub(crate) fn render<'a>(
    context: &Context<'_>,
    pass: &Pass<'a>,
    sampler: &dyn Sampler,
) -> Result<Vec<Rendered<'a>>, Failure> {
    let budget = context.params.max_thought_tokens;
    let outcomes = context.thought.prompts(pass.instructions, budget)?;
    let outcomes = one_per_item("the thought template", pass.instructions.len(), outcomes)?;
    let rendered = pass
        .instructions
        .iter()
        .zip(outcomes)
        .map(|(instruction, outcome)| tokenized(instruction, outcome, sampler))
        .collect::<Result<Vec<_>, _>>()?;
    context.store.put_prompts(&pass.slice, &rendered)?;
    Ok(rendered)
}

fn tokenized<'a>(
    instruction: &'a Instruction,
    outcome: RenderOutcome,
    sampler: &dyn Sampler,
) -> Result<Rendered<'a>, Failure> {
    let prompt = match outcome {
        RenderOutcome::Prompt(prompt) => prompt,
        RenderOutcome::Unrendered(reason) => {
            let id = &instruction.id;
            let what = format!("the thought template cannot render `{id}`: {reason}");
            return Err(Failure::new(FailureKind::Plugin, what)
                .hint("remove the instruction, or use a template that renders it"));
        }
    };
    let token_ids = sampler.encode(&prompt)?;
    Ok(Rendered {
        instruction,
        prompt,
        token_ids,
    })
}
