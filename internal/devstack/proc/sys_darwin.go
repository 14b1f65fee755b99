package proc

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// sysProcAttr has nothing to offer here: macOS knows no parent-death signal, so an orphan lives until the next run finds
// it by its PIDFile.
func sysProcAttr(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{}
}

// commandLine is the command line of a running process, joined with spaces; empty if there is none with this ID.
func commandLine(pid int) string {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(out), "\n")
}
