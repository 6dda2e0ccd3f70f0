#include "providers/drivers/qemu/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/kvm.h>
#endif

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/host_arch.h"
#include "base/os/process.h"
#include "base/proc.h"
#include "providers/drivers/qemu/accel_probe.h"
#include "providers/drivers/qemu/qemu.h"

enum {
	DEVICE_MS = 2000,	/* a device that works answers in microseconds */
	QEMU_MS = 5000,
};

const char *
accel_name(enum accel a)
{
	return a == ACCEL_KVM ? "kvm" : "tcg";
}

/* Is `word` one of the words in the line that begins with `key`? */
static bool
line_has(const char *text, const char *key, const char *word)
{
	size_t key_len = strlen(key), len = strlen(word);

	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL) {
		if (strncmp(line, key, key_len) != 0)
			continue;
		for (const char *p = line; (p = strstr(p, word)) && p < line + strcspn(line, "\n"); p += len)
			if (p[-1] == ' ' && (p[len] == ' ' || p[len] == '\n' || !p[len]))
				return true;
	}
	return false;
}

bool
accel_cpu_can(const char *cpuinfo, const char *host_arch)
{
	/* Other processors do not tell; the device exists only if they can. */
	if (strcmp(host_arch, "x86_64") != 0)
		return true;
	return line_has(cpuinfo, "flags", "vmx") || line_has(cpuinfo, "flags", "svm");
}

/* Runs in a child, whose exit status says which of the steps was the first to fail. */
enum { WORKS, NO_OPEN = 32, NO_ANSWER_API = 200, BAD_API, NO_VM };

static void
ask_device(const char *path)
{
#ifdef __linux__
	int fd = open(path, O_RDWR | O_CLOEXEC), version;

	if (fd < 0)
		_exit(NO_OPEN + (errno < 128 ? errno : 0));
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version < 0)
		_exit(NO_ANSWER_API);
	if (version != KVM_API_VERSION)
		_exit(BAD_API);
	if (ioctl(fd, KVM_CREATE_VM, 0) < 0)
		_exit(NO_VM);
	_exit(WORKS);
#else
	(void)path;
	_exit(NO_OPEN + ENOENT);
#endif
}

/*
 * A device can hang in open() or ioctl(), out of reach of any signal, so only a
 * child touches it. One that cannot even be killed is left behind: waiting for
 * it would hang as well, and it ends, if ever, as init's.
 */
int
accel_within(void (*f)(const char *), const char *arg, int timeout_ms)
{
	pid_t pid = fork();
	auto_close int fd = -1;
	int status;

	if (pid == 0) {
		/* Locks of files would outlive this process in a child that hangs. */
		close_range(3, ~0U, 0);
		f(arg);
		_exit(WORKS);
	}
	if (pid < 0)
		return -1;
	fd = os_process_end(pid);
	if (fd >= 0 && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, timeout_ms) == 1)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	kill(pid, SIGKILL);
	if (fd >= 0 && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100) == 1)
		waitpid(pid, &status, 0);
	return -1;
}

static bool
accel_no(struct accel_choice *out, const char *why)
{
	snprintf(out->reason, sizeof out->reason, "%.*s", (int)sizeof out->reason - 1, why);
	return false;
}

bool
accel_device_can(const char *path, struct accel_choice *out)
{
	int r = accel_within(ask_device, path, DEVICE_MS);

	if (r == WORKS)
		return true;
	if (r < 0)
		snprintf(out->reason, sizeof out->reason, "%s does not answer within %d s", path, DEVICE_MS / 1000);
	else if (r == NO_ANSWER_API || r == BAD_API)
		snprintf(out->reason, sizeof out->reason, "%s is not KVM as we know it", path);
	else if (r == NO_VM)
		snprintf(out->reason, sizeof out->reason, "%s makes no virtual machine", path);
	else
		snprintf(out->reason, sizeof out->reason, "%s: %s%s", path, strerror(r - NO_OPEN),
			 r - NO_OPEN == EACCES ? " (is the user in group kvm?)" : "");
	return false;
}

/* The last word: QEMU itself, with a machine of nothing that is told to quit at once. */
static bool
qemu_can(const char *qemu, struct accel_choice *out)
{
	const char *argv[] = { qemu, "-M", "none", "-accel", "kvm", "-nodefaults", "-display", "none", "-monitor", "stdio", NULL };
	static const char quit[] = "quit\n";
	AUTO(buf) answer = BUF_INIT;
	struct error e;

	if (proc_run(argv, &(struct proc_opts){ .input = quit, .input_len = strlen(quit), .out = &answer, .timeout_ms = QEMU_MS },
		     &e) == 0)
		return true;
	return accel_no(out, e.msg);
}

static bool
accel_hardware(const char *arch, const char *qemu, struct accel_choice *out)
{
	const char *host = host_arch();
	AUTO(buf) cpuinfo = BUF_INIT;

	if (strcmp(arch, host) != 0) {
		out->worth_a_warning = false;
		snprintf(out->reason, sizeof out->reason, "the guest is %s and the host %s", arch, host);
		return false;
	}
	if (fs_read_if("/proc/cpuinfo", &cpuinfo, 64 << 20, NULL) != 1 || !accel_cpu_can(cpuinfo.s, host))
		return accel_no(out, "the processor has no virtualization here (neither vmx nor svm in /proc/cpuinfo)");
	return accel_device_can("/dev/kvm", out) && (!qemu || qemu_can(qemu, out));
}

int
accel_choose(const char *arch, const char *qemu, struct accel_choice *out, struct error *err)
{
	const char *asked = getenv("LIMA_QEMU_ACCEL");
	struct accel_choice c = { .accel = ACCEL_TCG, .worth_a_warning = true };

	if (asked && *asked && strcmp(asked, "kvm") != 0 && strcmp(asked, "tcg") != 0)
		return error_set(err, EINVAL, "LIMA_QEMU_ACCEL=%s: neither kvm nor tcg", asked);
	if (asked && strcmp(asked, "kvm") == 0) {
		c.accel = ACCEL_KVM;
		c.worth_a_warning = false;
	} else if (asked && *asked) {
		c.worth_a_warning = false;
		accel_no(&c, "LIMA_QEMU_ACCEL=tcg");
	} else if (accel_hardware(arch, qemu, &c)) {
		c = (struct accel_choice){ .accel = ACCEL_KVM };
	}
	*out = c;
	return 0;
}
