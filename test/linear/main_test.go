package linear

import (
	"os"
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }
