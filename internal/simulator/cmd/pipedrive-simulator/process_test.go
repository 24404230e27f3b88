//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// How long the kernel may take to end a killed process.
const (
	waitFor = 5 * time.Second
	tick    = 5 * time.Millisecond
)

// running says whether a process is there and not a zombie, which it stays
// for as long as nobody adopts it.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("State:\tZ"))
}
