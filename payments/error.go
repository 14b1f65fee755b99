package payments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
)

// How long to stay away when Stripe is busy and does not say how long itself.
const (
	whenLimited  = 2 * time.Second // 429: rate limit, or a lock on the object
	whenKeyInUse = time.Second     // 409: the first call under the key is still running
	longestWait  = time.Minute     // whatever Stripe says
)

// failure is a call that brought nothing. It keeps of Stripe's answer what is neither secret nor personal.
type failure struct {
	op        string
	status    int // 0: no answer, or none that is Stripe's
	kind      stripe.ErrorType
	code      stripe.ErrorCode
	param     string
	requestID string
	replayed  bool // the answer is the stored one of an earlier call under the same key
	wait      time.Duration
	cause     error // what went wrong on the way, where there was no answer
}

// fail reads the error of a stripe-go call. Its own text is not kept: it is Stripe's whole answer.
func fail(op string, err error) *failure {
	f := &failure{op: op}
	said, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		f.cause = onTheWay(err)
		return f
	}
	f.status, f.kind, f.code, f.param, f.requestID = said.HTTPStatusCode, said.Type, said.Code, said.Param, said.RequestID
	var header http.Header
	if said.LastResponse != nil {
		header = said.LastResponse.Header
	}
	f.replayed = strings.EqualFold(header.Get("Idempotent-Replayed"), "true")
	f.wait = f.pause(header.Get("Retry-After"))
	return f
}

// onTheWay keeps errors of the network and of the context. Others quote the body that could not be read.
func onTheWay(err error) error {
	_, network := errors.AsType[net.Error](err) // also *url.Error
	if network || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errUnreadable
}

var errUnreadable = errors.New("the answer cannot be read")

func (f *failure) pause(header string) time.Duration {
	if !f.busy() {
		return 0
	}
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	if f.status == http.StatusConflict {
		return whenKeyInUse
	}
	return whenLimited
}

// Error is for logs.
func (f *failure) Error() string {
	if f.status == 0 {
		return fmt.Sprintf("stripe: %s: %v", f.op, f.cause)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "stripe: %s: status %d", f.op, f.status)
	for _, part := range []struct{ name, value string }{
		{"type", string(f.kind)}, {"code", string(f.code)}, {"param", f.param}, {"request", f.requestID},
	} {
		if part.value != "" {
			fmt.Fprintf(&text, ", %s %s", part.name, part.value)
		}
	}
	if f.replayed {
		text.WriteString(", replayed")
	}
	return text.String()
}

func (f *failure) Unwrap() error { return f.cause }

// busy: Stripe did not look at the request and says to come back.
func (f *failure) busy() bool {
	return f.status == http.StatusTooManyRequests || f.status == http.StatusConflict || f.code == stripe.ErrorCodeLockTimeout ||
		f.code == stripe.ErrorCodeRateLimit || f.code == stripe.ErrorCodeIdempotencyKeyInUse
}

// unauthorized: the key is wrong, revoked, or not allowed to do this. That says nothing of the thing that was asked for.
func (f *failure) unauthorized() bool {
	return f.status == http.StatusUnauthorized || f.status == http.StatusForbidden
}

// refused: Stripe looked at the request and said no.
func (f *failure) refused() bool {
	return f.status >= 400 && f.status < 500 && f.status != http.StatusRequestTimeout && !f.busy()
}

// stored500: a call under this key broke within Stripe, and its answer is kept for a day: whatever it did or did not do,
// this key will not tell.
func (f *failure) stored500() bool { return f.replayed && f.status >= 500 }

// short: our balance at Stripe does not suffice.
func (f *failure) short() bool { return f.code == stripe.ErrorCodeBalanceInsufficient }

// keyMismatch: the key was used before, with other parameters.
func (f *failure) keyMismatch() bool { return f.kind == stripe.ErrorTypeIdempotency && f.refused() }

// disputed: the buyer's bank has the money until it decides.
func (f *failure) disputed() bool {
	return f.code == stripe.ErrorCodeChargeDisputed || f.code == stripe.ErrorCodeRefundDisputedPayment
}

func (f *failure) missing() bool {
	return f.status == http.StatusNotFound && f.code == stripe.ErrorCodeResourceMissing
}

// unknown gives the error of an answer that nobody knows. A refused key is told to the log as well: nothing else that is
// unknown needs a person.
func (c *Client) unknown(f *failure) *boxoffice.Error {
	if f.unauthorized() {
		c.log.Error("the payment provider refuses our key", "error", f)
	}
	err := boxoffice.WrapError(boxoffice.CodeProviderUnknown, f, "The payment provider gave no clear answer. Please try again.")
	err.RetryAfter = f.wait
	return err
}

func declined(cause error, message string) *boxoffice.Error {
	return boxoffice.WrapError(boxoffice.CodeProviderDeclined, cause, message)
}
