package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Config is what the centre's program says of the gateway; a change restarts the pod.
type Config struct {
	Center string `json:"center"`
	// Models that the centre declares, running or not.
	Models []string `json:"models"`
	// SplitModels are those of them whose prefill and decode are apart; a router of their own serves them.
	SplitModels []string          `json:"splitModels"`
	Tenants     map[string]Tenant `json:"tenants"`
	// Replicas of the gateway, among which every limit is divided.
	Replicas     int   `json:"replicas"`
	MaxBodyBytes int64 `json:"maxBodyBytes"`
	// HoldSeconds is how long a request for a model without a running replica waits for one, HoldQueue how many may wait.
	HoldSeconds float64 `json:"holdSeconds"`
	// HoldModels has other times for some models: those whose replicas take long to start.
	HoldModels map[string]float64 `json:"holdModels"`
	HoldQueue  int                `json:"holdQueue"`
}

// hold is how long a request for a model waits for a replica.
func (config Config) hold(model string) time.Duration {
	chosen, own := config.HoldModels[model]
	if !own {
		chosen = config.HoldSeconds
	}
	return time.Duration(chosen * float64(time.Second))
}

// Tenant is one tenant's part of the gateway; a limit of 0 is none.
type Tenant struct {
	// Priority is the router's class: interactive, default or bulk.
	Priority          string `json:"priority"`
	RequestsPerMinute int    `json:"requestsPerMinute"`
	TokensPerMinute   int    `json:"tokensPerMinute"`
	Concurrency       int    `json:"concurrency"`
}

func readConfig(path string) (Config, error) {
	config := Config{Replicas: 1}
	text, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("the configuration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	if config.Replicas < 1 || config.MaxBodyBytes < 1 {
		return config, fmt.Errorf("%s: replicas and maxBodyBytes must be 1 or more", path)
	}
	return config, nil
}
