package api

import (
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice"
)

// maxBuckets bounds the memory of a limiter: about 20 MB. Beyond it the keys that come least often are forgotten.
const maxBuckets = 100_000

// limiter bounds how often each key may pass, in this process: with n copies a client gets n times as much. A nil
// limiter lets all pass.
type limiter struct {
	rate    Rate
	buckets *otter.Cache[string, *rate.Limiter]
}

func newLimiter(r Rate) *limiter {
	if r.Requests < 0 {
		return nil
	}
	return &limiter{rate: r, buckets: otter.Must(&otter.Options[string, *rate.Limiter]{
		MaximumSize: maxBuckets,
		// A bucket that nobody asked for such a time is full again.
		ExpiryCalculator: otter.ExpiryAccessing[string, *rate.Limiter](r.Per),
	})}
}

// take lets one request of the key pass, or is CodeRateLimited with the time until the next one may.
func (l *limiter) take(key string) error {
	if l == nil {
		return nil
	}
	bucket, ok := l.buckets.GetIfPresent(key)
	if !ok {
		every := l.rate.Per / time.Duration(l.rate.Requests)
		bucket, _ = l.buckets.SetIfAbsent(key, rate.NewLimiter(rate.Every(every), l.rate.Requests))
	}
	reservation := bucket.Reserve()
	wait := reservation.Delay()
	if wait == 0 {
		return nil
	}
	reservation.Cancel()
	refusal := boxoffice.Errorf(boxoffice.CodeRateLimited, "There were too many requests. Please wait a while.")
	refusal.RetryAfter = wait
	return refusal
}

// forget gives the key its full allowance back.
func (l *limiter) forget(key string) {
	if l != nil {
		l.buckets.Invalidate(key)
	}
}

func (l *limiter) close() {
	if l != nil {
		l.buckets.StopAllGoroutines()
	}
}

// clientAddress is what limits count clients by: an IPv4 address, or the /64 of an IPv6 one, since its holder has them all.
func clientAddress(c *gin.Context) string {
	text := c.ClientIP()
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return text
	}
	return prefix.String()
}
