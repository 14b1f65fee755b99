package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"github.com/boxoffice/boxoffice/internal/buyer"
)

// SignUp makes buyers at a running system, over HTTP as everybody does, and gives their sessions. It takes what a password
// costs there: 80 ms of processor time each. The system must not limit sign-ups and logins of this address.
func SignUp(ctx context.Context, url string, buyers int) ([]string, error) {
	tokens := make([]string, buyers)
	for i := range tokens {
		b := buyer.New(url, http.DefaultTransport)
		if err := b.SignUp(ctx, "bench-"+strings.ToLower(rand.Text()[:16]), "orchestra-"+rand.Text(), ""); err != nil {
			return nil, fmt.Errorf("sign up buyer %d of %d: %w", i+1, buyers, err)
		}
		tokens[i] = b.Token()
	}
	return tokens, nil
}

// LargestEvent finds, among the first that are on, the event with the most free seats.
func LargestEvent(ctx context.Context, url, token string) (string, error) {
	b := buyer.New(url, http.DefaultTransport)
	b.Resume(token)
	events, err := b.Events(ctx)
	if err != nil {
		return "", err
	}
	var largest buyer.Event
	for _, e := range events {
		if e.Available > largest.Available {
			largest = e
		}
	}
	if largest.ID == "" {
		return "", fmt.Errorf("none of the first %d events has a free seat", len(events))
	}
	return largest.ID, nil
}
