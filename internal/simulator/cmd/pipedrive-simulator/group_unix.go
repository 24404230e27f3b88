//go:build unix && !linux

package main

import "syscall"

// ownGroup starts a process in its own group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
