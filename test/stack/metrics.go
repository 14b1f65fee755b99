package stack

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Metric reads a series of dev's API by its name and labels, as /metrics writes them; 0 where it was never counted.
func (s *System) Metric(t *testing.T, series string) float64 {
	t.Helper()
	value, err := s.metric(series)
	require.NoError(t, err)
	return value
}

// AwaitMetric waits until a series has reached a value.
func (s *System) AwaitMetric(t *testing.T, series string, least float64) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		value, err := s.metric(series)
		if err == nil && value < least {
			err = fmt.Errorf("%s is %g", series, value)
		}
		return err
	})
}

func (s *System) metric(series string) (float64, error) {
	page, err := scrape(s.Env["ADMIN_URL"])
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(page) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, nil
}

// scrape reads what a process tells operators, at its admin address.
func scrape(admin string) (page string, err error) {
	response, err := http.Get(admin + "/metrics")
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(response.Body)
	return string(content), errors.Join(err, response.Body.Close())
}
