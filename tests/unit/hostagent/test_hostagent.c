/* The host agent as limactl drives it: the machine, the requirements, forwards, what it answers. */
#include "hostagent/protocol/ha_client.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hostagent/dns/dns_msg.h"
#include "hostagent/drivers/qemu/reach.h"
#include "providers/dns_port.h"
#include "hostagent/protocol/forward_rule.h"
#include "providers/driver.h"
#include "providers/drivers/qemu/qmp.h"
#include "providers/sock.h"
#include "tests/unit/agent.h"

static pid_t
qemu_of(struct machine *m)
{
	AUTO(arena) a = { 0 };
	struct ha_info i;
	struct error err;

	ok(ha_info(m->dir, &a, &i, &err));
	return i.machine_pid;
}

TEST(starts_and_stops)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;
	struct stat st;
	auto_free char *events = NULL, *socket = NULL;

	make(&m, "a");
	socket = xasprintf("%s/ha.sock", m.dir);
	ok(start(&m, &err));
	ok(ha_info(m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_STARTING);
	assert_int_equal(i.ssh_port, 1);
	assert_string_equal(i.waiting_for, "ssh");
	assert_true(proc_is(i.machine_pid, 0, m.pidfile));
	assert_int_equal(qemu_pid(m.dir, 0), i.machine_pid);
	assert_int_equal(stat(socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	not_ok(start(&m, &err), "runs already");
	assert_int_equal(err.code, EEXIST);
	done(&m);
	make(&m, "a");
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"status\":{\"sshLocalPort\":1}}\n"));
	assert_non_null(strstr(events, "\"status\":{\"exiting\":true,\"sshLocalPort\":1}}\n"));
	done(&m);
}

TEST(says_what_qemu_said)
{
	struct machine m;
	struct error err;

	make(&m, "b");
	word(&m, "-nonsense");
	not_ok(start(&m, &err), "QEMU ended at once, exit status 1");
	assert_non_null(strstr(err.msg, "-nonsense: invalid option"));
	assert_clean(&m);
	free((char *)(uintptr_t)m.argv[0]);
	m.argv[0] = "/no/such/qemu";
	not_ok(start(&m, &err), "/no/such/qemu: no such program");
	m.argv[0] = xstrdup("");
	not_ok(start(&m, &err), "argv: does not begin");
	done(&m);
}

static void
append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

TEST(a_console_that_tells_of_a_failed_boot)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;
	auto_free char *path = NULL, *option = NULL, *flood = xcalloc(1, 300 << 10);

	make(&m, "p");
	path = xasprintf("%s/serial.log", m.dir);
	option = xasprintf("file:%s", path);
	word(&m, "-serial");
	word(&m, option);
	ok(start(&m, &err));
	/* whatever comes before, in whatever pieces it comes */
	memset(flood, 'x', (300 << 10) - 1);
	append(path, flood);
	append(path, "\r\nno panic - syncing\r\n\033[31mKernel pan");
	append(path, "ic - not syncing: \033[0mVFS: no root");
	append(path, "\r\n---[ end\a\r\n");
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "its kernel has panicked; its console says: Kernel panic - not syncing: VFS: no root; and ends with: ") ||
	    !strstr(i.errors, "---[ end"))
		fail_msg("%s", i.errors);
	done(&m);
}

TEST(what_qemu_says_of_a_machine_that_stands_still)
{
	static const struct {
		const char *answer, *why;
	} cases[] = {
		{ "{\"status\":\"running\",\"running\":true}", NULL },
		{ "{\"status\":\"io-error\",\"running\":false}", "could not write a disk" },
		{ "{\"status\":\"internal-error\",\"running\":false}", "an error of its own" },
		{ "{\"status\":\"guest-panicked\",\"running\":false}", "panicked" },
		/* these go on, or are held by who debugs them */
		{ "{\"status\":\"save-vm\",\"running\":false}", NULL },
		{ "{\"status\":\"restore-vm\",\"running\":false}", NULL },
		{ "{\"status\":\"prelaunch\",\"running\":false}", NULL },
		/* what is no answer */
		{ "{\"status\":7}", NULL },
		{ "[]", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *answer = cJSON_Parse(cases[i].answer);
		const char *why = reach_standstill(answer);

		assert_int_equal(!why, !cases[i].why);
		if (why)
			assert_non_null(strstr(why, cases[i].why));
		cJSON_Delete(answer);
	}
	assert_null(reach_standstill(NULL));
}

/* Its console ends without a word: the machine itself is asked. */
TEST(a_machine_that_stands_still)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "still");
	ok(start(&m, &err));
	ok(qmp_execute(m.l.machine.control, "cont", NULL, 5000, NULL, &err));
	ok(qmp_execute(m.l.machine.control, "stop", NULL, 5000, NULL, &err));
	ok(ha_wait_ready(m.dir, 0, 30000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_string_equal(i.errors, "the guest will not come up: QEMU has been told to pause it");
	/* who waits for it anew is told anew */
	ok(ha_wait_ready(m.dir, 60000, 30000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "told to pause it"));
	done(&m);
}

TEST(a_taken_port_has_a_code)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), port = ssh_free_port(NULL);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_free char *net = xasprintf("user,id=n,hostfwd=tcp:127.0.0.1:%d-:22", port);
	struct machine m;
	struct error err;

	assert_int_equal(bind(fd, (void *)&a, sizeof a) | listen(fd, 1), 0);
	make(&m, "c");
	word(&m, "-netdev");
	word(&m, net);
	not_ok(start(&m, &err), "Could not set up host forwarding");
	assert_int_equal(err.code, EADDRINUSE);
	close(fd);
	ok(start(&m, &err));
	done(&m);
}

