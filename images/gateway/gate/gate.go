package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// paths that clients may post to; whatever else the router serves, such as adding workers, is not theirs.
var paths = map[string]bool{
	"/v1/chat/completions": true,
	"/v1/completions":      true,
	"/v1/embeddings":       true,
	"/v1/rerank":           true,
	responses:              true,
}

const (
	bodyTimeout   = 60 * time.Second
	bytesPerToken = 4
	retryAfter    = 5 * time.Second
)

// gate admits requests and hands them to a router.
type gate struct {
	config  Config
	keys    *keyring
	budgets map[string]*budget
	models  map[string]*url.URL // the router of each
	routers []*url.URL
	proxy   *httputil.ReverseProxy
	metrics *metrics
	tracer  *tracer
}

// newGate takes the routers' addresses: that of all models, and that of split ones, which may be empty where there are none.
func newGate(config Config, keys *keyring, upstream, splitUpstream string, spans *tracer) (*gate, error) {
	router, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	g := &gate{config: config, keys: keys, metrics: newMetrics(config.Models), tracer: spans}
	g.budgets, g.models, g.routers = map[string]*budget{}, map[string]*url.URL{}, []*url.URL{router}
	for name, tenant := range config.Tenants {
		g.budgets[name] = newBudget(tenant, config.Replicas, time.Now())
	}
	for _, model := range config.Models {
		g.models[model] = router
	}
	if len(config.SplitModels) > 0 {
		split, err := url.Parse(splitUpstream)
		if err != nil || splitUpstream == "" {
			return nil, fmt.Errorf("models %v are split, and --split-upstream is no router: %q", config.SplitModels, splitUpstream)
		}
		g.routers = append(g.routers, split)
		for _, model := range config.SplitModels {
			g.models[model] = split
		}
	}
	g.proxy = g.newProxy()
	return g, nil
}

// call is one request on its way.
type call struct {
	id, tenant, model string
	body              []byte
	stream, usageOwn  bool // usageOwn: the gate asked for the usage of a stream, so the client does not see it
	responses         bool // of that path
	quiet             bool // the stream has begun, and says nothing of its answer yet
	reserved          float64
	started           time.Time
	firstByte         time.Time
	held              time.Duration // for want of a ready replica
	usage             usage
	place             place
}

type callKey struct{}

func callOf(request *http.Request) *call { return request.Context().Value(callKey{}).(*call) }

func (g *gate) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	c := &call{id: requestID(request), started: time.Now(), place: placeOf(request)}
	recorded := &recorder{ResponseWriter: writer, call: c}
	recorded.Header().Set("X-Request-Id", c.id)
	defer func() {
		// The client has its answer before the log is written: it may be slow, and a full pipe stops it.
		_ = http.NewResponseController(writer).Flush()
		g.finished(request, recorded, c)
	}()

	c.tenant = g.keys.tenant(request.Header.Get("Authorization"))
	budget, known := g.budgets[c.tenant]
	if !known {
		refuse(recorded, 401, "invalid_api_key", "A valid API key is needed: Authorization: Bearer <key>.", 0)
		return
	}
	if request.Method == http.MethodGet && g.serveModels(recorded, request.URL.Path) {
		return
	}
	if request.Method != http.MethodPost || !paths[request.URL.Path] {
		refuse(recorded, 404, "not_found", fmt.Sprintf("%s %s is not served here.", request.Method, request.URL.Path), 0)
		return
	}
	if !g.read(recorded, request, c) {
		return
	}
	c.reserved = float64(len(c.body)) / bytesPerToken
	if refused := budget.take(c.reserved, time.Now()); refused != nil {
		g.metrics.limited(c.tenant, refused.reason)
		message := fmt.Sprintf("Tenant %s has reached its limit of %s.", c.tenant, refused.reason)
		refuse(recorded, 429, "rate_limit_exceeded", message, refused.wait)
		return
	}
	defer func() { budget.give(c.reserved, c.used()) }()
	g.metrics.started(c.model)
	defer g.metrics.ended(c.model)
	g.proxy.ServeHTTP(recorded, request.WithContext(context.WithValue(request.Context(), callKey{}, c)))
}

// used is what the engine said it used; what was reserved, where it said nothing.
func (c *call) used() float64 {
	if said := c.usage.Prompt + c.usage.Completion; said > 0 {
		return float64(said)
	}
	if c.firstByte.IsZero() {
		return 0
	}
	return c.reserved
}

