package api

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/boxoffice/boxoffice"
)

// limiters are those of a server. They are kept in memory: each process counts for itself, and forgets when it ends.
type limiters struct {
	requestsByAddress, requestsByUser                *limiter
	loginsByAddress, loginsByAccount, loginsByPair   *limiter
	signUpsByAddress, mailsByAddress, mailsByAccount *limiter
	codesByUser, postersByUser                       *limiter
}

func newLimiters(l Limits) limiters {
	return limiters{
		requestsByAddress: newLimiter(l.PerAddress), requestsByUser: newLimiter(l.PerUser),
		loginsByAddress: newLimiter(l.LoginPerAddress), loginsByAccount: newLimiter(l.LoginPerAccount),
		loginsByPair:     newLimiter(l.LoginPerPair),
		signUpsByAddress: newLimiter(l.SignUpPerAddress),
		mailsByAddress:   newLimiter(l.MailPerAddress), mailsByAccount: newLimiter(l.MailPerAccount),
		codesByUser: newLimiter(l.CodesPerUser), postersByUser: newLimiter(l.PosterPerUser),
	}
}

func (l limiters) close() {
	for _, each := range []*limiter{
		l.requestsByAddress, l.requestsByUser, l.loginsByAddress, l.loginsByAccount, l.loginsByPair, l.signUpsByAddress,
		l.mailsByAddress, l.mailsByAccount, l.codesByUser, l.postersByUser,
	} {
		each.close()
	}
}

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

// takeByAddress is take for the address of a client, unless it is one of Options.Unlimited. CodeRateLimited.
func (s *Server) takeByAddress(c *gin.Context, l *limiter) error {
	if s.isUnlimited(c) {
		return nil
	}
	return l.take(clientAddress(c))
}

// isUnlimited reports whether the client's address is one of Options.Unlimited.
func (s *Server) isUnlimited(c *gin.Context) bool {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(s.unlimited, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// takeLogin lets a password be tried. An account has an allowance, wherever its passwords are tried from. Beyond it, each
// address has a try of its own now and then: who guesses from many places is slowed down, and the owner, who needs one
// try, is not locked out by it. succeeded is to be called after the right password. CodeRateLimited.
func (s *Server) takeLogin(c *gin.Context, account string) (succeeded func(), err error) {
	if err := s.takeByAddress(c, s.limits.loginsByAddress); err != nil {
		return nil, err
	}
	if s.limits.loginsByAccount.take(account) == nil {
		return func() { s.limits.loginsByAccount.forget(account) }, nil
	}
	pair := account + " " + clientAddress(c)
	// The account's allowance stays used up: it is somebody else who uses it.
	return func() { s.limits.loginsByPair.forget(pair) }, s.limits.loginsByPair.take(pair)
}

// parsePrefixes reads addresses and CIDRs.
func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		if addr, err := netip.ParseAddr(text); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a CIDR", text)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
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
