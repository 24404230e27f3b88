//go:build unix

package main

import (
	"os"
	"syscall"
)

// signalGroup signals a process and its children. It ignores the error that none is left.
func signalGroup(p *os.Process, s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }
