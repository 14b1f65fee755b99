package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthcheckCommand asks a process of ours whether it is well: boxoffice healthcheck URL. The image has no shell and no
// other program that could ask.
type healthcheckCommand struct {
	URL     string        `arg:"" help:"What to ask: http://127.0.0.1:8081/readyz."`
	Timeout time.Duration `default:"3s" help:"An answer that takes longer is none."`
}

// Run fails with the answer, shortened, unless it is a success: container engines keep what a health check printed last.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 == 2 {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s answers %s: %s", c.URL, response.Status, strings.TrimSpace(string(answer)))
}