/* The address that the guest would be told; asked again until there is an answer. */
static void
look_up(int port, const char *name, const char *want)
{
	uint8_t q[300] = { 1, 2, 1, 0, 0, 1 }, r[512];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval tv = { .tv_usec = 200000 };
	int n = dns_name_put(q + 12, name);
	ssize_t len = -1;
	char text[INET_ADDRSTRLEN];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	memcpy(q + 12 + n, "\0\1\0\1", 4);
	for (int i = 0; i < 100 && len < 0; i++) {
		sendto(fd, q, 12 + (size_t)n + 4, 0, (void *)&a, sizeof a);
		len = recv(fd, r, sizeof r, 0);
	}
	if (len < 28 || r[7] != 1 || !inet_ntop(AF_INET, r + len - 4, text, sizeof text) || strcmp(text, want) != 0)
		fail_msg("%s: not %s, %zd bytes", name, want, len);
}

TEST(names_are_answered_and_can_be_changed)
{
	struct launch_host hosts[] = { { "a.test", "10.0.0.1" }, { "b.test", "A.test" } };
	struct machine m;
	struct error err;
	int busy = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_free char *log = NULL, *qmp = NULL;

	make(&m, "n");
	m.l.dns.port = dns_port_choose(m.dir, &err);
	m.l.dns.hosts = hosts;
	m.l.dns.nhosts = 2;
	ok(start(&m, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.1");
	hosts[0].value = "10.0.0.2";
	m.l.machine.control = qmp = xasprintf("%s/qmp.sock", m.dir);
	ok(launch_save(&m.l, m.launch, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.1");
	ok(ha_reload(m.dir, &err));
	look_up(m.l.dns.port, "b.test", "10.0.0.2");
	ok(fs_write(m.launch, "{}", 2, 0600, &err));
	not_ok(ha_reload(m.dir, &err), "launch.json: ");
	look_up(m.l.dns.port, "b.test", "10.0.0.2");
	done(&m);
	/* somebody has the port: it is taken when it is free, and the machine runs meanwhile */
	make(&m, "n");
	m.l.dns.port = dns_port_choose(m.dir, &err);
	m.l.dns.hosts = hosts;
	m.l.dns.nhosts = 2;
	at.sin_port = htons((in_port_t)m.l.dns.port);
	assert_int_equal(bind(busy, (void *)&at, sizeof at), 0);
	not_ok(dns_port_usable(m.l.dns.port, &err), "in use");
	assert_int_not_equal(dns_port_choose(m.dir, &err), m.l.dns.port);
	ok(start(&m, &err));
	/* soon after its socket is there */
	for (int i = 0; i < 1000 && (!log || !strstr(log, "address already in use; trying again")); i++) {
		free(log);
		log = log_text(&m, "ha.stderr.log");
		usleep(10000);
	}
	assert_non_null(strstr(log, "address already in use; trying again"));
	close(busy);
	look_up(m.l.dns.port, "a.test", "10.0.0.2");
	done(&m);
}

TEST(a_killed_agent_is_followed_by_one_that_takes_over)
{
	struct machine m;
	struct error err;
	pid_t qemu, agent;
	auto_free char *log = NULL;

	make(&m, "d");
	ok(start(&m, &err));
	qemu = qemu_of(&m);
	agent = ha_pid(m.dir);
	kill(agent, SIGKILL);
	proc_wait_gone(agent, 0, 5000, NULL);
	assert_int_equal(ha_pid(m.dir), 0);
	assert_int_equal(qemu_pid(m.dir, 0), qemu);
	ok(start(&m, &err));
	assert_int_equal(qemu_of(&m), qemu);
	log = log_text(&m, "ha.stderr.log");
	assert_non_null(strstr(log, "taken over"));
	/* and without its pid file, as `rm *.pid` would leave it */
	kill(ha_pid(m.dir), SIGKILL);
	while (ha_pid(m.dir))
		usleep(1000);
	unlink(m.pidfile);
	assert_int_equal(qemu_pid(m.dir, 0), 0);
	ok(start(&m, &err));
	assert_int_equal(qemu_of(&m), qemu);
	done(&m);
	assert_false(proc_is(qemu, 0, NULL));
}

/* Ends QEMU by a signal or through QMP, and waits for the agent to follow. */
static char *
end_of(struct machine *m, int sig)
{
	pid_t agent = ha_pid(m->dir);
	struct error err;
	auto_free char *socket = xasprintf("%s/qmp.sock", m->dir);

	assert_true(agent > 0);
	if (sig)
		kill(qemu_of(m), sig);
	else
		ok(qmp_execute(socket, "quit", NULL, 5000, NULL, &err));
	assert_int_equal(proc_wait_gone(agent, 0, 10000, NULL), 1);
	assert_clean(m);
	return log_text(m, "ha.stdout.log");
}

TEST(the_end_of_qemu_is_the_end_of_the_agent)
{
	struct machine m;
	struct error err;
	auto_free char *killed = NULL, *left = NULL, *adopted = NULL;

	make(&m, "e");
	ok(start(&m, &err));
	killed = end_of(&m, SIGKILL);
	assert_non_null(strstr(killed, "\"exiting\":true,\"errors\":[\"QEMU was ended by signal 9 (Killed)\"]"));
	ok(start(&m, &err));
	left = end_of(&m, 0);
	assert_non_null(strstr(left, "\"exiting\":true,\"sshLocalPort\":1"));
	ok(start(&m, &err));
	kill(ha_pid(m.dir), SIGKILL);
	while (ha_pid(m.dir))
		usleep(1000);
	ok(start(&m, &err));
	adopted = end_of(&m, SIGKILL);
	assert_non_null(strstr(adopted, "\"exiting\":true"));
	done(&m);
}

TEST(qemu_goes_without_an_agent_too)
{
	struct machine m;
	struct error err;

	make(&m, "f");
	ok(start(&m, &err));
	kill(ha_pid(m.dir), SIGKILL);
	while (ha_pid(m.dir))
		usleep(1000);
	ok(driver_stop(m.dir, 100, NULL, &err));
	assert_int_equal(qemu_pid(m.dir, 1), 0);
	ok(driver_stop(m.dir, 100, NULL, &err));
	/* what a killed agent leaves, the next takes away */
	ok(start(&m, &err));
	done(&m);
}

static void
waits_for(struct machine *m, const char *what)
{
	struct ha_info i = { .waiting_for = "" };
	struct error err;

	for (int n = 0; n < 1000; n++) {
		AUTO(arena) a = { 0 };

		ok(ha_info(m->dir, &a, &i, &err));
		if (strcmp(i.waiting_for, what) == 0)
			return;
		usleep(10000);
	}
	fail_msg("it never waits for %s", what);
}

TEST(is_ready_when_all_is_there)
{
	static const struct launch_probe probes[] = {
		{ "first", "#!/bin/sh\n[ \"$FOO\" = \"a b\" ] || FOO=\"a b\"; test -e /run/first\n", "hint" },
		{ "second", "#!/usr/bin/env sh\nread -r x <&0; echo \"$x\" >&2\n", "hint" },
	};
	AUTO(arena) a = { 0 };
	struct sshd s = guest("g");
	auto_free char *events = NULL, *log = NULL, *first = test_path("g/first"), *p = NULL;
	struct launch_probe mine[2];
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "g-vm");
	use_guest(&m, &s);
	memcpy(mine, probes, sizeof mine);
	mine[0].script = p = xasprintf("#!/bin/sh\ntest -e %s\n", first);
	m.l.probes = mine;
	m.l.nprobes = 2;
	set_marker("g", "lima-ssh-ready", "iid-0\n");
	ok(start(&m, &err));
	waits_for(&m, "user session is ready for ssh");
	set_marker("g", "lima-ssh-ready", "iid-1\n");
	waits_for(&m, "first");
	not_ok(ha_wait_ready(m.dir, 0, 300, NULL, &a, &i, &err), "in time");
	set_marker("g", "first", "");
	waits_for(&m, "boot scripts must have finished");
	set_marker("g", "lima-boot-done", "iid-1");
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_string_equal(i.errors, "");
	assert_string_equal(i.waiting_for, "");
	assert_true(i.since_ms > 1600000000000);
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"status\":{\"running\":true,\"sshLocalPort\":"));
	assert_null(strstr(events, "degraded"));
	log = log_text(&m, "ha.stderr.log");
	assert_non_null(strstr(log, "\"level\":\"info\",\"msg\":\"final requirement is satisfied"));
	done(&m);
	sshd_stop(&s);
}

/* One that writes to its console while it boots, as `ms` say; the tail of the file is the guest's, whoever writes it. */
static pid_t
chatter(const char *console, int ms)
{
	pid_t pid = fork();
	int fd = pid ? -1 : open(console, O_WRONLY | O_APPEND);

	for (int t = 0; !pid && t < ms; t += 50) {
		if (write(fd, "another driver\n", 15) != 15)
			_exit(1);
		usleep(50000);
	}
	if (!pid)
		_exit(0);
	return pid;
}

TEST(time_is_up_when_a_guest_does_not_get_on_and_counts_anew_for_who_waits_anew)
{
	static const struct launch_probe probe = { "never", "#!/bin/sh\nexit 1\n", "look" };
	AUTO(arena) a = { 0 };
	struct sshd s = guest("again");
	auto_free char *serial = NULL, *chardev = NULL;
	struct machine m;
	struct ha_info i;
	struct error err;
	int seconds = 0;
	pid_t pid;

	make(&m, "again-vm");
	use_guest(&m, &s);
	serial = xasprintf("%s/serial.log", m.dir);
	chardev = xasprintf("file,id=c,path=%s", serial);
	word(&m, "-chardev");
	word(&m, chardev);
	m.l.guest.plain = true;
	m.l.probes = &probe;
	m.l.nprobes = 1;
	m.l.boot_timeout_ms = 4000;
	ok(start(&m, &err));
	pid = chatter(serial, 6000);
	ok(ha_wait_ready(m.dir, 0, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_int_equal(sscanf(i.errors, "not ready after %d s", &seconds), 1);
	assert_in_range(seconds, 5, 12);
	waitpid(pid, NULL, 0);
	/* said again at once to who only asks; who waits anew is told after his own time */
	ok(ha_wait_ready(m.dir, 0, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	not_ok(ha_wait_ready(m.dir, 50, 300, NULL, &a, &i, &err), "in time");
	ok(ha_info(m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_STARTING);
	assert_string_equal(i.errors, "");
	ok(ha_wait_ready(m.dir, 1, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "not ready after 1 s"));
	done(&m);
	sshd_stop(&s);
}

TEST(is_degraded_when_time_is_up_and_ready_after_all)
{
	static const struct launch_probe probe = { "never \"mind\"", "#!/bin/sh\necho not yet >&2; exit 1\n", "look" };
	AUTO(arena) a = { 0 };
	struct sshd s = guest("h");
	auto_free char *events = NULL, *serial = NULL;
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "h-vm");
	use_guest(&m, &s);
	m.l.guest.plain = true;
	m.l.probes = &probe;
	m.l.nprobes = 1;
	m.l.boot_timeout_ms = 3000;
	ok(start(&m, &err));
	serial = xasprintf("%s/serial.log", m.dir);
	ok(fs_write(serial, "Welcome\r\n\033[31mpanic\033[0m: <no> init\r\n\r\n", 38, 0600, &err));
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "not ready after 3 s") || !strstr(i.errors, "never \"mind\"") ||
	    !strstr(i.errors, "the probe said: not yet") || !strstr(i.errors, "console ends with: Welcome|panic: <no> init"))
		fail_msg("%s", i.errors);
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"running\":true,\"degraded\":true,\"errors\":[\"not ready after"));
	assert_non_null(strstr(events, "\\u003cno\\u003e"));
	done(&m);
	free(events);
	/* without the probe, and time enough for the rest */
	make(&m, "h-vm");
	use_guest(&m, &s);
	m.l.guest.plain = true;
	m.l.boot_timeout_ms = 1500;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	set_marker("h", "lima-boot-done", "iid-1\n");
	waits_for(&m, "");
	ok(ha_info(m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_string_equal(i.errors, "");
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"status\":{\"running\":true,\"sshLocalPort\":"));
	done(&m);
	sshd_stop(&s);
}

/* Connections to the agent, by the kernel's list. */
static int
callers_of(struct machine *m)
{
	auto_free char *socket = xasprintf("%s/ha.sock", m->dir);
	AUTO(buf) list = BUF_INIT;
	struct error err;
	int n = 0;

	ok(fs_read("/proc/net/unix", &list, 16 << 20, &err));
	for (const char *p = list.s; (p = strstr(p, socket)); p++)
		n++;
	return n - 1;	/* and the one that listens */
}

TEST(a_wait_ends_with_the_machine)
{
	AUTO(arena) a = { 0 };
	struct ha_info i;
	struct machine m;
	struct error err;
	int status;
	pid_t pid;

	make(&m, "i");
	ok(start(&m, &err));
	pid = fork();
	if (pid == 0)
		_exit(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err) == 0 && i.phase == HA_STOPPING ? 7 : 1);
	for (int n = 0; n < 20000 && callers_of(&m) < 1; n++)
		usleep(1000);
	ok(ha_stop(m.dir, 20000, NULL, &err));
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	done(&m);
	not_ok(ha_info("/nonexistent", &a, &i, &err), "no such file");
	assert_int_equal(err.code, ENOENT);
}

