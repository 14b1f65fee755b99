package api

import (
	"context"
	"log/slog"
)

type requestIDContextKey struct{}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDContextKey{}, id)
}

// RequestIDs makes a handler of logs that adds request_id to all that is logged on behalf of a request, here and in what
// serves it: every line of a request can be found by the ID that its client was told.
func RequestIDs(next slog.Handler) slog.Handler {
	if already, ok := next.(requestIDs); ok {
		return already
	}
	return requestIDs{next}
}

type requestIDs struct{ slog.Handler }

// Handle is called by slog.
func (h requestIDs) Handle(ctx context.Context, record slog.Record) error {
	if id, ok := ctx.Value(requestIDContextKey{}).(string); ok {
		record = record.Clone()
		record.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs is called by slog.
func (h requestIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDs{h.Handler.WithAttrs(attrs)}
}

// WithGroup is called by slog.
func (h requestIDs) WithGroup(name string) slog.Handler { return requestIDs{h.Handler.WithGroup(name)} }
