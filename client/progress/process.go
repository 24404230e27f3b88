package progress

import (
	"fmt"
	"os"
	"strings"
)

// thisProcess identifies the machine and the process, for other processes on the machine to check whether this one is
// alive. Both ids are empty on systems other than Linux.
func thisProcess() (host, process string) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", ""
	}
	// Each container of a machine numbers its own processes.
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", ""
	}
	started, alive := processStart(fmt.Sprint(os.Getpid()))
	if !alive {
		return "", ""
	}
	return strings.TrimSpace(string(boot)) + " " + namespace, fmt.Sprintf("%d %s", os.Getpid(), started)
}

// processStart returns the start of a process, in the kernel's ticks since the machine booted; false if there is no
// such process.
func processStart(pid string) (ticks string, alive bool) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", false
	}
	// The program's name, in parentheses, may contain spaces. After it comes the process's state, Z or X for a process
	// that has ended. The start is the 20th field from there; see proc_pid_stat(5).
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}

// died reports whether the claim's process was on this machine and has ended; false if that is unknown.
func (c claim) died() bool {
	host, _ := thisProcess()
	pid, started, ok := strings.Cut(c.Process, " ")
	if !ok || host == "" || host != c.Host {
		return false
	}
	now, alive := processStart(pid)
	return !alive || now != started
}
