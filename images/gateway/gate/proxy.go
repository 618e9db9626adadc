package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const holdStep = 100 * time.Millisecond

// recorder remembers an answer's status and first byte.
type recorder struct {
	http.ResponseWriter
	call   *call
	status int
}

func (r *recorder) WriteHeader(status int) {
	if status >= 200 && r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(text []byte) (int, error) {
	if r.call.firstByte.IsZero() && r.status == 200 && !r.call.quiet {
		r.call.firstByte = time.Now()
	}
	return r.ResponseWriter.Write(text)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// buffers lends the proxy's copy buffers, so that not every stream has one of its own.
type buffers struct{ sync.Pool }

func (b *buffers) Get() []byte     { return b.Pool.Get().([]byte) }
func (b *buffers) Put(text []byte) { b.Pool.Put(text) } //nolint:staticcheck

func (g *gate) newProxy() *httputil.ReverseProxy {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DisableCompression = true
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1024
	return &httputil.ReverseProxy{
		Rewrite:        g.rewrite,
		Transport:      &holding{next: transport, gate: g},
		ModifyResponse: g.modify,
		BufferPool:     &buffers{sync.Pool{New: func() any { return make([]byte, 32*1024) }}},
		ErrorHandler: func(writer http.ResponseWriter, request *http.Request, _ error) {
			if request.Context().Err() != nil { // nobody is there to read it
				writer.WriteHeader(499)
				return
			}
			refuse(writer, 503, "router_unavailable", "The router does not answer.", retryAfter)
		},
	}
}

// rewrite makes the router's request: the client's key stays here, and the tenant's class is ours to say.
func (g *gate) rewrite(r *httputil.ProxyRequest) {
	c := callOf(r.In)
	r.SetURL(g.models[c.model])
	for name := range r.Out.Header {
		if strings.HasPrefix(name, "X-Smg-") || strings.HasPrefix(name, "X-Tenant-") {
			r.Out.Header.Del(name)
		}
	}
	for _, name := range []string{"Authorization", "Accept-Encoding", "Cookie", "Expect"} {
		r.Out.Header.Del(name)
	}
	r.Out.Header.Set("Content-Type", "application/json")
	r.Out.Header.Set("X-Request-Id", c.id)
	r.Out.Header.Set("Traceparent", c.place.header())
	r.Out.Header.Set("X-Smg-Priority", g.config.Tenants[c.tenant].Priority)
	r.Out.Body = io.NopCloser(bytes.NewReader(c.body))
	r.Out.ContentLength = int64(len(c.body))
}

// modify makes the router's answer ours: statuses that say what a client should do, no addresses of engines.
func (g *gate) modify(response *http.Response) error {
	c := callOf(response.Request)
	code := response.Header.Get("X-Smg-Error-Code")
	for name := range response.Header {
		if strings.HasPrefix(name, "X-Smg-") {
			response.Header.Del(name)
		}
	}
	response.Header.Del("X-Request-Id") // set already
	if status, ours, message := translated(response.StatusCode, code, c.model); status != 0 {
		replace(response, status, errorBody(status, ours, message))
		response.Header.Set("Retry-After", seconds(retryAfter))
		return nil
	}
	if c.stream && response.StatusCode == 200 {
		response.Body = newEvents(response.Body, c)
		response.ContentLength = -1
		response.Header.Del("Content-Length")
		return nil
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		replace(response, 502, errorBody(502, "engine_stopped", stopped))
		return nil
	}
	c.usage = usageIn(text)
	restore(response, text)
	return nil
}

// translated is what an answer of the router's own becomes; 0: it stays as it is.
func translated(status int, code, model string) (int, string, string) {
	switch {
	case unavailable(status, code):
		return 503, "model_unavailable", fmt.Sprintf("No replica of %s is ready.", model)
	case code == "scheduler_preempted":
		return 503, code, "The request gave way to one of a higher class."
	case code != "" && (status == 429 || status == 408 || status == 503):
		return 503, "overloaded", "The queue is full, or waiting in it took too long."
	case strings.HasPrefix(code, "call_upstream") || status == 502 || status == 504:
		return 502, "engine_stopped", stopped
	}
	return 0, "", ""
}

// unavailable says whether a declared model has no replica that could answer.
func unavailable(status int, code string) bool {
	switch code {
	case "model_not_found", "no_models_available", "no_available_workers", "call_upstream_connection_failed":
		return true
	}
	return status == 503 && code == ""
}

func replace(response *http.Response, status int, body any) {
	_ = response.Body.Close()
	text, _ := json.Marshal(body)
	response.StatusCode, response.Status = status, ""
	response.Header.Set("Content-Type", "application/json")
	restore(response, text)
}

func restore(response *http.Response, text []byte) {
	response.Body = io.NopCloser(bytes.NewReader(text))
	response.ContentLength = int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
}

// holding keeps a request whose model has no replica ready, for a while and not too many at once: a replica that is being
// replaced or woken up then answers it.
type holding struct {
	next http.RoundTripper
	gate *gate
	held atomic.Int64
}

func (h *holding) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := h.next.RoundTrip(request)
	if err != nil || !unavailable(response.StatusCode, response.Header.Get("X-Smg-Error-Code")) {
		return response, err
	}
	c, config := callOf(request), h.gate.config
	if h.held.Add(1) > int64(config.HoldQueue) {
		h.held.Add(-1)
		return response, nil
	}
	defer h.held.Add(-1)
	h.gate.metrics.holds(c.model, 1)
	defer h.gate.metrics.holds(c.model, -1)
	begun := time.Now()
	defer func() { c.held = time.Since(begun) }()
	end := begun.Add(config.hold(c.model))
	for time.Now().Before(end) {
		select {
		case <-request.Context().Done():
			_ = response.Body.Close()
			return nil, request.Context().Err()
		case <-time.After(holdStep):
		}
		again := request.Clone(request.Context())
		again.Body = io.NopCloser(bytes.NewReader(c.body))
		_ = response.Body.Close()
		response, err = h.next.RoundTrip(again)
		if err != nil || !unavailable(response.StatusCode, response.Header.Get("X-Smg-Error-Code")) {
			return response, err
		}
	}
	return response, nil
}

func requestID(request *http.Request) string {
	if given := request.Header.Get("X-Request-Id"); len(given) > 0 && len(given) <= 128 && visible(given) {
		return given
	}
	return "req-" + rand.Text()
}

func visible(text string) bool {
	for _, letter := range text {
		if letter <= ' ' || letter > '~' {
			return false
		}
	}
	return true
}
