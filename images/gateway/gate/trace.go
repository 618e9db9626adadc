package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const (
	spanQueue   = 4096 // spans that wait to be sent; more are dropped, a request never waits
	spanBatch   = 512
	spanEvery   = time.Second
	spanTimeout = 5 * time.Second
)

// traceparent is W3C's: version, trace, the parent's span, flags (https://www.w3.org/TR/trace-context/).
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})`)

// place is where a request stands in a trace: the client's, or a new one.
type place struct {
	trace, parent, span string
	recorded            bool
}

func placeOf(request *http.Request) place {
	p := place{span: randomHex(8), recorded: true}
	found := traceparent.FindStringSubmatch(request.Header.Get("Traceparent"))
	if found == nil || found[1] == "ff" || allZero(found[2]) || allZero(found[3]) {
		p.trace = randomHex(16)
		return p
	}
	flags, _ := strconv.ParseUint(found[4], 16, 8)
	p.trace, p.parent, p.recorded = found[2], found[3], flags&1 == 1
	return p
}

// header is what the router is told: its span's parent is the gate's.
func (p place) header() string {
	flags := "00"
	if p.recorded {
		flags = "01"
	}
	return "00-" + p.trace + "-" + p.span + "-" + flags
}

func randomHex(size int) string {
	id := make([]byte, size)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

func allZero(id string) bool {
	for _, digit := range id {
		if digit != '0' {
			return false
		}
	}
	return true
}

// tracer sends the gate's spans to a collector, as OTLP's JSON over HTTP. Nil: there is none.
type tracer struct {
	url        string
	spans      chan map[string]any
	stop, done chan struct{}
	client     *http.Client
	failed     bool
}

func newTracer(endpoint string) *tracer {
	if endpoint == "" {
		return nil
	}
	t := &tracer{
		url:    "http://" + endpoint + "/v1/traces",
		spans:  make(chan map[string]any, spanQueue),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		client: &http.Client{Timeout: spanTimeout},
	}
	go t.run()
	return t
}

// close sends what is waiting.
func (t *tracer) close() {
	if t != nil {
		close(t.stop)
		<-t.done
	}
}

// ended hands over a request's span: who, what, how long; never what was said. A stranger's request has none.
func (t *tracer) ended(request *http.Request, status int, c *call) {
	if t == nil || !c.place.recorded || c.tenant == "" {
		return
	}
	attributes := []any{
		attribute("http.request.method", request.Method),
		attribute("url.path", request.URL.Path),
		attribute("http.response.status_code", status),
		attribute("aicc.request.id", c.id),
		attribute("aicc.tenant", c.tenant),
	}
	if c.model != "" {
		attributes = append(attributes,
			attribute("gen_ai.request.model", c.model),
			attribute("gen_ai.usage.input_tokens", c.usage.Prompt),
			attribute("gen_ai.usage.output_tokens", c.usage.Completion),
			attribute("aicc.held_milliseconds", int(c.held.Milliseconds())),
		)
	}
	span := map[string]any{
		"traceId": c.place.trace, "spanId": c.place.span, "name": request.Method + " " + route(request.URL.Path),
		"kind": 2, "startTimeUnixNano": nanos(c.started), "endTimeUnixNano": nanos(time.Now()), "attributes": attributes,
	}
	if c.place.parent != "" {
		span["parentSpanId"] = c.place.parent
	}
	if status >= 500 {
		span["status"] = map[string]any{"code": 2}
	}
	select {
	case t.spans <- span:
	default:
	}
}

// route keeps what strangers ask for out of spans' names.
func route(path string) string {
	if paths[path] {
		return path
	}
	return "/"
}

func nanos(at time.Time) string { return strconv.FormatInt(at.UnixNano(), 10) }

func attribute(key string, value any) any {
	if number, ok := value.(int); ok {
		return map[string]any{"key": key, "value": map[string]any{"intValue": strconv.Itoa(number)}}
	}
	return map[string]any{"key": key, "value": map[string]any{"stringValue": value}}
}

func (t *tracer) run() {
	defer close(t.done)
	tick := time.NewTicker(spanEvery)
	defer tick.Stop()
	for stopping := false; !stopping; {
		select {
		case <-tick.C:
		case <-t.stop:
			stopping = true
		}
		for len(t.spans) > 0 {
			t.report(t.send(t.batch()))
		}
	}
}

// batch takes some of the spans that wait.
func (t *tracer) batch() []any {
	taken := make([]any, 0, spanBatch)
	for len(taken) < spanBatch {
		select {
		case span := <-t.spans:
			taken = append(taken, span)
		default:
			return taken
		}
	}
	return taken
}

func (t *tracer) send(batch []any) error {
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": []any{attribute("service.name", "gate")}},
		"scopeSpans": []any{map[string]any{"spans": batch}},
	}}})
	if err != nil {
		return err
	}
	response, err := t.client.Post(t.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the collector answers %s", response.Status)
	}
	return nil
}

// report says when spans begin to be lost, and when they no longer are; not each time.
func (t *tracer) report(err error) {
	if failed := err != nil; failed != t.failed {
		t.failed = failed
		slog.Warn("spans", "lost", failed, "error", fmt.Sprint(err))
	}
}
