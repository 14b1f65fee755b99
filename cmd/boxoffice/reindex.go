package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/indexing"
	"github.com/boxoffice/boxoffice/internal/pause"
)

// reindexCommand builds the search index anew: boxoffice reindex. A worker does the work; who asks twice watches one rebuild.
type reindexCommand struct {
	Temporal temporalSettings `embed:"" group:"Temporal"`

	Wait bool `default:"true" negatable:"" help:"Stay until it is done, and show how far it is."`
	JSON bool `name:"json" help:"Print the result as JSON."`
}

// reindexReport is what is printed in the end.
type reindexReport struct {
	Events  int     `json:"events"`
	Seconds float64 `json:"seconds"`
}

// Run starts the rebuild, or joins the one that is under way.
func (c *reindexCommand) Run(ctx context.Context, logger *slog.Logger) error {
	temporal, err := c.Temporal.dial(logger, nil)
	if err != nil {
		return fmt.Errorf("TEMPORAL_ADDRESS: %w", err)
	}
	defer temporal.Close()
	service := indexing.New(temporal)
	began := time.Now()
	if err := service.StartReindex(ctx); err != nil {
		return err
	}
	if !c.Wait {
		return nil
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go showProgress(watching, service, os.Stderr)
	events, err := service.Wait(ctx)
	stop()
	if err != nil {
		return fmt.Errorf("the search index was not rebuilt; the old one is searched as before: %w", err)
	}
	return c.report(os.Stdout, reindexReport{Events: events, Seconds: time.Since(began).Seconds()})
}

func (c *reindexCommand) report(w io.Writer, r reindexReport) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "The search index is rebuilt: %d events in %.1f s.\n", r.Events, r.Seconds)
	return err
}

// showProgress writes a line whenever the rebuild has got on.
func showProgress(ctx context.Context, service *indexing.Service, w io.Writer) {
	var last boxoffice.ReindexProgress
	for pause.For(ctx, 300*time.Millisecond) {
		p, err := service.Progress(ctx)
		if err != nil || p == last {
			continue
		}
		last = p
		// For whoever watches: where it cannot be written, the rebuild goes on, and its end is told.
		_, _ = fmt.Fprintf(w, "  %-36s %7d of %d events\n", p.Step, p.Loaded, p.Total)
	}
}
