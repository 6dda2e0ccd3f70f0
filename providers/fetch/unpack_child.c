#include "providers/fetch/unpack_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "providers/fetch/digest.h"
#include "providers/fetch/inflate.h"
#include "providers/fetch/unpack.h"

enum { BLOCK = 1 << 17, TICK_MS = 50, LEAST_MS = 10 * 60 * 1000, SLOWEST_BYTES_PER_MS = 1 << 10, FIRST_FREE = 3 };

/* xz may ask for 256 MiB and zstd for 128, beside what the process has already. */
#define MEMORY_MAX (UINT64_C(2) << 30)

/* This is the parent's side. */
struct feed {
	const struct unpack *u;
	int in, sock;
	struct digest *hash;
	uint64_t fed, total;
	unsigned char *block;
	size_t at, len;
	bool end;
	long long deadline;
};

/* It has its three descriptors, and nothing else of ours: not the terminal, not the database. */
static _Noreturn void
child_main(const struct unpack *u, const struct inflate_kind *kind, int sock, int out, const struct sandbox *box, int rules)
{
	struct error e = { 0 };
	int fd[] = { fcntl(sock, F_DUPFD, 10), fcntl(out, F_DUPFD, 10), rules < 0 ? -1 : fcntl(rules, F_DUPFD, 10) };

	if (fd[0] < 0 || fd[1] < 0 || dup2(fd[0], 0) < 0 || dup2(fd[1], 1) < 0 || (rules >= 0 && dup2(fd[2], 2) < 0))
		_exit(1);
	if (rules < 0)
		close(2);
	close_range(FIRST_FREE, ~0U, 0);
	if (sandbox_enter(box, rules < 0 ? -1 : 2) < 0)
		error_errno(&e, "confine the unpacking of %s", u->from);
	else if (unpack_stream(u, kind, 0, 1, &e) == 0)
		e.code = 0;
	while (write(0, &e, sizeof e) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int
feed_refill(struct feed *f, struct error *err)
{
	ssize_t n;

	while ((n = read(f->in, f->block, BLOCK)) < 0)
		if (errno != EINTR)
			return error_errno(err, "read %s", f->u->from);
	f->at = 0;
	f->len = (size_t)n;
	if (n == 0) {
		f->end = true;
		return shutdown(f->sock, SHUT_WR) < 0 && errno != ENOTCONN ? error_errno(err, "unpack %s", f->u->from) : 0;
	}
	if (f->hash)
		digest_update(f->hash, f->block, (size_t)n);
	return 0;
}

/* As much as it takes now. One that has answered already takes no more: what it answered is read. */
static int
feed_some(struct feed *f, struct error *err)
{
	ssize_t n;

	if (f->at == f->len && feed_refill(f, err) < 0)
		return -1;
	if (f->end)
		return 0;
	n = send(f->sock, f->block + f->at, f->len - f->at, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		f->end = true;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		return error_errno(err, "unpack %s", f->u->from);
	f->at += n > 0 ? (size_t)n : 0;
	f->fed += n > 0 ? (size_t)n : 0;
	if (n > 0 && f->u->progress)
		f->u->progress(f->u->ctx, f->fed, f->total);
	return 0;
}

/* Its answer. None: it was ended, by the kernel for what it tried or took. */
static int
feed_answer(const struct feed *f, struct error *err)
{
	struct error e = { 0 };
	ssize_t n;

	while ((n = recv(f->sock, &e, sizeof e, MSG_WAITALL)) < 0 && errno == EINTR)
		;
	if (n != sizeof e)
		return error_set(err, ERR_INVALID, "%s: cannot be unpacked: the process that did it ended early (damaged, or made to do harm)",
				 f->u->from);
	e.msg[sizeof e.msg - 1] = '\0';
	return e.code ? error_set(err, e.code, "%s", e.msg) : 0;
}

/* The child may have answered before the end of its food; what it has not read is hashed all the same. */
static int
feed_rest(struct feed *f, struct error *err)
{
	for (f->len = 0, f->end = false; f->hash && !f->end;)
		if (feed_refill(f, err) < 0)
			return -1;
	return 0;
}

static int
feed_all(struct feed *f, struct error *err)
{
	for (;;) {
		struct pollfd p = { .fd = f->sock, .events = (short)(POLLIN | (f->end ? 0 : POLLOUT)) };

		if (f->u->cancel && *f->u->cancel)
			return error_set(err, ERR_CANCELLED, "interrupted while unpacking %s", f->u->from);
		if (clock_ms() > f->deadline)
			return error_set(err, ETIMEDOUT, "%s: still not unpacked after %lld minutes", f->u->from,
					 (long long)(LEAST_MS + f->u->max_bytes / SLOWEST_BYTES_PER_MS) / 60000);
		if (poll(&p, 1, TICK_MS) <= 0)
			continue;
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			return feed_answer(f, err) < 0 ? -1 : feed_rest(f, err);
		if (feed_some(f, err) < 0)
			return -1;
	}
}

int
unpack_by_child(const struct unpack *u, const struct inflate_kind *kind, int in, int out, uint64_t total, struct digest *hash,
		struct error *err)
{
	auto_free unsigned char *block = xcalloc(1, BLOCK);
	struct sandbox box = { .computes = true, .max_file_bytes = u->max_bytes, .max_memory_bytes = MEMORY_MAX };
	struct feed f = { .u = u, .in = in, .hash = hash, .total = total, .block = block,
			  .deadline = clock_ms() + LEAST_MS + (long long)(u->max_bytes / SLOWEST_BYTES_PER_MS) };
	auto_close int rules = sandbox_rules(&box, NULL, err);
	int pair[2], r;
	pid_t pid;

	if (rules == -1)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, "unpack %s", u->from);
	f.sock = pair[0];
	pid = fork();
	if (pid == 0)
		child_main(u, kind, pair[1], out, &box, rules);
	close(pair[1]);
	r = pid < 0 ? error_errno(err, "fork") : feed_all(&f, err);
	close(pair[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return r;
}
