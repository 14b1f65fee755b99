package seatplan_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

func TestSVG_ShowsEveryPlaceOnce(t *testing.T) {
	t.Parallel()
	hostile := arena()
	hostile.Name, hostile.Sections[1].Name = `<script>"&`, "</svg>"
	require.NoError(t, hostile.Validate())
	plans := []seatplan.Plan{hostile}
	for _, h := range houses {
		plans = append(plans, h.plan)
	}
	for _, p := range plans {
		elements, pale := map[string]int{}, 0
		for decoder := xml.NewDecoder(bytes.NewReader(p.SVG())); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, p.Name)
			if start, ok := token.(xml.StartElement); ok {
				elements[start.Name.Local]++
				if slices.ContainsFunc(start.Attr, func(a xml.Attr) bool { return a.Name.Local == "opacity" }) {
					pale++
				}
			}
		}
		c := p.Counts()
		require.Equal(t, c.Restricted, pale, "%s: the seats of restricted view", p.Name)
		require.Equal(t, 1, elements["svg"], p.Name)
		require.Zero(t, elements["script"], p.Name)
		require.Equal(t, c.Places-c.Standing-c.Accessible, elements["circle"], p.Name)
		require.Equal(t, 2+c.Accessible, elements["rect"], "%s: the ground, the stage and the wheelchair spaces", p.Name)
	}
}
