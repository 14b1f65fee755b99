package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

// TestSeatplan_Command runs the program itself: what it prints of a good plan and of bad ones, and how it ends.
func TestSeatplan_Command(t *testing.T) {
	t.Parallel()
	for hall, says := range map[string]string{
		"cinema": "Sample is valid: 200 places.", "theatre": "Sample is valid: 1350 places.",
		"arena": "Sample is valid: 10000 places.", "large-arena": "Sample is valid: 20000 places.",
	} {
		plan, _, code := program(t, "", "seatplan", "sample", hall)
		require.Zero(t, code, hall)
		told, _, code := program(t, plan, "seatplan", "validate", "-")
		require.Zero(t, code, hall)
		require.Contains(t, told, says)
	}

	theatre, _, _ := program(t, "", "seatplan", "sample", "theatre", "--name", "Chico Playhouse")
	file := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, os.WriteFile(file, []byte(theatre), 0o600))
	told, _, code := program(t, "", "seatplan", "validate", file)
	require.Zero(t, code)
	require.Contains(t, told, "  Balcony  274     0         2           2\n")
	require.Contains(t, told, "  all      1350    0         16          16\n")
	require.Contains(t, told, "  Third     182\n")
	require.Contains(t, told, "For 1350 seats the ADA Standards (table 221.2.1.1) ask for 12 wheelchair spaces.")
	hash, err := seatplan.Theatre("Chico Playhouse").Hash()
	require.NoError(t, err)
	require.Contains(t, told, "hash "+hash+"\n")

	picture, _, code := program(t, "", "seatplan", "draw", file)
	require.Zero(t, code)
	require.Equal(t, string(seatplan.Theatre("Chico Playhouse").SVG()), picture)
}

func TestSeatplan_CommandSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	theatre, _, _ := program(t, "", "seatplan", "sample", "theatre")
	bad := strings.Replace(theatre, `"number":2,`, `"number":1,`, 1)
	bad = strings.Replace(bad, `"width":3500`, `"width":3500,"colour":"red"`, 1)
	told, complaint, code := program(t, bad, "seatplan", "validate", "-")
	require.Equal(t, 1, code)
	require.Equal(t, "colour: It is not known here.\n"+
		"sections[0].rows[0].seats[1].number: Row A of Stalls has the number 1 twice.\n", told)
	require.Equal(t, "boxoffice: - is no valid seat plan: 2 problems\n", complaint)

	told, complaint, code = program(t, strings.ReplaceAll(theatre, `"kind"`, `"sort"`), "seatplan", "validate", "-")
	require.Equal(t, 1, code)
	require.Equal(t, 32, strings.Count(told, ".sort: It is not known here.\n"))
	require.Equal(t, "boxoffice: - is no valid seat plan: 32 problems\n", complaint)

	told, complaint, code = program(t, strings.ReplaceAll(theatre, `"number"`, `"nr"`), "seatplan", "validate", "-")
	require.Equal(t, 1, code)
	require.Equal(t, 100, strings.Count(told, "\n"))
	require.Equal(t, "boxoffice: - is no valid seat plan: 100 problems or more\n", complaint)

	told, _, code = program(t, theatre[:1000], "seatplan", "validate", "-")
	require.Equal(t, 1, code)
	require.Equal(t, "line 1, column 1000: This is no JSON: unexpected end of JSON input.\n", told)

	for _, args := range [][]string{{"validate", "/nowhere.json"}, {"validate", "-"}, {"draw", "-"}, {"sample", "cinema", "--name", " "}} {
		_, complaint, code = program(t, "", append([]string{"seatplan"}, args...)...)
		require.Equal(t, 1, code, args)
		require.True(t, strings.HasPrefix(complaint, "boxoffice: "), "%v: %s", args, complaint)
	}
}

// program runs the program, which this test's own binary becomes.
func program(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, args...)
	command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1")
	var out, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &complaint
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return out.String(), complaint.String(), command.ProcessState.ExitCode()
}
