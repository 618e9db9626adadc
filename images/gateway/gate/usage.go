package main

import (
	"bytes"
	"encoding/json"
)

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	// Details are left out by engines without a cache of prefixes.
	Details struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

// said is a usage in an engine's words: those of a response are others than those of chat.
type said struct {
	usage
	Input   int `json:"input_tokens"`
	Output  int `json:"output_tokens"`
	Details struct {
		Cached int `json:"cached_tokens"`
	} `json:"input_tokens_details"`
}

func (s said) meant() usage {
	found := s.usage
	found.Prompt += s.Input
	found.Completion += s.Output
	found.Details.Cached += s.Details.Cached
	return found
}

// usageIn finds the usage in an answer without reading all of it as JSON, which for embeddings would take longer than
// everything else: inside a JSON text the name's quotes would be escaped.
func usageIn(text []byte) usage {
	var found usage
	for rest := text; ; {
		at := bytes.Index(rest, []byte(`"usage"`))
		if at < 0 {
			return found
		}
		rest = rest[at+len(`"usage"`):]
		value := bytes.TrimLeft(rest, " \t\r\n")
		if len(value) == 0 || value[0] != ':' {
			continue
		}
		var given said
		// Not null, and not a tool's parameter of that name.
		if json.NewDecoder(bytes.NewReader(value[1:])).Decode(&given) == nil && given.meant() != (usage{}) {
			found = given.meant()
		}
	}
}
