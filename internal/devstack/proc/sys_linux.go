package proc

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

func sysProcAttr(orphan syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: orphan}
}

// commandLine is the command line of a running process, joined with spaces; empty if there is none with this ID or it is
// a zombie.
func commandLine(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return string(bytes.ReplaceAll(bytes.TrimRight(raw, "\x00"), []byte{0}, []byte{' '}))
}
