//go:build !unix

package main

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

// signalGroup kills the process: no gentler way exists on every system.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }
