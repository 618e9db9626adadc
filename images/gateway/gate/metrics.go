package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The metrics, in Prometheus' text format: written here because they are few, and a client library would be the only
// dependency.
//
// The buckets' edges are what objectives can be measured against: infra/config says the same.
var (
	edges      = []float64{0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120, 300}
	tokenEdges = []float64{0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1}
)

var described = [][3]string{
	{"aicc_gateway_requests_total", "counter", "Requests by tenant, model and status."},
	{"aicc_gateway_limited_total", "counter", "Requests refused because a tenant reached a limit."},
	{"aicc_gateway_tokens_total", "counter", "Tokens as engines count them; type: prompt, completion, or cached, a part of prompt."},
	{"aicc_gateway_requests_running", "gauge", "Requests that were let through and have not ended."},
	{"aicc_gateway_model_active", "gauge", "1 while a model is asked, and for 30 seconds more; else 0."},
	{"aicc_gateway_time_to_first_token_seconds", "gauge", "90th percentile of the streams of the last minute; 0: none."},
	{"aicc_gateway_requests_held", "gauge", "Requests that wait for a model without a ready replica."},
	{"aicc_gateway_request_duration_seconds", "histogram", "From a request's head to the end of its answer."},
	{"aicc_gateway_first_byte_seconds", "histogram", "From a request's head to the first byte of a streamed answer."},
	{"aicc_gateway_time_per_output_token_seconds", "histogram", "Of a streamed answer, after its first byte, by token."},
}

type histogram struct {
	edges  []float64
	counts []uint64
	sum    float64
}

// recent is what autoscaling looks at: series that are there for every declared model, asked or not.
type recent struct {
	running int
	asked   time.Time
	waits   []wait
}

type wait struct {
	at    time.Time
	first time.Duration
}

const (
	activeFor = 30 * time.Second
	waitsFor  = time.Minute
	mostWaits = 2048
)

type metrics struct {
	mutex      sync.Mutex
	models     map[string]*recent
	values     map[string]map[string]float64
	histograms map[string]map[string]*histogram
}

func newMetrics(models []string) *metrics {
	m := &metrics{
		models:     map[string]*recent{},
		values:     map[string]map[string]float64{},
		histograms: map[string]map[string]*histogram{},
	}
	for _, model := range models {
		m.models[model] = &recent{}
		m.add("aicc_gateway_requests_held", labels("model", model), 0)
	}
	return m
}

func labels(pairs ...string) string {
	parts := make([]string, 0, len(pairs)/2)
	for at := 0; at < len(pairs); at += 2 {
		parts = append(parts, pairs[at]+"="+strconv.Quote(pairs[at+1]))
	}
	return strings.Join(parts, ",")
}

func (m *metrics) add(name, at string, amount float64) {
	if m.values[name] == nil {
		m.values[name] = map[string]float64{}
	}
	m.values[name][at] += amount
}

func (m *metrics) observe(name, at string, edges []float64, value float64) {
	if m.histograms[name] == nil {
		m.histograms[name] = map[string]*histogram{}
	}
	if m.histograms[name][at] == nil {
		m.histograms[name][at] = &histogram{edges: edges, counts: make([]uint64, len(edges)+1)}
	}
	one := m.histograms[name][at]
	one.counts[sort.SearchFloat64s(edges, value)]++
	one.sum += value
}

func (m *metrics) request(c *call, status int, took time.Duration) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.add("aicc_gateway_requests_total", labels("tenant", c.tenant, "model", c.model, "code", strconv.Itoa(status)), 1)
	if c.model == "" || c.tenant == "" {
		return
	}
	whose := labels("tenant", c.tenant, "model", c.model)
	m.observe("aicc_gateway_request_duration_seconds", whose, edges, took.Seconds())
	if c.stream && !c.firstByte.IsZero() {
		first := c.firstByte.Sub(c.started)
		m.observe("aicc_gateway_first_byte_seconds", whose, edges, first.Seconds())
		if tokens := c.usage.Completion; tokens > 1 {
			each := (took - first).Seconds() / float64(tokens-1)
			m.observe("aicc_gateway_time_per_output_token_seconds", whose, tokenEdges, each)
		}
		// A replica's start says nothing of how fast replicas are: it would start as many more as it took long.
		m.models[c.model].remember(wait{time.Now(), first - c.held})
	}
	if c.usage != (usage{}) {
		m.add("aicc_gateway_tokens_total", whose+`,type="prompt"`, float64(c.usage.Prompt))
		m.add("aicc_gateway_tokens_total", whose+`,type="completion"`, float64(c.usage.Completion))
		m.add("aicc_gateway_tokens_total", whose+`,type="cached"`, float64(c.usage.Details.Cached))
	}
}

