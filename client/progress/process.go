package progress

import (
	"fmt"
	"os"
	"strings"
)

// thisProcess names the machine and the process so that another process on the same machine can tell whether this
// one is alive. Both names are empty where the system does not allow that, which only Linux does.
func thisProcess() (host, process string) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", ""
	}
	// Containers of one machine number their processes each for itself.
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

// processStart returns when a process began, in the kernel's ticks since the machine booted; false where there is no
// such process any more.
func processStart(pid string) (ticks string, alive bool) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", false
	}
	// The program's name, in parentheses, may contain spaces. The process's state follows it, which is Z or X once the
	// process has ended, and the start is the 20th field from there (proc_pid_stat(5)).
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}

// died reports whether the claim is that of a process of this machine that has come to its end. It is false where
// that is not known.
func (c claim) died() bool {
	host, _ := thisProcess()
	pid, started, ok := strings.Cut(c.Process, " ")
	if !ok || host == "" || host != c.Host {
		return false
	}
	now, alive := processStart(pid)
	return !alive || now != started
}