static int
listener(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&a, sizeof a) | listen(fd, 64) | getsockname(fd, (void *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* A server in the place of the guest's: it reads to the end, then says how much that was, and closes. */
static pid_t
counter(int *port)
{
	int fd = listener(port);
	pid_t pid = fork();

	if (pid == 0) {
		for (int c; (c = accept(fd, NULL, NULL)) >= 0; close(c)) {
			char block[65536];
			long long sum = 0;
			ssize_t n;

			while ((n = read(c, block, sizeof block)) > 0)
				sum += n;
			dprintf(c, "%lld", sum);
		}
		_exit(0);
	}
	close(fd);
	return pid;
}

/* Sends `len` bytes and the end, reads the answer. "": the connection was not made, or came to nothing. */
static char *
count_by(int port, const char *path, size_t len)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	auto_close int fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	static char block[65536];
	char answer[64] = "";
	size_t got = 0;
	ssize_t n;

	if (path)
		strcpy(u.sun_path, path);
	if (connect(fd, path ? (void *)&u : (void *)&a, path ? sizeof u : sizeof a) < 0)
		return xstrdup("");
	for (; len; len -= (size_t)n) {
		n = send(fd, block, len < sizeof block ? len : sizeof block, MSG_NOSIGNAL);
		if (n <= 0)
			return xstrdup("");
	}
	shutdown(fd, SHUT_WR);
	while (got < sizeof answer - 1 && (n = read(fd, answer + got, sizeof answer - 1 - got)) > 0)
		got += (size_t)n;
	return xstrdup(answer);
}

static struct forward_rule
to_port(int guest_port, int host_port)
{
	return (struct forward_rule){ .guest_ip = "127.0.0.1", .host_ip = "127.0.0.1", .guest_port = { guest_port, guest_port },
				      .host_port = { host_port, host_port }, .guest_socket = "", .host_socket = "" };
}

static void
counts(int port, const char *path, size_t len)
{
	auto_free char *got = count_by(port, path, len), *want = xasprintf("%zu", len);

	assert_string_equal(got, want);
}

static void
state_of(struct machine *m, const char *id, const char *begin)
{
	struct error err;

	for (int n = 0; n < 1000; n++) {
		AUTO(arena) a = { 0 };
		struct ha_forward *f;
		size_t count;

		ok(ha_forwards(m->dir, &a, &f, &count, &err));
		for (size_t i = 0; i < count; i++)
			if (!strcmp(f[i].id, id) && !strncmp(f[i].state, begin, strlen(begin)))
				return;
		usleep(10000);
	}
	fail_msg("%s is never %s", id, begin);
}

/* Said once, and had as soon as it can be. */
TEST(a_taken_port_is_had_when_it_is_free)
{
	int there, here, fd;
	pid_t server = counter(&there);
	struct sshd s = guest("m");
	struct forward_rule r;
	auto_free char *log = NULL;
	const char *once;
	struct machine m;
	struct error err;

	make(&m, "m-vm");
	use_guest(&m, &s);
	ok(start(&m, &err));
	fd = listener(&here);
	r = to_port(there, here);
	not_ok(ha_put_forward(m.dir, "one", &r, &err), "address already in use");
	usleep(2500000);
	state_of(&m, "one", "failed: ");
	close(fd);
	state_of(&m, "one", "listening");
	counts(here, NULL, 1000);
	log = log_text(&m, "ha.stderr.log");
	once = strstr(log, "address already in use");
	assert_non_null(once);
	assert_null(strstr(once + 1, "address already in use"));
	done(&m);
	sshd_stop(&s);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

TEST(forwards_ports)
{
	int there, here = ssh_free_port(NULL);
	pid_t server = counter(&there);
	struct sshd s = guest("k");
	struct forward_rule r = to_port(there, here), udp = r, both = to_port(there, there), sock;
	auto_free char *path = test_path("k-vm/sock/deep.sock"), *got = NULL;
	AUTO(arena) a = { 0 };
	struct ha_forward *f;
	struct machine m;
	struct error err;
	size_t n;

	make(&m, "k-vm");
	use_guest(&m, &s);
	ok(start(&m, &err));
	ok(ha_put_forward(m.dir, "one", &r, &err));
	/* before there is a connection to the guest: it waits for it */
	counts(here, NULL, 10);
	counts(here, NULL, 0);
	counts(here, NULL, 20 << 20);
	not_ok(ha_put_forward(m.dir, "two", &both, &err), "address already in use");
	assert_int_equal(err.code, EADDRINUSE);
	state_of(&m, "two", "failed: listen on 127.0.0.1");
	ok(ha_delete_forward(m.dir, "two", &err));
	udp.proto = FORWARD_UDP;
	ok(ha_put_forward(m.dir, "udp", &udp, &err));
	ok(ha_delete_forward(m.dir, "udp", &err));
	not_ok(ha_put_forward(m.dir, "a/b", &r, &err), "no name");
	sock = r;
	sock.host_socket = path;
	ok(ha_put_forward(m.dir, "sock", &sock, &err));
	counts(0, path, 100000);
	ok(ha_put_forward(m.dir, "one", &r, &err));
	ok(ha_forwards(m.dir, &a, &f, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(f[0].id, "sock");
	assert_string_equal(f[1].state, "listening");
	assert_non_null(strstr(f[1].rule, "\"proto\":\"tcp\""));
	ok(ha_delete_forward(m.dir, "one", &err));
	ok(ha_delete_forward(m.dir, "one", &err));
	got = count_by(here, NULL, 1);
	assert_string_equal(got, "");
	ok(ha_delete_forward(m.dir, "sock", &err));
	assert_false(fs_exists(path));
	done(&m);
	sshd_stop(&s);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

TEST(many_connections_at_once)
{
	int there, here = ssh_free_port(NULL), status;
	pid_t server = counter(&there), pids[16];
	struct sshd s = guest("l");
	struct forward_rule r = to_port(there, here);
	struct machine m;
	struct error err;

	make(&m, "l-vm");
	use_guest(&m, &s);
	ok(start(&m, &err));
	ok(ha_put_forward(m.dir, "one", &r, &err));
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			auto_free char *got = count_by(here, NULL, 300000 + i);

			_exit(atoi(got) == 300000 + (int)i ? 0 : 1);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	done(&m);
	sshd_stop(&s);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

TEST(a_lost_connection_is_made_anew)
{
	int there, here = ssh_free_port(NULL);
	pid_t server = counter(&there);
	struct sshd s = guest("n");
	struct forward_rule r = to_port(there, here), nobody = to_port(ssh_free_port(NULL), ssh_free_port(NULL));
	auto_free char *refused = NULL, *pids = NULL;
	AUTO(buf) list = BUF_INIT;
	struct machine m;
	struct error err;

	make(&m, "n-vm");
	use_guest(&m, &s);
	ok(start(&m, &err));
	ok(ha_put_forward(m.dir, "one", &r, &err));
	ok(ha_put_forward(m.dir, "nobody", &nobody, &err));
	counts(here, NULL, 1000);
	/* refused in the guest: the connection is closed, and that is all */
	refused = count_by(nobody.host_port[0], NULL, 1);
	assert_string_equal(refused, "");
	/* the sessions are children of the listener, which goes on: end them */
	pids = xasprintf("%d", (int)s.pid);
	ok(proc_run((const char *const[]){ "pgrep", "-P", pids, NULL }, &(struct proc_opts){ .out = &list }, &err));
	for (char *p = list.s; *p;) {
		pid_t listener = (pid_t)strtol(p, &p, 10);
		auto_free char *text = xasprintf("%d", (int)listener);
		AUTO(buf) sessions = BUF_INIT;

		p += *p == '\n';
		ok(proc_run((const char *const[]){ "pgrep", "-P", text, NULL }, &(struct proc_opts){ .out = &sessions }, &err));
		for (char *q = sessions.s; *q;) {
			kill((pid_t)strtol(q, &q, 10), SIGKILL);
			q += *q == '\n';
		}
	}
	counts(here, NULL, 1000);
	done(&m);
	sshd_stop(&s);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

TEST(bad_requests_are_sent_away)
{
	static const struct {
		const char *text, *answer;
	} cases[] = {
		{ "hello\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /v1/info HTTP/2.0\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /nope HTTP/1.1\r\n\r\n", "HTTP/1.1 404 " },
		{ "POST /v1/info HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n" },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", "HTTP/1.1 400 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413 " },
		{ "PUT /v1/forwards/ HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400 " },
		{ "GET /v1/screenshot?format=png HTTP/1.1\r\n\r\n", "HTTP/1.1 501 " },
		{ "GET /v1/wait?until=monday HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /v1/info?x=y HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" },
	};
	auto_free char *path = test_path("o/ha.sock");
	struct sock_wait w = { .deadline = clock_ms() + 20000 };
	struct machine m;
	struct error err;
	int fds[70];

	make(&m, "o");
	ok(start(&m, &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_close int fd = sock_connect(path, &w, &err);
		char got[4096] = "";

		assert_true(fd >= 0);
		ok(sock_write(fd, cases[i].text, strlen(cases[i].text), &w, &err));
		assert_true(sock_read(fd, got, sizeof got - 1, &w, &err) > 0);
		if (strncmp(got, cases[i].answer, strlen(cases[i].answer)) != 0)
			fail_msg("%s -> %s", cases[i].text, got);
	}
	/* too much, and from too many; then it still works */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = sock_connect(path, &w, &err);
		assert_true(fds[i] >= 0);
	}
	for (int i = 0; i < 3000 && send(fds[0], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 38, MSG_NOSIGNAL) > 0; i++)
		;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	/* it sends us away as well until it has seen them go */
	for (int i = 0; i < 500; i++) {
		AUTO(arena) a = { 0 };
		struct ha_info info;

		if (ha_info(m.dir, &a, &info, &err) == 0)
			break;
		usleep(10000);
	}
	assert_true(qemu_of(&m) > 0);
	done(&m);
}

TEST(a_cancelled_start_leaves_nothing)
{
	volatile int cancel = 1;
	struct machine m;
	struct error err;
	struct ha_start s;

	make(&m, "p");
	s = (struct ha_start){ .program = m.program, .dir = m.dir, .name = "t", .cancel = &cancel };
	m.l.machine.nargv = m.n;
	m.l.machine.control = "/nonexistent/qmp.sock";
	ok(launch_save(&m.l, m.launch, &err));
	not_ok(ha_start(&s, &err), "cancelled");
	assert_clean(&m);
	/* a QEMU that never answers */
	cancel = 0;
	s.timeout_ms = 500;
	not_ok(ha_start(&s, &err), "does not answer on its control socket");
	assert_clean(&m);
	done(&m);
}

/* Between its pid file and its event loop: a signal that waits since before its first line is one that comes then. */
TEST(a_signal_that_comes_too_early_is_kept)
{
	auto_free char *pidfile = test_path("q/ha.pid"), *sock = test_path("q/ha.sock");
	struct machine m;
	struct error err;
	sigset_t set;
	pid_t pid;

	make(&m, "q");
	m.l.machine.nargv = m.n;
	m.l.machine.control = "/nonexistent/qmp.sock";
	ok(launch_save(&m.l, m.launch, &err));
	pid = fork();
	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGTERM);
		execl(m.program, m.program, "--pidfile", pidfile, "--socket", sock, "--launch", m.launch, "t", NULL);
		_exit(127);
	}
	assert_int_equal(proc_wait_gone(pid, 0, 20000, NULL), 1);
	assert_clean(&m);
	done(&m);
}

/* The rules, as limactl tells a running agent of them. */
static void
tell_copies(struct machine *m, const struct launch_copy *v, size_t n)
{
	struct error err;

	m->l.copies = v;
	m->l.ncopies = n;
	ok(launch_save(&m->l, m->launch, &err));
	ok(ha_reload(m->dir, &err));
}

/* "": the file is not there */
static bool
holds(const char *path, const char *text)
{
	AUTO(buf) b = BUF_INIT;

	for (int i = 0; i < 1000; i++) {
		buf_truncate(&b, 0);
		fs_read_if(path, &b, 1000, NULL);
		if (strcmp(b.s, text) == 0)
			return true;
		usleep(10000);
	}
	return false;
}

TEST(a_copy_follows_its_rule_and_no_other)
{
	auto_free char *g1 = test_file("copy-g1", "one", 3), *g2 = test_file("copy-g2", "two", 3);
	auto_free char *g3 = test_path("copy-g3"), *h1 = test_path("copies/1"), *h2 = test_path("copies/2"), *h3 = test_path("copies/3");
	const struct launch_copy rules[] = { { g1, h1, false, true }, { g2, h2, false, false }, { g3, h3, false, false } };
	struct sshd s = guest("copy");
	AUTO(arena) a = { 0 };
	struct ha_info i = { 0 };
	struct machine m;
	struct error err;

	make(&m, "copy-vm");
	use_guest(&m, &s);
	set_marker("copy", "lima-ssh-ready", "iid-1\n");
	set_marker("copy", "lima-boot-done", "iid-1\n");
	m.l.copies = rules;
	m.l.ncopies = 1;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_true(holds(h1, "one"));
	/* two more, one of which cannot be had; the first is not copied again */
	ok(fs_write(g1, "new", 3, 0600, &err));
	tell_copies(&m, rules, 3);
	assert_true(holds(h2, "two"));
	for (int n = 0; n < 1000 && i.phase != HA_DEGRADED; n++) {
		usleep(10000);
		ok(ha_info(m.dir, &a, &i, &err));
	}
	assert_non_null(strstr(i.errors, "copy-g3"));
	assert_true(holds(h1, "one"));
	/* now it can */
	ok(fs_write(g3, "three", 5, 0600, &err));
	tell_copies(&m, rules, 3);
	assert_true(holds(h3, "three"));
	for (int n = 0; n < 1000 && i.phase != HA_RUNNING; n++) {
		usleep(10000);
		ok(ha_info(m.dir, &a, &i, &err));
	}
	assert_string_equal(i.errors, "");
	assert_true(holds(h1, "one"));
	/* what goes with the machine goes with its rule */
	tell_copies(&m, rules + 1, 2);
	assert_true(holds(h1, ""));
	assert_true(holds(h2, "two"));
	m.l.copies = NULL;
	m.l.ncopies = 0;
	done(&m);
	assert_true(holds(h2, "two"));
	sshd_stop(&s);
}

/* A guest puts links into a folder that it can write, where files and sockets of the host are to be. */
TEST(links_of_the_guest_lead_no_file_and_no_socket_astray)
{
	auto_free char *file = test_file("astray-g", "one", 3), *folder = test_path("astray"), *victim = test_path("victim");
	auto_free char *out = test_path("astray/out"), *there = test_path("astray/out/config"), *kept = test_path("victim/config");
	auto_free char *bound = test_path("astray/out/sock"), *good = test_path("astray/in/sock");
	const struct launch_copy rule[] = { { file, there, false, true } };
	const char *writes[] = { folder };
	struct sshd s = guest("astray-guest");
	struct forward_rule r = to_port(1, 1);
	AUTO(arena) a = { 0 };
	struct ha_info i = { 0 };
	struct machine m;
	struct error err;

	ok(fs_mkdirs(folder, 0700, &err));
	ok(fs_mkdirs(victim, 0700, &err));
	ok(fs_write(kept, "kept", 4, 0600, &err));
	assert_int_equal(symlink("../victim", out), 0);
	make(&m, "astray-vm");
	use_guest(&m, &s);
	set_marker("astray-guest", "lima-ssh-ready", "iid-1\n");
	set_marker("astray-guest", "lima-boot-done", "iid-1\n");
	m.l.guest.writes = writes;
	m.l.guest.nwrites = 1;
	m.l.copies = rule;
	m.l.ncopies = 1;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, 20000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "is a link in a folder that a guest can write"));
	r.host_socket = bound;
	not_ok(ha_put_forward(m.dir, "bad", &r, &err), "is a link in a folder that a guest can write");
	r.host_socket = good;
	ok(ha_put_forward(m.dir, "good", &r, &err));
	assert_true(fs_exists(good));
	m.l.copies = NULL;
	m.l.ncopies = 0;
	done(&m);
	/* neither what was to go with the machine, nor what was in the place of the socket */
	assert_true(holds(kept, "kept"));
	assert_false(fs_exists(good));
	sshd_stop(&s);
}

/* What a guest writes to its console without end does not fill the disk, and its end can be read. */
TEST(a_console_that_floods_is_cut)
{
	enum { MANY = 72 << 20 };
	auto_free char *text = xrealloc(NULL, 1, MANY), *path = NULL;
	struct machine m;
	struct stat st;
	struct error err;
	char end[4];
	int fd;

	make(&m, "flood");
	ok(start(&m, &err));
	path = xasprintf("%s/serial.log", m.dir);
	memset(text, 'x', MANY);
	memcpy(text + MANY - 4, "end\n", 4);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, MANY), MANY);
	for (int i = 0; i < 2000 && (fstat(fd, &st) < 0 || st.st_blocks > (4 << 20) / 512); i++)
		usleep(10000);
	assert_true(st.st_blocks <= (4 << 20) / 512);
	assert_int_equal(st.st_size, MANY);
	assert_int_equal(pread(fd, end, 4, MANY - 4), 4);
	assert_memory_equal(end, "end\n", 4);
	close(fd);
	done(&m);
}
