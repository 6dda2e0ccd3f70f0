#include "reconciler/lookers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/process.h"

enum { MAX_LOOKERS = 128, TELL_FD = 3, READ_SIZE = 65536 };

/* In memory that all share. */
struct common {
	_Atomic size_t next;		/* the first group that nobody took */
	struct looker_slot {
		_Atomic size_t group;	/* that it works on, + 1 */
		looker_place at;
	} slot[MAX_LOOKERS];
	char quiet[];			/* by group: looked at, and there is nothing to tell */
};

struct looker {
	pid_t pid;
	int fd;				/* what it tells; -1: this slot is free */
	struct buf in;
	size_t group;
	uint32_t at;
	long long since_ms;		/* it is there since then */
	bool relieved;			/* another one was started for the rest */
};

struct message {
	size_t group, len;
};

struct lookers {
	const struct looking *l;
	struct common *common;
	size_t common_size;
	struct looker v[MAX_LOOKERS];
	struct answer {
		char *told;
		size_t len;
		enum { NO_ANSWER, TOLD, LOST } is;
		uint32_t at;
		int after_ms;
	} *answer;
};

static void
write_all(int fd, const void *p, size_t len)
{
	for (const char *at = p; len;) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		at += n;
		len -= (size_t)n;
	}
}

/* It outlives us if it hangs: so no lock is its own, and nobody waits for the end of what it writes. */
static void
looker_detach(int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	os_process_follow_parent(SIGKILL);
	if (getppid() != parent || null < 0 || (fd != TELL_FD && dup2(fd, TELL_FD) < 0))
		_exit(1);
	for (int i = 0; i < TELL_FD; i++)
		dup2(null, i);
	fcntl(TELL_FD, F_SETFD, FD_CLOEXEC);
	close_range(TELL_FD + 1, ~0U, 0);
}

static void
looker_take_groups(struct lookers *k, struct looker_slot *slot)
{
	struct buf out = BUF_INIT;
	size_t g;

	while ((g = atomic_fetch_add(&k->common->next, 1)) < k->l->ngroups) {
		atomic_store(&slot->group, g + 1);
		k->l->look(k->l->ctx, g, &slot->at, &out);
		if (out.len) {
			write_all(TELL_FD, &(struct message){ g, out.len }, sizeof(struct message));
			write_all(TELL_FD, out.s, out.len);
			buf_truncate(&out, 0);
		} else {
			k->common->quiet[g] = 1;
		}
		atomic_store(&slot->group, 0);
	}
	_exit(0);
}

static int
looker_start(struct lookers *k, struct error *err)
{
	pid_t parent = getpid();
	int fd[2];
	size_t i = 0;

	while (i < MAX_LOOKERS && k->v[i].fd >= 0)
		i++;
	if (i == MAX_LOOKERS)
		return 0;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return error_errno(err, "cannot make a pipe");
	atomic_store(&k->common->slot[i].group, 0);
	k->v[i] = (struct looker){ .pid = fork(), .fd = fd[0], .in = BUF_INIT, .since_ms = clock_ms() };
	if (k->v[i].pid == 0) {
		looker_detach(fd[1], parent);
		looker_take_groups(k, &k->common->slot[i]);
	}
	close(fd[1]);
	if (k->v[i].pid > 0)
		return 1;
	error_errno(err, "cannot start a process");
	close(fd[0]);
	k->v[i].fd = -1;
	return -1;
}

static void
answer_lost(struct lookers *k, size_t group, uint32_t at, int after_ms)
{
	struct answer *a = group ? &k->answer[group - 1] : NULL;

	if (a && a->is == NO_ANSWER && !k->common->quiet[group - 1])
		*a = (struct answer){ .is = LOST, .at = at, .after_ms = after_ms };
}

/* What came whole; the rest of one that was killed in the middle is nobody's. */
static void
looker_hear(struct lookers *k, const struct looker *w)
{
	size_t at = 0;
	struct message m;

	for (; w->in.len - at >= sizeof m; at += sizeof m + m.len) {
		memcpy(&m, w->in.s + at, sizeof m);
		if (m.group >= k->l->ngroups || w->in.len - at - sizeof m < m.len)
			break;
		if (k->answer[m.group].is == TOLD)
			continue;
		k->answer[m.group] = (struct answer){ .told = xcalloc(1, m.len), .len = m.len, .is = TOLD };
		memcpy(k->answer[m.group].told, w->in.s + at + sizeof m, m.len);
	}
}

static void
looker_release(struct lookers *k, struct looker *w)
{
	looker_hear(k, w);
	close(w->fd);
	w->fd = -1;
	buf_release(&w->in);
}

/* One that died in the middle has not looked at what it was at. */
static void
looker_ended(struct lookers *k, struct looker *w)
{
	struct looker_slot *slot = &k->common->slot[w - k->v];
	int status;

	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	looker_release(k, w);
	answer_lost(k, atomic_load(&slot->group), atomic_load(&slot->at), 0);
}

static void
looker_kill(struct lookers *k, struct looker *w)
{
	kill(w->pid, SIGKILL);
	looker_release(k, w);
	waitpid(w->pid, NULL, WNOHANG);		/* where it hangs it may take for ever */
}

