package seatplan_test

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

// The page for people and the code say the same.
func TestDocs_DescribeTheFormat(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/seatplan.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```json\n")
	require.True(t, ok)
	example, _, _ := strings.Cut(rest, "```")
	plan, err := seatplan.Parse([]byte(example))
	require.NoError(t, err, "the example is a plan")
	require.Equal(t, 126, plan.Capacity())

	for _, name := range jsonNames(reflect.TypeFor[seatplan.Plan]()) {
		require.Regexp(t, "(?m)^\\| .*`"+name+"`.* \\|$", string(page), "a field has its line")
		require.Contains(t, example, `"`+name+`"`, "the example has every field")
	}
	for name, h := range houses {
		row := fmt.Sprintf("| %s | %s | %s | %d", name, thousands(h.places), cmp.Or(thousands(h.standing), "none"), h.accessible)
		require.Contains(t, string(page), row)
	}
	for _, bound := range []string{thousands(seatplan.MaxPlaces), fmt.Sprintf("%d MB", seatplan.MaxBytes>>20), fmt.Sprintf("%d cm or more from that", seatplan.MinDistance), fmt.Sprintf("%d cm or more from centre", seatplan.AisleGap)} {
		require.Contains(t, string(page), bound)
	}
}

// jsonNames gives the names of all fields of a type and of those inside it.
func jsonNames(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return jsonNames(t.Elem())
	case reflect.Struct:
		var names []string
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(append(names, name), jsonNames(field.Type)...)
		}
		return names
	default:
		return nil
	}
}

// thousands writes 12,345; nothing for 0.
func thousands(n int) string {
	switch {
	case n == 0:
		return ""
	case n < 1000:
		return fmt.Sprint(n)
	default:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
}
