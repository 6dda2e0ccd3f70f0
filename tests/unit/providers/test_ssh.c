#include "providers/ssh/ssh.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/quote/quote.h"
#include "providers/sock.h"
#include "providers/ssh/ssh_exec.h"
#include "providers/ssh/ssh_heap.h"
#include "tests/unit/sshd.h"

static struct ssh_target
target(const struct sshd *s)
{
	return (struct ssh_target){ .port = s->port, .user = s->user, .keys = (const char *const *)&s->key, .nkeys = 1 };
}

TEST(runs_commands)
{
	struct sshd s = sshd_start("a", NULL);
	struct ssh_target to = target(&s);
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) errors = BUF_INIT;
	struct error err;
	int status = -1;

	ok(ssh_run(&to, &(struct ssh_command){ .command = "echo out; echo err >&2; exit 7", .out = &out, .err = &errors },
		   &status, &err));
	assert_int_equal(status, 7);
	assert_string_equal(out.s, "out\n");
	assert_string_equal(errors.s, "err\n");
	buf_truncate(&out, 0);
	ok(ssh_run(&to, &(struct ssh_command){ .command = "sh -s", .input = "echo $((6*7))\n", .input_len = 14, .out = &out },
		   &status, &err));
	assert_int_equal(status, 0);
	assert_string_equal(out.s, "42\n");
	ok(ssh_run(&to, &(struct ssh_command){ .command = "kill -9 $$" }, &status, &err));
	assert_int_equal(status, 128);
	/* a command that does not read its input */
	ok(ssh_run(&to, &(struct ssh_command){ .command = "true", .input = "x", .input_len = 1 }, &status, &err));
	assert_int_equal(status, 0);
	sshd_stop(&s);
}

TEST(moves_megabytes_both_ways_through_new_keys)
{
	struct sshd s = sshd_start("b", "RekeyLimit 300K");
	struct ssh_target to = target(&s);
	AUTO(buf) in = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;
	int status;

	while (in.len < 3 << 20)
		buf_addf(&in, "line %zu of what goes there and back\n", in.len);
	ok(ssh_run(&to, &(struct ssh_command){ .command = "cat", .input = in.s, .input_len = in.len, .out = &out,
					       .max_output = 4 << 20, .timeout_ms = 60000 }, &status, &err));
	assert_int_equal(out.len, in.len);
	assert_memory_equal(out.s, in.s, in.len);
	sshd_stop(&s);
}

TEST(bounds_output_and_time)
{
	struct sshd s = sshd_start("c", NULL);
	struct ssh_target to = target(&s);
	AUTO(buf) out = BUF_INIT;
	volatile int cancel = 1;
	struct error err;
	long long begin;
	int status;

	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "head -c 100000 /dev/zero", .out = &out }, &status, &err),
	       "more output");
	assert_int_equal(out.len, 0);
	begin = clock_ms();
	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "sleep 60", .timeout_ms = 1500 }, &status, &err), "in time");
	assert_int_equal(err.code, ETIMEDOUT);
	assert_in_range(clock_ms() - begin, 1400, 10000);
	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "sleep 60", .cancel = &cancel }, &status, &err), "cancelled");
	assert_int_equal(err.code, ERR_CANCELLED);
	sshd_stop(&s);
}

TEST(says_why_not)
{
	struct sshd s = sshd_start("d", NULL);
	struct ssh_target to = target(&s);
	auto_free char *other = test_path("other-key"), *missing = test_path("missing-key");
	const char *wrong[] = { other, missing }, *second[] = { other, s.key };
	struct error err;
	int status;

	sshd_keygen(other);
	to.keys = wrong;
	to.nkeys = 2;
	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err), "no key of ours lets");
	assert_int_equal(err.code, EACCES);
	to.keys = second;
	ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err));
	sshd_stop(&s);
	not_ok(ssh_run(&to, &(struct ssh_command){ .command = "true" }, &status, &err), "connection refused");
	assert_int_equal(err.code, ECONNREFUSED);
}

/* A server that accepts, says `text` and closes, or waits. */
static int
rude(const char *text, bool wait, pid_t *pid)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), c;

	assert_int_equal(bind(fd, (void *)&a, sizeof a) | listen(fd, 1) | getsockname(fd, (void *)&a, &len), 0);
	*pid = fork();
	if (*pid == 0) {
		c = accept(fd, NULL, NULL);
		if (write(c, text, strlen(text)) < 0)
			_exit(1);
		while (wait)
			pause();
		_exit(0);
	}
	close(fd);
	return ntohs(a.sin_port);
}

TEST(survives_rude_servers)
{
	static const struct {
		const char *text;
		bool wait;
		int code;
	} cases[] = {
		{ "", false, 0 },
		{ "", true, ETIMEDOUT },
		{ "HTTP/1.1 400 Bad\r\n\r\n", false, 0 },
		{ "SSH-2.0-x\r\n", false, 0 },
		{ "SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false, 0 },
		{ "SSH-2.0-x\r\n", true, ETIMEDOUT },
	};
	struct ssh_target to = { .user = "x" };
	struct error err;
	int status;
	pid_t pid;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		to.port = rude(cases[i].text, cases[i].wait, &pid);
		not_ok(ssh_run(&to, &(struct ssh_command){ .command = "true", .timeout_ms = 500 }, &status, &err), "ssh: ");
		if (cases[i].code)
			assert_int_equal(err.code, cases[i].code);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

TEST(a_session_has_its_own_limited_heap)
{
	struct ssh_heap h = { 0 };
	char *a = ssh_heap_alloc(&h, 10), *b = ssh_heap_alloc(&h, SSH_HEAP_MAX / 2);

	assert_non_null(b);
	assert_null(ssh_heap_alloc(&h, SSH_HEAP_MAX / 2));
	strcpy(a, "123456789");
	a = ssh_heap_realloc(&h, a, 1000);
	assert_string_equal(a, "123456789");
	ssh_heap_free(&h, b);
	ssh_heap_free(&h, NULL);
	assert_int_equal(h.used, 1000);
	assert_non_null(ssh_heap_realloc(&h, NULL, SSH_HEAP_MAX - 1000));
	assert_null(ssh_heap_alloc(&h, 1));
	/* the rest goes with it */
	ssh_heap_release(&h);
	assert_int_equal(h.used, 0);
}
