package activities_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
)

// answers are what the store and the outside say, and calls what they were asked, in order. What is asked without an
// answer ends the test.
type answers struct {
	boxoffice.BookingStore
	boxoffice.EmailStore

	calls []string

	begin, resolve, release, look boxoffice.Situation
	attempt                       boxoffice.PaymentAttempt
	create, find, expire          sessionAnswer
	refund                        boxoffice.Refund
	refundAnswer                  boxoffice.ProviderRefund
	job                           boxoffice.EmailJob
	errs                          map[string]error

	ends     []boxoffice.AttemptEnd
	refunds  []boxoffice.ProviderRefund
	marks    []mark
	messages []boxoffice.MailMessage
	put      map[string]string
}

// outside answers for the provider, the renderer, the files and the mail server.
type outside struct {
	boxoffice.PaymentProvider
	boxoffice.TicketFiles
	*answers
}

type sessionAnswer struct {
	session boxoffice.PaymentSession
	err     error
}

type mark struct {
	err        error
	handedOver bool
}

// bench is the activities over the answers, in Temporal's test environment.
type bench struct {
	*answers
	env  *testsuite.TestActivityEnvironment
	a    *activities.Activities
	logs *bytes.Buffer
	t    *testing.T

	metrics *metrics.Metrics
}

var act = activities.Act{BookingID: "b1", Epoch: 3, PaymentID: "p1", RefundN: 1, EmailID: "m1", AttemptID: "a1", Reason: "why"}

func newBench(t *testing.T) *bench {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	counted, err := metrics.New(prometheus.NewRegistry())
	require.NoError(t, err)
	handler, err := counted.TemporalHandler(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	suite.SetMetricsHandler(handler)
	b := &bench{
		answers: &answers{errs: map[string]error{}, put: map[string]string{}}, env: suite.NewTestActivityEnvironment(), t: t, logs: &bytes.Buffer{}, metrics: counted,
	}
	o := outside{answers: b.answers}
	b.a = &activities.Activities{
		Bookings: b.answers, Emails: b.answers, Provider: o, Tickets: o, Files: o, Composer: o, Sender: o,
		Logger: slog.New(slog.NewTextHandler(b.logs, nil)),
	}
	b.env.RegisterActivity(b.a)
	return b
}

// counted gives the counters that are not 0, as a scrape tells them.
func (b *bench) counted() (samples []string) {
	b.t.Helper()
	families, err := b.metrics.Registry().Gather()
	require.NoError(b.t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if !strings.HasPrefix(family.GetName(), "boxoffice_") || m.GetCounter().GetValue() == 0 {
				continue
			}
			labels := make([]string, len(m.GetLabel()))
			for i, l := range m.GetLabel() {
				labels[i] = l.GetName() + "=" + l.GetValue()
			}
			samples = append(samples, fmt.Sprintf("%s{%s} %g", family.GetName(), strings.Join(labels, ","), m.GetCounter().GetValue()))
		}
	}
	return samples
}

// do runs a step and gives the situation that it saw.
func (b *bench) do(step any, arg any) (boxoffice.Situation, error) {
	b.t.Helper()
	value, err := b.env.ExecuteActivity(step, arg)
	if err != nil {
		return boxoffice.Situation{}, err
	}
	var s boxoffice.Situation
	require.NoError(b.t, value.Get(&s))
	return s, nil
}

// asked notes a call and gives its error.
func (a *answers) asked(call string) error {
	a.calls = append(a.calls, call)
	return a.errs[call]
}

func (a *answers) BeginClosing(context.Context, string, int64) (boxoffice.Situation, error) {
	return a.begin, a.asked("BeginClosing")
}

func (a *answers) Attempt(context.Context, string) (boxoffice.PaymentAttempt, error) {
	return a.attempt, a.asked("Attempt")
}

func (a outside) CreateSession(context.Context, boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	a.calls = append(a.calls, "CreateSession")
	return a.create.session, a.create.err
}

func (a outside) FindSession(context.Context, string, time.Time) (boxoffice.PaymentSession, error) {
	a.calls = append(a.calls, "FindSession")
	return a.find.session, a.find.err
}