static void
looker_read(struct lookers *k, struct looker *w)
{
	ssize_t n;

	buf_reserve(&w->in, READ_SIZE);
	n = read(w->fd, w->in.s + w->in.len, READ_SIZE);
	if (n > 0)
		w->in.len += (size_t)n;
	else if (n == 0 || errno != EINTR)
		looker_ended(k, w);
}

/* Does it get on? If not, others do the rest, and in the end without it. */
static int
looker_watch(struct lookers *k, struct looker *w, struct error *err)
{
	struct looker_slot *slot = &k->common->slot[w - k->v];
	size_t group = atomic_load(&slot->group);
	uint32_t at = atomic_load(&slot->at);
	long long now = clock_ms();

	if (group != w->group || at != w->at) {
		w->group = group;
		w->at = at;
		w->since_ms = now;
		w->relieved = false;
	}
	if (now - w->since_ms >= k->l->deadline_ms) {
		answer_lost(k, group, at, (int)(now - w->since_ms));
		looker_kill(k, w);
	} else if (now - w->since_ms >= k->l->slow_ms && !w->relieved) {
		w->relieved = true;
		return atomic_load(&k->common->next) < k->l->ngroups ? looker_start(k, err) : 0;
	}
	return 0;
}

static size_t
lookers_alive(const struct lookers *k)
{
	size_t n = 0;

	for (size_t i = 0; i < MAX_LOOKERS; i++)
		n += k->v[i].fd >= 0;
	return n;
}

/* Waits for news, or for as long as a slow one has. */
static int
lookers_turn(struct lookers *k, struct error *err)
{
	struct pollfd p[MAX_LOOKERS];

	for (size_t i = 0; i < MAX_LOOKERS; i++)
		p[i] = (struct pollfd){ .fd = k->v[i].fd, .events = POLLIN };
	if (poll(p, MAX_LOOKERS, k->l->slow_ms / 2 + 1) < 0 && errno != EINTR)
		return error_errno(err, "poll");
	if (k->l->cancel && *k->l->cancel)
		return error_set(err, ERR_CANCELLED, "interrupted while looking at what is there; nothing was changed");
	for (size_t i = 0; i < MAX_LOOKERS; i++) {
		if (p[i].fd >= 0 && p[i].revents)
			looker_read(k, &k->v[i]);
		if (k->v[i].fd >= 0 && looker_watch(k, &k->v[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
lookers_work(struct lookers *k, struct error *err)
{
	size_t before = SIZE_MAX;

	for (size_t i = 0; i < k->l->workers && i < k->l->ngroups; i++)
		if (looker_start(k, err) < 0)
			return -1;
	for (;;) {
		size_t next = atomic_load(&k->common->next);

		if (!lookers_alive(k)) {
			if (next >= k->l->ngroups)
				return 0;
			if (next == before)	/* the one that was started for the rest has not come to it: nor would another */
				return error_set(err, ERR_CHILD, "nobody can look at what is there: processes for that end before they begin");
			before = next;
			if (looker_start(k, err) <= 0)
				return -1;
		}
		if (lookers_turn(k, err) < 0)
			return -1;
	}
}

static int
lookers_tell(struct lookers *k, struct error *err)
{
	for (size_t g = 0; g < k->l->ngroups; g++) {
		const struct answer *a = &k->answer[g];

		if (a->is == LOST)
			k->l->lost(k->l->ctx, g, a->at, a->after_ms);
		else if (a->is != TOLD && !k->common->quiet[g])
			k->l->lost(k->l->ctx, g, 0, 0);
		else if (k->l->told(k->l->ctx, g, a->told ? a->told : "", a->len) < 0)
			return error_set(err, ERR_CHILD, "what a process that looked has told makes no sense");
	}
	return 0;
}

static int
look_here(const struct looking *l, struct error *err)
{
	looker_place at = 0;
	struct buf out = BUF_INIT;
	int r = 0;

	for (size_t g = 0; r == 0 && g < l->ngroups; g++) {
		buf_truncate(&out, 0);
		l->look(l->ctx, g, &at, &out);
		if (l->told(l->ctx, g, out.s, out.len) < 0)
			r = error_set(err, ERR_CHILD, "what was looked at makes no sense");
	}
	buf_release(&out);
	return r;
}

int
lookers_run(const struct looking *l, struct error *err)
{
	struct lookers *k;
	int r;

	if (!l->ngroups || l->deadline_ms <= 0)
		return look_here(l, err);
	k = xcalloc(1, sizeof *k);
	k->l = l;
	k->common_size = sizeof *k->common + l->ngroups;
	k->common = mmap(NULL, k->common_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (k->common == MAP_FAILED) {
		free(k);
		return error_errno(err, "cannot map %zu bytes", sizeof *k->common + l->ngroups);
	}
	k->answer = xcalloc(l->ngroups, sizeof *k->answer);
	for (size_t i = 0; i < MAX_LOOKERS; i++)
		k->v[i].fd = -1;
	r = lookers_work(k, err);
	for (size_t i = 0; i < MAX_LOOKERS; i++)
		if (k->v[i].fd >= 0)
			looker_kill(k, &k->v[i]);
	if (r == 0)
		r = lookers_tell(k, err);
	for (size_t g = 0; g < l->ngroups; g++)
		free(k->answer[g].told);
	free(k->answer);
	munmap(k->common, k->common_size);
	free(k);
	return r;
}
