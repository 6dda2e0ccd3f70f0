/* The host agent as limactl drives it: it starts a machine, is taken over by the next one, and ends with its machine. */
#include "hostagent/protocol/ha_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "providers/driver.h"
#include "providers/drivers/qemu/qmp.h"
#include "tests/unit/agent.h"

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
		_exit(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err) == 0 && i.phase == HA_STOPPING ? 7 : 1);
	for (int n = 0; n < 20000 && callers_of(&m) < 1; n++)
		usleep(1000);
	ok(ha_stop(m.dir, PATIENCE_MS, NULL, &err));
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 7);
	done(&m);
	not_ok(ha_info("/nonexistent", &a, &i, &err), "no such file");
	assert_int_equal(err.code, ENOENT);
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
	assert_int_equal(proc_wait_gone(pid, 0, PATIENCE_MS, NULL), 1);
	assert_clean(&m);
	done(&m);
}