func (a outside) ExpireSession(_ context.Context, id string) (boxoffice.PaymentSession, error) {
	a.calls = append(a.calls, "ExpireSession "+id)
	return a.expire.session, a.expire.err
}

func (a *answers) ResolveAttempt(_ context.Context, _ string, _ int64, end boxoffice.AttemptEnd) (boxoffice.Situation, error) {
	a.ends = append(a.ends, end)
	return a.resolve, a.asked("ResolveAttempt")
}

func (a *answers) ReleaseSeats(context.Context, string, int64) (boxoffice.Situation, error) {
	return a.release, a.asked("ReleaseSeats")
}

func (a *answers) Look(context.Context, string, int64) (boxoffice.Situation, error) {
	return a.look, a.asked("Look")
}

func (a *answers) IssueAdmissions(_ context.Context, id string, _ int64) (boxoffice.TicketDocument, error) {
	return boxoffice.TicketDocument{BookingID: id}, a.asked("IssueAdmissions")
}

func (a *answers) CompleteBooking(_ context.Context, _ string, _ int64, key string) (boxoffice.Situation, error) {
	return a.look, a.asked("CompleteBooking " + key)
}

func (a *answers) Refund(context.Context, string, int) (boxoffice.Refund, error) {
	return a.refund, a.asked("Refund")
}

func (a *answers) MarkRefund(_ context.Context, _ string, _ int64, r boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	a.refunds = append(a.refunds, r)
	return a.look, a.asked("MarkRefund")
}

func (a *answers) RenewRefund(_ context.Context, _ string, _ int64, paymentID string, n int) (boxoffice.Situation, error) {
	return a.look, a.asked(fmt.Sprintf("RenewRefund %s %d", paymentID, n))
}

func (a *answers) RecordRefunds(_ context.Context, _ string, _ int64, paymentID string, all []boxoffice.ProviderRefund) (boxoffice.Situation, error) {
	return a.look, a.asked(fmt.Sprintf("RecordRefunds %s %d", paymentID, len(all)))
}

func (a *answers) EmailJob(context.Context, string) (boxoffice.EmailJob, error) {
	return a.job, a.asked("EmailJob")
}

func (a *answers) MarkEmail(_ context.Context, _ string, sendErr error, handedOver bool) (boxoffice.Situation, error) {
	a.marks = append(a.marks, mark{err: sendErr, handedOver: handedOver})
	return a.look, a.asked("MarkEmail")
}

func (a outside) RefundsOf(_ context.Context, paymentIntent string) ([]boxoffice.ProviderRefund, error) {
	return []boxoffice.ProviderRefund{a.refundAnswer}, a.asked("provider RefundsOf " + paymentIntent)
}

func (a outside) Refund(_ context.Context, r boxoffice.Refund) (boxoffice.ProviderRefund, error) {
	return a.refundAnswer, a.asked("provider Refund " + boxoffice.RefundKey(r.PaymentID, r.N))
}

func (a outside) PDF(doc boxoffice.TicketDocument) ([]byte, error) {
	return []byte("pdf of " + doc.BookingID), a.asked("PDF")
}

func (a outside) Calendar(doc boxoffice.TicketDocument) ([]byte, error) {
	return []byte("calendar of " + doc.BookingID), a.asked("Calendar")
}

func (a outside) Put(_ context.Context, key, contentType string, content []byte) error {
	a.put[key] = contentType + ": " + string(content)
	return a.asked("Put")
}

func (a outside) Get(_ context.Context, key string) ([]byte, error) {
	return []byte("stored " + key), a.asked("Get")
}

func (a outside) Compose(job boxoffice.EmailJob, pdf, calendar []byte) (boxoffice.MailMessage, error) {
	m := boxoffice.MailMessage{ID: job.ID, To: job.Recipient}
	for _, content := range [][]byte{pdf, calendar} {
		if content != nil {
			m.Attachments = append(m.Attachments, boxoffice.MailAttachment{Content: content})
		}
	}
	return m, a.asked("Compose")
}

func (a outside) Send(_ context.Context, m boxoffice.MailMessage) error {
	a.messages = append(a.messages, m)
	return a.asked("Send")
}
