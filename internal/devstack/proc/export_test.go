package proc

// Runs tells whether a process runs; a zombie that nobody has fetched yet does not.
func Runs(pid int) bool { return commandLine(pid) != "" }