// read takes in the body and finds the model, or refuses.
func (g *gate) read(writer http.ResponseWriter, request *http.Request, c *call) bool {
	tooLarge := func() bool {
		// The rest of the body is not read, so the connection cannot go on.
		writer.Header().Set("Connection", "close")
		refuse(writer, 413, "request_too_large", fmt.Sprintf("The body is larger than %d bytes.", g.config.MaxBodyBytes), 0)
		return false
	}
	if request.ContentLength > g.config.MaxBodyBytes {
		return tooLarge()
	}
	control := http.NewResponseController(writer)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, g.config.MaxBodyBytes))
	_ = control.SetReadDeadline(time.Time{})
	if err != nil {
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			return tooLarge()
		}
		refuse(writer, 400, "invalid_body", "The body could not be read.", 0)
		return false
	}
	var asked struct {
		Model  string          `json:"model"`
		Stream bool            `json:"stream"`
		Option json.RawMessage `json:"stream_options"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		refuse(writer, 400, "invalid_json", "The body is not a JSON object with a model: "+err.Error(), 0)
		return false
	}
	if asked.Model == "" {
		refuse(writer, 400, "missing_model", "The body names no model.", 0)
		return false
	}
	if g.models[asked.Model] == nil {
		refuse(writer, 404, "model_not_found", fmt.Sprintf("The model %q does not exist.", asked.Model), 0)
		return false
	}
	c.model, c.stream, c.body = asked.Model, asked.Stream, body
	if c.responses = request.URL.Path == responses; c.responses {
		return admitStateless(writer, c)
	}
	if c.stream && !bytes.Contains(asked.Option, []byte("include_usage")) {
		c.body, c.usageOwn = withUsage(body)
	}
	return true
}

// withUsage asks for the usage of a stream, which engines leave out otherwise.
func withUsage(body []byte) ([]byte, bool) {
	var whole map[string]json.RawMessage
	options := map[string]json.RawMessage{}
	if json.Unmarshal(body, &whole) != nil {
		return body, false
	}
	if given, ok := whole["stream_options"]; ok && json.Unmarshal(given, &options) != nil {
		return body, false
	}
	if options == nil { // "stream_options": null
		options = map[string]json.RawMessage{}
	}
	options["include_usage"] = json.RawMessage("true")
	whole["stream_options"], _ = json.Marshal(options)
	changed, err := json.Marshal(whole)
	return changed, err == nil
}

// serveModels answers for every declared model, whether a replica runs or not: a client may wake it up.
func (g *gate) serveModels(writer http.ResponseWriter, path string) bool {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int    `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	of := func(name string) model { return model{name, "model", 0, g.config.Center} }
	if path == "/v1/models" {
		all := make([]model, 0, len(g.config.Models))
		for _, name := range g.config.Models {
			all = append(all, of(name))
		}
		answer(writer, 200, map[string]any{"object": "list", "data": all})
		return true
	}
	name, isModel := strings.CutPrefix(path, "/v1/models/")
	switch {
	case !isModel:
		return false
	case g.models[name] != nil:
		answer(writer, 200, of(name))
	default:
		refuse(writer, 404, "model_not_found", fmt.Sprintf("The model %q does not exist.", name), 0)
	}
	return true
}

func answer(writer http.ResponseWriter, status int, what any) {
	text, _ := json.Marshal(what)
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(text)))
	writer.WriteHeader(status)
	_, _ = writer.Write(text)
}

func refuse(writer http.ResponseWriter, status int, code, message string, wait time.Duration) {
	if wait > 0 {
		writer.Header().Set("Retry-After", seconds(wait))
	}
	answer(writer, status, errorBody(status, code, message))
}

func errorBody(status int, code, message string) map[string]any {
	kind := "invalid_request_error"
	switch {
	case status == 401:
		kind = "authentication_error"
	case status == 429:
		kind = "rate_limit_error"
	case status >= 500:
		kind = "server_error"
	}
	return map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}}
}

func seconds(wait time.Duration) string { return strconv.Itoa(int(math.Ceil(wait.Seconds()))) }

// finished counts the request and writes the access log: who, what, how long; never what was said.
func (g *gate) finished(request *http.Request, writer *recorder, c *call) {
	took := time.Since(c.started)
	g.metrics.request(c, writer.status, took)
	g.tracer.ended(request, writer.status, c)
	slog.Info("request", "id", c.id, "trace", c.place.trace, "tenant", c.tenant, "model", c.model, "method", request.Method,
		"path", request.URL.Path, "status", writer.status, "seconds", math.Round(took.Seconds()*1e4)/1e4,
		"prompt_tokens", c.usage.Prompt, "completion_tokens", c.usage.Completion, "cut", request.Context().Err() != nil)
}
