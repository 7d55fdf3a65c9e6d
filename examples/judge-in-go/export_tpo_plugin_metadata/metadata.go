// Package export_tpo_plugin_metadata describes the plugin and holds its configuration.
package export_tpo_plugin_metadata

import (
	"encoding/json"
	"strings"

	. "judge-in-go/bindings/tpo_plugin_metadata"
	"judge-in-go/bindings/tpo_plugin_types"

	. "go.bytecodealliance.org/pkg/wit/types"
)

const schema = `{"type": "object", "additionalProperties": false, "properties": {"words":
	{"type": "integer", "minimum": 1, "default": 60, "description": "The preferred number of words."}}}`

// Settings is the configuration.
type Settings struct {
	Words int `json:"words"`
}

// Current is the configuration of this instance.
var Current = Settings{Words: 60}

func Describe() Description {
	return Description{
		Name:         "judge-in-go",
		Version:      "0.1.0",
		Summary:      "Prefers responses of about the right length",
		License:      "Apache-2.0",
		ConfigSchema: schema,
	}
}

func Configure(config string) Result[Unit, Error] {
	decoder := json.NewDecoder(strings.NewReader(config))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&Current); err != nil {
		return refuse(err.Error())
	}
	if Current.Words < 1 {
		return refuse("`words` is a whole number from 1")
	}
	return Ok[Unit, Error](Unit{})
}

func refuse(why string) Result[Unit, Error] {
	return Err[Unit](tpo_plugin_types.MakeErrorInvalidConfig(why))
}
