//go:build !unix

package main

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

// signalGroup ends the process: there is no gentler way that every system has.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }
