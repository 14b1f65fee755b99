package boxoffice_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write documents that are drawn from the code")

const statesHead = `# The states of a booking

Drawn from the table ` + "`boxoffice.Transitions`" + `; after a change of it: ` + "`go test . -run TestStatesDocument -update`" + `.

A booking is held once and comes to one of the ends, which stand in bold. An end is left only where money moves: a payment
that arrives late, or a sale that is cancelled after the fact.

`

var meanings = map[boxoffice.BookingStatus]string{
	boxoffice.BookingHeld:      "seats are held until a deadline; nothing is sold",
	boxoffice.BookingConfirmed: "paid and sold; tickets are being made",
	boxoffice.BookingCompleted: "tickets exist",
	boxoffice.BookingExpired:   "the deadline passed unpaid; seats are free",
	boxoffice.BookingCancelled: "the buyer let go before paying; seats are free",
	boxoffice.BookingRefunding: "money is on its way back; seats are free",
	boxoffice.BookingRefunded:  "money is back",
}

// statesDocument draws docs/states.md: a diagram, the states, the transitions.
func statesDocument() string {
	var doc strings.Builder
	doc.WriteString(statesHead + "```mermaid\nstateDiagram-v2\n    [*] --> held: seats taken, all or none\n")
	for _, tr := range boxoffice.Transitions {
		act, _, _ := strings.Cut(tr.Act, ": ") // mermaid takes a second colon for the end of the label
		fmt.Fprintf(&doc, "    %s --> %s: %s\n", tr.From, tr.To, act)
	}
	for _, s := range boxoffice.BookingStatuses {
		if s.Final() {
			fmt.Fprintf(&doc, "    %s --> [*]\n", s)
		}
	}
	doc.WriteString("```\n\n| state | what it means |\n| --- | --- |\n")
	for _, s := range boxoffice.BookingStatuses {
		fmt.Fprintf(&doc, "| %s | %s |\n", emphasised(s), meanings[s])
	}
	doc.WriteString("\n| from | to | what does it |\n| --- | --- | --- |\n")
	for _, tr := range boxoffice.Transitions {
		fmt.Fprintf(&doc, "| %s | %s | %s |\n", emphasised(tr.From), emphasised(tr.To), tr.Act)
	}
	return doc.String()
}

func emphasised(s boxoffice.BookingStatus) string {
	if s.Final() {
		return "**" + string(s) + "**"
	}
	return string(s)
}

func TestStatesDocument(t *testing.T) {
	t.Parallel()
	for _, s := range boxoffice.BookingStatuses {
		require.NotEmpty(t, meanings[s], s)
	}
	file := filepath.Join("docs", "states.md")
	if *update {
		require.NoError(t, os.MkdirAll("docs", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(statesDocument()), 0o644))
	}
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, statesDocument(), string(kept), "the document and the table differ; see the document's head")
}
