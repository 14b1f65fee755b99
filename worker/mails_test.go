package worker

import (
	"context"
	"log/slog"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

// unsent is a store with mails that are due, and workflows that may not be started.
type unsent struct {
	boxoffice.AccountMailStore
	refs    []boxoffice.AccountMailRef
	err     error
	away    map[string]bool
	started []string
}

func (u *unsent) ClaimAccountMails(_ context.Context, limit int) ([]boxoffice.AccountMailRef, error) {
	return u.refs[:min(limit, len(u.refs))], u.err
}

func (u *unsent) StartMail(_ context.Context, ref boxoffice.AccountMailRef) error {
	u.started = append(u.started, ref.MailID)
	if u.away[ref.MailID] {
		return boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
	}
	return nil
}

func TestSweepMails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		away []string
		want []string
	}{
		"starts every mail that is due":              {nil, nil, []string{"m1", "m2", "m3", "m4", "m5"}},
		"goes on behind one that cannot be started":  {nil, []string{"m1"}, []string{"m1", "m2", "m3", "m4", "m5"}},
		"believes after some that Temporal is away":  {nil, []string{"m1", "m2", "m3"}, []string{"m1", "m2", "m3"}},
		"starts none when the store does not answer": {boxoffice.Errorf(boxoffice.CodeUnavailable, "away"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := &unsent{err: test.err, away: map[string]bool{}}
			for _, id := range []string{"m1", "m2", "m3", "m4", "m5"} {
				u.refs = append(u.refs, boxoffice.AccountMailRef{MailID: id, Kind: boxoffice.MailReset})
			}
			for _, id := range test.away {
				u.away[id] = true
			}
			o := Options{Accounts: &activities.Accounts{Mails: u}, Mailer: u, Logger: slog.New(slog.DiscardHandler)}.withDefaults()
			o.sweepMails(t.Context())
			require.Equal(t, test.want, u.started)
		})
	}
}
