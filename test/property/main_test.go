package property

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// bounds keep a run of this package within a minute on two cores; whoever wants more says so on the command line.
var bounds = map[string]string{"rapid.checks": "60", "rapid.steps": "25", "rapid.shrinktime": "60s", "rapid.nofailfile": "true"}

func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range bounds {
		if given[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}
