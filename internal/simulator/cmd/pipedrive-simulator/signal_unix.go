//go:build unix

package main

import (
	"os"
	"syscall"
)

// signalGroup signals a process and its children. That none is left is not an
// error.
func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }
