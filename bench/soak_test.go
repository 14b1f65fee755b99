package bench

import (
	"bufio"
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestJudge holds the judgement against courses of which it is known whether they grow.
func TestJudge(t *testing.T) {
	t.Parallel()
	source := rand.NewPCG(1, 1)
	r := rand.New(source)
	const n = 180
	for name, c := range map[string]struct {
		value func(n float64) float64
		slack float64
		grown bool
	}{
		"flat":                           {func(float64) float64 { return 50 }, 0, false},
		"noisy":                          {func(float64) float64 { return 50 + 20*r.Float64() }, 0, false},
		"a heap between two collections": {func(n float64) float64 { return 30 + 20*math.Mod(n, 7)/7 }, 0, false},
		"warming up":                     {func(n float64) float64 { return 50 * (1 - math.Exp(-n/20)) }, 0, false},
		"one spike":                      {func(n float64) float64 { return 50 + 1000*max(0, 1-math.Abs(n-150)) }, 0, false},
		"falling":                        {func(n float64) float64 { return 100 - n/3 }, 0, false},
		"a leak":                         {func(n float64) float64 { return 50 + n/3 }, 0, true},
		"a leak under a heap's teeth":    {func(n float64) float64 { return 50 + n/3 + 20*math.Mod(n, 7)/7 }, 0, true},
		"a step that stays":              {func(n float64) float64 { return 50 + 20*min(1, max(0, n-120)) }, 0, true},
		"from nothing":                   {func(n float64) float64 { return max(0, n-100) }, 10, true},
		"within what may come and go":    {func(n float64) float64 { return n / 20 }, 10, false},
		"what is kept may grow":          {func(n float64) float64 { return n }, Kept, false},
		"a connection a minute":          {func(n float64) float64 { return 30 + n/6 + 4*r.Float64() }, CountSlack, true},
		"a goroutine of 100 bookings":    {func(n float64) float64 { return 900 + n/2 + 10*r.Float64() }, CountSlack, true},
		"1.5 MB a minute":                {func(n float64) float64 { return 300 + n/4 + 20*math.Mod(n, 7)/7 }, MemorySlack, true},
		"a noise of a tenth, many":       {func(float64) float64 { return 900 + 180*r.Float64() }, CountSlack, false},
		"a noise of a tenth, few":        {func(float64) float64 { return 27 + 6*r.Float64() }, CountSlack, false},
		"a noise of a tenth, memory":     {func(float64) float64 { return 270 + 60*r.Float64() }, MemorySlack, false},
		"a late step":                    {func(n float64) float64 { return 50 + 20*min(1, max(0, n-145)) }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			source.Seed(1, 1) // whatever the order
			var c0 courses
			for i := range n {
				c0.add(time.Duration(i)*10*time.Second, []Vital{{Name: "it", Value: c.value(float64(i)), Slack: c.slack}})
			}
			c0.all[0].judge(n)
			require.Equal(t, c.grown, c0.all[0].Grown, "%v", c0.all[0])
			require.Equal(t, c.slack >= 0, c0.all[0].Judged)
		})
	}
}

// Of a short run nothing is said, and whatever grew fails a long one.
func TestSoakReport_Verdict(t *testing.T) {
	t.Parallel()
	report := func(readings, due int) *SoakReport {
		var c courses
		for i := range readings {
			c.add(time.Duration(i)*time.Second, []Vital{{Name: "goroutines", Value: float64(100 * i)}, {Name: "files", Value: 7}})
		}
		for _, course := range c.all {
			course.judge(due)
		}
		return &SoakReport{SaleReport: SaleReport{Bookings: 1, Ended: endedTime}, Begun: 100, Vitals: c.all, Due: due}
	}
	require.NoError(t, report(leastReadings-1, leastReadings-1).Verdict())
	require.ErrorContains(t, report(leastReadings-7, leastReadings).Verdict(), "files was read 53 times of 60")
	grown := report(leastReadings-6, leastReadings)
	require.ErrorContains(t, grown.Verdict(), "goroutines grew")
	require.NotContains(t, grown.Verdict().Error(), "files")
	var table bytes.Buffer
	require.NoError(t, grown.WriteTable(&table))
	require.Regexp(t, `goroutines +\d.* GROWN`, table.String())
	require.Regexp(t, `files +7\.0 +7\.0 +7\.0 +steady`, table.String())
	early := report(1, 1)
	early.Ended = endedSoldOut
	require.ErrorContains(t, early.Verdict(), "not even to the end")
	busy := report(1, 1)
	busy.Shed = 11
	require.ErrorContains(t, busy.Verdict(), "11 of 111 visits could not be begun")
	faulty := report(1, 1)
	faulty.Errors = map[string]int{"pay: 503 unavailable": 1}
	require.NoError(t, faulty.Verdict())
	faulty.Errors["hold seats: no answer in time"] = 1
	require.ErrorContains(t, faulty.Verdict(), "2 errors in 100 visits")
	anew := report(1, 1)
	anew.Restarted = []string{"worker"}
	require.ErrorContains(t, anew.Verdict(), "worker was started anew")
}

// A process with another number is another one, also when it is gone again at the next look.
func TestSoak_Restarted(t *testing.T) {
	t.Parallel()
	s := &soak{restarted: map[string]bool{}}
	for _, api := range []int{7, 8, 7} {
		s.note(0, Reading{Processes: map[string][]int{"api": {api}, "worker": {9}}})
	}
	require.Equal(t, map[string]bool{"api": true}, s.restarted)
}

// Of a process that has begun another only the first says whether it is still the same.
func TestHoldings(t *testing.T) {
	t.Parallel()
	process := exec.Command("sh", "-c", "sleep 1000 & echo begun; wait")
	said, err := process.StdoutPipe()
	require.NoError(t, err)
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, process.Start())
	defer func() {
		require.NoError(t, syscall.Kill(-process.Process.Pid, syscall.SIGKILL))
		require.Error(t, process.Wait())
	}()
	_, err = bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	held, err := Holdings(os.Getpid())
	require.NoError(t, err)
	require.Equal(t, []int{process.Process.Pid}, held["sh"].IDs)
	require.Equal(t, []int{os.Getpid()}, held[simulatorsProcess].IDs)
	require.Positive(t, held["sh"].Memory)
}

// The plot of a vital has a point for each reading, at its second.
func TestSoak_Plots(t *testing.T) {
	t.Parallel()
	s := &soak{}
	s.vitals.add(0, []Vital{{Name: "heap", Unit: "MB", Value: 10}})
	s.vitals.add(5*time.Second, []Vital{{Name: "heap", Unit: "MB", Value: 20}})
	plots := s.plots(10)
	require.Len(t, plots, 1)
	require.Equal(t, "20", plots[0].Top)
	require.Equal(t, "32.0,90.0 352.0,0.0", plots[0].Lines[0].Points)
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	memory, err := anonymous([]byte("Name:\tboxoffice\nVmRSS:\t   90000 kB\nRssAnon:\t   34567 kB\nRssFile:\t 1 kB\n"))
	require.NoError(t, err)
	require.Equal(t, int64(34567<<10), memory)
	memory, err = anonymous([]byte("Name:\tzombie\n"))
	require.NoError(t, err)
	require.Zero(t, memory)
	_, err = anonymous([]byte("RssAnon:\tmuch kB\n"))
	require.Error(t, err)
}
