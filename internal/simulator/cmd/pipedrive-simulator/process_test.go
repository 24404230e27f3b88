//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// The longest time that the kernel may take to end a killed process.
const (
	waitFor = 5 * time.Second
	tick    = 5 * time.Millisecond
)

// running reports whether a process exists and is not a zombie, as an orphan without a new parent is.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("State:\tZ"))
}
