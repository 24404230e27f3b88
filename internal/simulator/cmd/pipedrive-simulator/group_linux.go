package main

import "syscall"

// ownGroup starts a process in a group of its own that ends when the thread
// that started it does.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
