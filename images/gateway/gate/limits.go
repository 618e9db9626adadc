package main

import (
	"math"
	"sync"
	"time"
)

// bucket holds at most a minute's worth and fills evenly; a level below 0 is a debt that is paid before anything else.
type bucket struct {
	perMinute float64
	level     float64
	at        time.Time
}

func newBucket(perMinute float64, now time.Time) bucket {
	return bucket{perMinute, perMinute, now}
}

func (b *bucket) fill(now time.Time) {
	b.level = math.Min(b.perMinute, b.level+b.perMinute*now.Sub(b.at).Minutes())
	b.at = now
}

// wait returns how long it takes until the bucket holds an amount; 0: it does.
func (b *bucket) wait(amount float64) time.Duration {
	if b.perMinute == 0 || b.level >= amount {
		return 0
	}
	return time.Duration((amount - b.level) / b.perMinute * float64(time.Minute))
}

// budget is what one tenant may still use on this replica of the gateway.
type budget struct {
	mutex       sync.Mutex
	requests    bucket
	tokens      bucket
	concurrency int
	running     int
}

func newBudget(tenant Tenant, replicas int, now time.Time) *budget {
	share := float64(replicas)
	return &budget{
		requests: newBucket(math.Max(float64(tenant.RequestsPerMinute)/share, floor(tenant.RequestsPerMinute)), now),
		tokens:   newBucket(math.Max(float64(tenant.TokensPerMinute)/share, floor(tenant.TokensPerMinute)), now),
		// Rounded up: a tenant must get through whichever replica it reaches.
		concurrency: (tenant.Concurrency + replicas - 1) / replicas,
	}
}

// floor is the least that a bucket of a limited tenant holds: less than one request would let none through, ever.
func floor(limit int) float64 {
	return math.Min(float64(limit), 1)
}

// refusal says what a tenant has used up, and when there is room again.
type refusal struct {
	reason string
	wait   time.Duration
}

// take admits a request whose prompt is about so many tokens, or says why not. What is taken is settled by give.
func (b *budget) take(tokens float64, now time.Time) *refusal {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.requests.fill(now)
	b.tokens.fill(now)
	if b.concurrency > 0 && b.running >= b.concurrency {
		return &refusal{"concurrency", time.Second}
	}
	if wait := b.requests.wait(1); wait > 0 {
		return &refusal{"requests", wait}
	}
	// A prompt larger than the whole bucket is let through once the bucket is full, and leaves a debt.
	if wait := b.tokens.wait(math.Min(tokens, b.tokens.perMinute)); wait > 0 {
		return &refusal{"tokens", wait}
	}
	b.running++
	b.requests.level--
	b.tokens.level -= tokens
	return nil
}

// give ends a request: what it really used takes the place of what was reserved for it.
func (b *budget) give(reserved, used float64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.running--
	b.tokens.level -= used - reserved
}
