package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// bytes gives the size of our database, and of Temporal's file with its log.
func (s *benchSystem) bytes(ctx context.Context) (ours, temporal int64, err error) {
	if ours, err = s.db.Size(ctx); err != nil {
		return 0, 0, err
	}
	for _, name := range []string{"temporal.db", "temporal.db-wal"} {
		file, err := os.Stat(filepath.Join(s.env["BOXOFFICE_STATE_DIR"], "temporal", name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		temporal += file.Size()
	}
	return ours, temporal, nil
}

// sweepStarts asks the worker what its sweep of bookings took up.
func (s *benchSystem) sweepStarts(ctx context.Context) (int, error) {
	counted, err := countedBy(ctx, s.env["WORKER_ADMIN_URL"])
	return int(counted[`boxoffice_sweep_wakes_total{sweep="bookings"}`]), err // it is there from the first on
}

// countedBy reads all that a process of ours counts, by name and labels.
func countedBy(ctx context.Context, admin string) (map[string]float64, error) {
	page, err := readPage(ctx, admin+"/metrics")
	if err != nil {
		return nil, err
	}
	counted := map[string]float64{}
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		end := strings.LastIndexByte(line, ' ')
		if end < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if counted[line[:end]], err = strconv.ParseFloat(line[end+1:], 64); err != nil {
			return nil, fmt.Errorf("%s/metrics: %w", admin, err)
		}
	}
	return counted, nil
}

// readPage reads a page of one of the system's processes.
func readPage(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	page, err := io.ReadAll(response.Body)
	return string(page), errors.Join(err, response.Body.Close())
}

// auditPatience is for what heals by itself within seconds, as a webhook that comes a second time.
const auditPatience = 20 * time.Second

// audit is boxoffice audit, with the files and the provider's record; what is younger than a second may be under way.
func (s *benchSystem) audit(ctx context.Context) (broken []string, err error) {
	command := auditCommand{
		Database: databaseSettings{DatabaseURL: s.env["DATABASE_URL"], DatabaseConns: 2, WebhookConns: 1},
		Stripe:   ledgerSettings{StripeAPIKey: s.env["STRIPE_API_KEY"], StripeAPIBase: s.env["STRIPE_API_BASE"]},
		BlobURL:  s.env["BLOB_URL"], Grace: time.Second, Timeout: time.Minute, Provider: true, Since: 24 * time.Hour,
	}
	for began := time.Now(); ; {
		report, err := command.audit(ctx, s.logger)
		if err != nil {
			return nil, err
		}
		if report.Total() == 0 {
			return nil, nil
		}
		if time.Since(began) > auditPatience || !pause.For(ctx, time.Second) {
			for _, v := range report.Violations {
				broken = append(broken, fmt.Sprintf("%s: %s: %s", v.Promise, v.Subject, v.Detail))
			}
			for promise, more := range report.More {
				broken = append(broken, strings.Split(strings.Repeat(promise+": one more\n", int(more)), "\n")[:more]...)
			}
			return broken, ctx.Err()
		}
	}
}
