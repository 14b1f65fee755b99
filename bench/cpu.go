package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The names by which a report calls processes that have none of their own.
const (
	loadProcess       = "load"       // this one, which buys
	simulatorsProcess = "simulators" // what stands in for Stripe, the mail server and the search server
	searchProcess     = "search"     // the same, where nothing is asked of it but searches
)

// tick is the unit of processor time in /proc, whatever the kernel counts in itself (proc(5), sysconf(_SC_CLK_TCK)).
const tick = 10 * time.Millisecond

// process is one line of the machine's table of processes.
type process struct {
	parent int
	used   time.Duration // with that of its children that have ended
}

// ProcessorTime gives the processor time used by this process and by each child of root, together with all that the child
// has begun; root's own counts as the simulators'. It reads /proc: where there is none, it fails.
func ProcessorTime(root int) (map[string]time.Duration, error) {
	table, names, err := family(root)
	if err != nil {
		return nil, err
	}
	used := map[string]time.Duration{}
	for pid, name := range names {
		used[name] += table[pid].used
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return nil, err
	}
	used[loadProcess] = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	return used, nil
}

// family gives all processes, and of root and all that comes from it the name of the child that it comes from.
func family(root int) (table map[int]process, names map[int]string, err error) {
	if table, err = processes(); err != nil {
		return nil, nil, err
	}
	if _, there := table[root]; !there {
		return nil, nil, fmt.Errorf("process %d has ended", root)
	}
	top, names := map[int]string{root: simulatorsProcess}, map[int]string{}
	for pid := range table {
		child := childOf(table, root, pid)
		if child == 0 {
			continue
		}
		if top[child] == "" {
			top[child] = nameOf(child)
		}
		names[pid] = top[child]
	}
	return table, names, nil
}

// childOf gives the child of root that a process comes from, root for itself, and 0 for a stranger.
func childOf(table map[int]process, root, pid int) int {
	for pid != root {
		parent := table[pid].parent
		if parent == root {
			return pid
		}
		if parent == 0 {
			return 0
		}
		pid = parent
	}
	return root
}

func processes() (map[int]process, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("there is no /proc to read processor times from")
	}
	table := make(map[int]process, len(files))
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		line, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile, and its parent has its time
		}
		if table[pid], err = readProcess(string(line)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return table, nil
}

// readProcess reads a line of /proc/<pid>/stat. The second field is a name in parentheses, in which anything may stand.
func readProcess(line string) (process, error) {
	end := strings.LastIndexByte(line, ')')
	fields := strings.Fields(line[end+1:])
	const parent, firstTime, lastTime = 1, 11, 14 // fields 4, and 14 to 17: in the program, in the kernel, and the children's
	if end < 0 || len(fields) <= lastTime {
		return process{}, errors.New("too few fields")
	}
	var p process
	var err error
	if p.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return p, err
	}
	for _, field := range fields[firstTime : lastTime+1] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return p, err
		}
		p.used += time.Duration(ticks) * tick
	}
	return p, nil
}

// nameOf is what a process is called: this program by its command, others by their program, whatever its version.
func nameOf(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "ended"
	}
	words := strings.Split(string(line), "\x00")
	program := filepath.Base(words[0])
	if program == filepath.Base(os.Args[0]) && len(words) > 1 {
		return words[1]
	}
	program, _, _ = strings.Cut(program, "-")
	return program
}

// loadAverage is that of the last minute, of everything on the machine; 0 where it is not to be had.
func loadAverage() float64 {
	line, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(line), " ")
	average, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return average
}
