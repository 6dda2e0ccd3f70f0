/* Forwards of a host agent through the SSH connection to its guest. */
#include "hostagent/protocol/ha_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hostagent/protocol/forward_rule.h"
#include "tests/unit/agent.h"

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
