// Gate is the gateway's front: it knows tenants' keys and limits, and hands what it lets through to the router (SMG).
//
// It exists because SMG enforces tenants' limits for gRPC engines only, takes keys on its command line only, and shows
// engines' addresses to clients (docs/adr/2026-11-24-gateway.md). It holds no prompt longer than its request runs, and
// logs none.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	listen, listenTLS, admin, upstream, splitUpstream, config, keys, tls, spans string
	drain, grace                                                                time.Duration
}

func main() {
	var given options
	flag.StringVar(&given.listen, "listen", "127.0.0.1:8080", "address that clients are served on")
	flag.StringVar(&given.listenTLS, "listen-tls", "", "address that clients are served on by HTTPS; needs --tls")
	flag.StringVar(&given.admin, "admin", "127.0.0.1:9090", "address of /metrics, /livez and /readyz")
	flag.StringVar(&given.upstream, "upstream", "http://127.0.0.1:8081", "the router")
	flag.StringVar(&given.splitUpstream, "split-upstream", "", "the router of models whose prefill and decode are apart")
	flag.StringVar(&given.config, "config", "", "file with models, tenants and limits")
	flag.StringVar(&given.keys, "keys", "", "folder with one file of keys a tenant; reread when it changes")
	flag.StringVar(&given.tls, "tls", "", "folder with tls.crt and tls.key; reread when they change")
	flag.StringVar(&given.spans, "spans", "", "host:port of a collector that takes OTLP over HTTP; none: no spans")
	flag.DurationVar(&given.drain, "drain", 0, "how long to go on serving, not ready, once told to stop")
	flag.DurationVar(&given.grace, "grace", 30*time.Second, "how long running requests may take to end after that")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err := run(given); err != nil {
		slog.Error("gate stopped", "error", err)
		os.Exit(1)
	}
}

func run(given options) error {
	config, err := readConfig(given.config)
	if err != nil {
		return err
	}
	keys, err := openKeys(given.keys)
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	go keys.follow(stop)

	spans := newTracer(given.spans)
	defer spans.close()
	gate, err := newGate(config, keys, given.upstream, given.splitUpstream, spans)
	if err != nil {
		return err
	}
	failed := make(chan error, 3)
	admin := &http.Server{Addr: given.admin, Handler: gate.admin(stop), ReadHeaderTimeout: 5 * time.Second}
	go func() { failed <- admin.ListenAndServe() }()

	server := &http.Server{Handler: gate, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 90 * time.Second}
	listeners, err := listen(given)
	if err != nil {
		return err
	}
	for _, listener := range listeners {
		go func() { failed <- server.Serve(listener) }()
	}
	slog.Info("serving", "address", given.listen, "tls", given.listenTLS, "models", len(config.Models))

	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	// Not ready from here on, but still serving until the Service's endpoints have followed.
	time.Sleep(given.drain)
	ending, done := context.WithTimeout(context.Background(), given.grace)
	defer done()
	if err := server.Shutdown(ending); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return nil
}

func listen(given options) ([]net.Listener, error) {
	plain, err := net.Listen("tcp", given.listen)
	if err != nil || given.listenTLS == "" {
		return []net.Listener{plain}, err
	}
	certificates, err := openCertificates(given.tls)
	if err != nil {
		return nil, err
	}
	secured, err := net.Listen("tcp", given.listenTLS)
	settings := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificates.get}
	return []net.Listener{plain, tls.NewListener(secured, settings)}, err
}
