package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// runCommand runs a command until it ends, passes signals on to it and returns its exit code. After a signal it is
// 128 plus the signal's number, as in a shell.
//
// The command gets its own process group. A terminal's Ctrl-C then reaches it only once, from here, and processes
// that it leaves running can be ended with it.
func runCommand(command, env []string, signals <-chan os.Signal, stdout, stderr *os.File) (int, error) {
	// The kernel ties "end with the parent" to the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(context.Background(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return 127, fmt.Errorf("run %s: %w", command[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s, ok := s.(syscall.Signal); ok {
				signalGroup(cmd.Process, s)
			}
		case err := <-ended:
			signalGroup(cmd.Process, syscall.SIGKILL)
			return exitCode(cmd.ProcessState, err)
		}
	}
}

func exitCode(state *os.ProcessState, err error) (int, error) {
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return state.ExitCode(), nil
}
