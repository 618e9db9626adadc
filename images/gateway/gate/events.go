package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

const stopped = "The engine stopped before its answer was complete."

// events reads a stream of server-sent events, an event at a time: it takes the usage out, drops the event that only the
// gate asked for, and ends a stream that breaks off with an error event, so that a client need not tell a cut from an end.
type events struct {
	source  io.ReadCloser
	lines   *bufio.Reader
	call    *call
	pending []byte
	ended   bool // the engine said [DONE], or an error was told
	over    bool
}

func newEvents(source io.ReadCloser, c *call) *events {
	return &events{source: source, lines: bufio.NewReaderSize(source, 16*1024), call: c}
}

func (e *events) Close() error { return e.source.Close() }

func (e *events) Read(into []byte) (int, error) {
	for len(e.pending) == 0 {
		if e.over {
			return 0, io.EOF
		}
		e.pending = e.next()
	}
	n := copy(into, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

// next returns the next event as it goes to the client; nothing, where the client is not to see it.
func (e *events) next() []byte {
	var event []byte
	for {
		line, err := e.lines.ReadBytes('\n')
		event = append(event, line...)
		if err != nil {
			e.over = true
			if e.ended {
				return event
			}
			// What was read of the last event is no event.
			return e.failure()
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return e.passed(event)
		}
	}
}

func (e *events) passed(event []byte) []byte {
	name, data := nameOf(event), dataOf(event)
	if bytes.HasSuffix(name, []byte(".delta")) || isLast(name) {
		e.call.quiet = false
	}
	if bytes.Equal(data, []byte("[DONE]")) || isLast(name) {
		e.ended = true
	}
	if bytes.HasPrefix(data, []byte(`{"error"`)) {
		// The router's words name its own parts.
		e.ended = true
		return e.failure()
	}
	if found := usageIn(data); found != (usage{}) {
		e.call.usage = found
		if e.call.usageOwn && withoutChoices(data) {
			return nil
		}
	}
	return event
}

func withoutChoices(data []byte) bool {
	var chunk struct {
		Choices []json.RawMessage `json:"choices"`
	}
	return json.Unmarshal(data, &chunk) == nil && len(chunk.Choices) == 0
}

// dataOf is the data of an event, which comes after its name, if it has one.
func dataOf(event []byte) []byte {
	data, unnamed := bytes.CutPrefix(event, []byte("data:"))
	if !unnamed {
		_, data, _ = bytes.Cut(event, []byte("\ndata:"))
	}
	return bytes.TrimSpace(data)
}

func (e *events) failure() []byte {
	if e.call.responses {
		return responseFailure()
	}
	text, _ := json.Marshal(errorBody(502, "engine_stopped", stopped))
	return append(append([]byte("data: "), text...), "\n\n"...)
}
