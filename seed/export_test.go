package seed

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TimeZones gives the time zone of every city by "City, ST".
func TimeZones(t *testing.T) map[string]string {
	t.Helper()
	cities, err := readCities()
	require.NoError(t, err)
	zones := make(map[string]string, len(cities))
	for _, c := range cities {
		zones[c.name+", "+c.state] = c.zone.String()
	}
	return zones
}
