package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const reread = time.Second

// keyFile is one tenant's file in the folder of keys, as `aicc keys` writes it.
type keyFile struct {
	Keys []struct {
		Key     string     `json:"key"`
		Expires *time.Time `json:"expires"`
	} `json:"keys"`
}

type owner struct {
	tenant  string
	expires *time.Time
}

// keyring finds the tenant of a key. It keeps digests only, so that a dump of memory shows no key,
// and finding one takes no time that depends on how much of a key was guessed.
type keyring struct {
	folder string
	owners atomic.Pointer[map[[sha256.Size]byte]owner]
}

func openKeys(folder string) (*keyring, error) {
	keys := &keyring{folder: folder}
	return keys, keys.load()
}

func (keys *keyring) load() error {
	found := map[[sha256.Size]byte]owner{}
	entries, err := os.ReadDir(keys.folder)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, entry := range entries {
		tenant, isKeys := strings.CutSuffix(entry.Name(), ".json")
		if !isKeys {
			continue
		}
		text, err := os.ReadFile(filepath.Join(keys.folder, entry.Name()))
		if err != nil {
			return err
		}
		var file keyFile
		if err := json.Unmarshal(text, &file); err != nil {
			// The error's text could hold part of a key.
			slog.Error("a tenant's keys cannot be read; the tenant has none", "tenant", tenant)
			continue
		}
		for _, one := range file.Keys {
			if one.Key != "" {
				found[sha256.Sum256([]byte(one.Key))] = owner{tenant, one.Expires}
			}
		}
	}
	keys.owners.Store(&found)
	return nil
}

// follow rereads the folder until told to stop: a mounted Secret changes without a signal.
func (keys *keyring) follow(stop context.Context) {
	ticker := time.NewTicker(reread)
	defer ticker.Stop()
	for {
		select {
		case <-stop.Done():
			return
		case <-ticker.C:
			if err := keys.load(); err != nil {
				slog.Error("keys stay as they were", "error", err)
			}
		}
	}
}

// tenant returns whose key it is; "" for nobody's.
func (keys *keyring) tenant(authorization string) string {
	scheme, key, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	found, known := (*keys.owners.Load())[sha256.Sum256([]byte(strings.TrimSpace(key)))]
	if !known || found.expires != nil && time.Now().After(*found.expires) {
		return ""
	}
	return found.tenant
}

// certificates serves the certificate of a folder, reread when it changes.
type certificates struct {
	folder string
	text   []byte
	loaded atomic.Pointer[tls.Certificate]
}

func openCertificates(folder string) (*certificates, error) {
	held := &certificates{folder: folder}
	if err := held.load(); err != nil {
		return nil, err
	}
	go func() {
		for range time.Tick(reread) {
			if err := held.load(); err != nil {
				slog.Error("the certificate stays as it was", "error", err)
			}
		}
	}()
	return held, nil
}

func (held *certificates) load() error {
	certificate, err := os.ReadFile(filepath.Join(held.folder, "tls.crt"))
	if err != nil || bytes.Equal(certificate, held.text) {
		return err
	}
	key, err := os.ReadFile(filepath.Join(held.folder, "tls.key"))
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	held.text = certificate
	held.loaded.Store(&pair)
	return nil
}

func (held *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return held.loaded.Load(), nil
}
