package main

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// responses is OpenAI's newer path for text. Nothing is kept between its requests here: an engine or a router that kept
// answers would know no tenant, so who knew an answer's id could go on from another's.
const responses = "/v1/responses"

// kept are what asks for answers that were kept, or for one to be kept until it is asked for.
var kept = []string{"previous_response_id", "conversation", "background"}

// stateless asks for an answer that is not kept; the second is a parameter that cannot be had so.
func stateless(body []byte) ([]byte, string) {
	var whole map[string]json.RawMessage
	if json.Unmarshal(body, &whole) != nil {
		return body, ""
	}
	for _, name := range kept {
		if given, ok := whole[name]; ok && !bytes.Equal(given, []byte("null")) && !bytes.Equal(given, []byte("false")) {
			return nil, name
		}
	}
	whole["store"] = json.RawMessage("false")
	changed, err := json.Marshal(whole)
	if err != nil {
		return body, ""
	}
	return changed, ""
}

// admitStateless makes the body of a response's request, or refuses.
func admitStateless(writer http.ResponseWriter, c *call) bool {
	body, refused := stateless(c.body)
	if refused != "" {
		message := "Answers are not kept here, so " + refused + " cannot be used: send what was said before as input."
		refuse(writer, 400, "unsupported_parameter", message, 0)
		return false
	}
	c.body, c.quiet = body, c.stream
	return true
}

// nameOf is the name of an event, which the events of a response have; chat's have none.
func nameOf(event []byte) []byte {
	line, _, _ := bytes.Cut(event, []byte("\n"))
	name, named := bytes.CutPrefix(line, []byte("event:"))
	if !named {
		return nil
	}
	return bytes.TrimSpace(name)
}

// isLast says whether the event ends a response, well or not.
func isLast(name []byte) bool {
	switch string(name) {
	case "response.completed", "response.incomplete", "response.failed":
		return true
	}
	return false
}

// responseFailure is an error in the stream of a response: flat, as OpenAI documents it, and whole, as its clients raise.
func responseFailure() []byte {
	body := errorBody(502, "engine_stopped", stopped)
	body["type"], body["code"], body["message"], body["param"] = "error", "engine_stopped", stopped, nil
	text, _ := json.Marshal(body)
	return append(append([]byte("event: error\ndata: "), text...), "\n\n"...)
}
