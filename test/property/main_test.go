package property

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// bounds keep a run of this package within a minute on two cores, with the same sequences each time, so that no change is
// stopped by a fault that it did not bring. `make soak` looks at others, and at many more.
var bounds = map[string]string{
	"rapid.checks": "60", "rapid.steps": "25", "rapid.shrinktime": "60s", "rapid.nofailfile": "true", "rapid.seed": "20261127",
}

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
