package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

// Holding is what a process keeps of the machine.
type Holding struct {
	Memory int64 // bytes of its own: what it shares with others, and files that it maps, are left out
	Files  int   // that it has open, sockets among them
	IDs    []int // of the processes of this name, in order, without what they have begun
}

// Holdings gives what root and each of its children hold, each together with all that it has begun. It reads /proc: where there
// is none, or a process is another user's, it fails.
func Holdings(root int) (map[string]Holding, error) {
	table, names, err := family(root)
	if err != nil {
		return nil, err
	}
	held := map[string]Holding{}
	for pid, name := range names {
		one, err := holdingOf(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		all := held[name]
		if pid == root || table[pid].parent == root {
			all.IDs = append(all.IDs, pid)
			slices.Sort(all.IDs)
		}
		all.Memory, all.Files = all.Memory+one.Memory, all.Files+one.Files
		held[name] = all
	}
	return held, nil
}

func holdingOf(pid int) (h Holding, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return h, err
	}
	if h.Memory, err = anonymous(status); err != nil {
		return h, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	h.Files = len(files)
	return h, err
}

// anonymous reads the memory of a process's own from /proc/<pid>/status. A process that has just ended has none.
func anonymous(status []byte) (int64, error) {
	for line := range bytes.Lines(status) {
		if value, found := bytes.CutPrefix(line, []byte("RssAnon:")); found {
			kilobytes, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, nil
}
