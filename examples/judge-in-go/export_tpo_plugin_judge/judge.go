// Package export_tpo_plugin_judge scores responses.
package export_tpo_plugin_judge

import (
	"math"
	"strings"

	. "judge-in-go/bindings/tpo_plugin_judge"
	"judge-in-go/export_tpo_plugin_metadata"

	. "go.bytecodealliance.org/pkg/wit/types"
)

func Score(groups []Group) Result[[][]Judgment, Error] {
	judgments := make([][]Judgment, len(groups))
	for at, group := range groups {
		for _, response := range group.Responses {
			judgments[at] = append(judgments[at], judge(response))
		}
	}
	return Ok[[][]Judgment, Error](judgments)
}

func judge(response string) Judgment {
	words := float64(len(strings.Fields(response)))
	if words == 0 {
		return MakeJudgmentUnscored("empty response")
	}
	wanted := float64(export_tpo_plugin_metadata.Current.Words)
	return MakeJudgmentScore(Scored{
		Value:     1 / (1 + math.Abs(words-wanted)/wanted),
		Rationale: None[string](),
		Aspects:   []Tuple2[string, float64]{{F0: "words", F1: words}},
	})
}
