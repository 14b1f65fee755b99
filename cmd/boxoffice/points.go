package main

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/failpoint"
)

// The failpoints around calls to the outside, in the API and in the worker alike: point-before has asked nobody yet,
// point-after has an answer that nobody wrote down.
const (
	pointCreateSession = "provider-create-session"
	pointExpireSession = "provider-expire-session"
	pointRefund        = "provider-refund"
	pointPutFile       = "files-put"
	pointSendMail      = "mail-send"
)

// between runs call between the two failpoints of a name.
func between[T any](ctx context.Context, points *failpoint.Points, name string, call func() (T, error)) (T, error) {
	var none T
	if err := points.Reach(ctx, name+"-before"); err != nil {
		return none, err
	}
	answer, err := call()
	if reachErr := points.Reach(ctx, name+"-after"); reachErr != nil {
		return none, reachErr
	}
	return answer, err
}

// pointedProvider is a payment provider with failpoints.
type pointedProvider struct {
	boxoffice.PaymentProvider
	points *failpoint.Points
}

// CreateSession opens a payment page.
func (p pointedProvider) CreateSession(ctx context.Context, s boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	return between(ctx, p.points, pointCreateSession, func() (boxoffice.PaymentSession, error) { return p.PaymentProvider.CreateSession(ctx, s) })
}

// ExpireSession closes a payment page.
func (p pointedProvider) ExpireSession(ctx context.Context, id string) (boxoffice.PaymentSession, error) {
	return between(ctx, p.points, pointExpireSession, func() (boxoffice.PaymentSession, error) { return p.PaymentProvider.ExpireSession(ctx, id) })
}

// Refund gives money back.
func (p pointedProvider) Refund(ctx context.Context, r boxoffice.Refund) (boxoffice.ProviderRefund, error) {
	return between(ctx, p.points, pointRefund, func() (boxoffice.ProviderRefund, error) { return p.PaymentProvider.Refund(ctx, r) })
}

// pointedFiles is a file store with failpoints.
type pointedFiles struct {
	boxoffice.FileStore
	points *failpoint.Points
}

// Put writes a file.
func (f pointedFiles) Put(ctx context.Context, key, contentType string, content []byte) error {
	_, err := between(ctx, f.points, pointPutFile, func() (struct{}, error) {
		return struct{}{}, f.FileStore.Put(ctx, key, contentType, content)
	})
	return err
}

// pointedSender is a mail server with failpoints.
type pointedSender struct {
	boxoffice.MailSender
	points *failpoint.Points
}

// Send delivers a mail.
func (s pointedSender) Send(ctx context.Context, m boxoffice.MailMessage) error {
	_, err := between(ctx, s.points, pointSendMail, func() (struct{}, error) { return struct{}{}, s.MailSender.Send(ctx, m) })
	return err
}