func (m *metrics) change(name, at string, amount float64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.add(name, at, amount)
}

func (m *metrics) limited(tenant, reason string) {
	m.change("aicc_gateway_limited_total", labels("tenant", tenant, "limit", reason), 1)
}

func (m *metrics) started(model string) { m.asked(model, 1) }
func (m *metrics) ended(model string)   { m.asked(model, -1) }

func (m *metrics) asked(model string, change int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.models[model].running += change
	m.models[model].asked = time.Now()
}

func (r *recent) remember(one wait) {
	r.waits = append(r.waits, one)
	if len(r.waits) > mostWaits {
		r.waits = slices.Clone(r.waits[len(r.waits)-mostWaits:])
	}
}

// slow is the 90th percentile of the last minute, in seconds.
func (r *recent) slow(now time.Time) float64 {
	r.waits = slices.DeleteFunc(r.waits, func(one wait) bool { return now.Sub(one.at) > waitsFor })
	if len(r.waits) == 0 {
		return 0
	}
	times := make([]time.Duration, 0, len(r.waits))
	for _, one := range r.waits {
		times = append(times, one.first)
	}
	slices.Sort(times)
	return times[len(times)*9/10].Seconds()
}

// follow sets the series of every declared model to what they are now.
func (m *metrics) follow(now time.Time) {
	set := func(name, model string, value float64) {
		at := labels("model", model)
		m.add(name, at, value-m.values[name][at])
	}
	for model, r := range m.models {
		active := 0.0
		if r.running > 0 || now.Sub(r.asked) < activeFor {
			active = 1
		}
		set("aicc_gateway_requests_running", model, float64(r.running))
		set("aicc_gateway_model_active", model, active)
		set("aicc_gateway_time_to_first_token_seconds", model, r.slow(now))
	}
}

func (m *metrics) holds(model string, change float64) {
	m.change("aicc_gateway_requests_held", labels("model", model), change)
}

func (m *metrics) text() []byte {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.follow(time.Now())
	var out bytes.Buffer
	for _, one := range described {
		name := one[0]
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", name, one[2], name, one[1])
		for _, at := range sorted(m.values[name]) {
			fmt.Fprintf(&out, "%s{%s} %v\n", name, at, m.values[name][at])
		}
		for _, at := range sorted(m.histograms[name]) {
			m.histograms[name][at].write(&out, name, at)
		}
	}
	return out.Bytes()
}

func (h *histogram) write(out *bytes.Buffer, name, at string) {
	var total uint64
	for index, count := range h.counts {
		total += count
		edge := "+Inf"
		if index < len(h.edges) {
			edge = strconv.FormatFloat(h.edges[index], 'g', -1, 64)
		}
		fmt.Fprintf(out, "%s_bucket{%s,le=%q} %d\n", name, at, edge, total)
	}
	fmt.Fprintf(out, "%s_sum{%s} %v\n%s_count{%s} %d\n", name, at, h.sum, name, at, total)
}

func sorted[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// admin serves the metrics and the pod's probes: alive while it runs; ready while each router answers and nobody said stop.
func (g *gate) admin(stop context.Context) http.Handler {
	client := &http.Client{Timeout: 2 * time.Second}
	answers := func(router *url.URL) bool {
		response, err := client.Get(router.JoinPath("/liveness").String())
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == 200
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = writer.Write(g.metrics.text())
	})
	mux.HandleFunc("/livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/readyz", func(writer http.ResponseWriter, _ *http.Request) {
		for _, router := range g.routers {
			if stop.Err() != nil || !answers(router) {
				writer.WriteHeader(503)
				return
			}
		}
	})
	return mux
}
