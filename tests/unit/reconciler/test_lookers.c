/* Looking in processes of their own: what hangs, what dies, what is slow and what has much to tell. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "reconciler/lookers.h"
#include "tests/unit/test.h"

enum { GROUPS = 300, BIG = 1 << 20, MOST_OPEN = 256 };

struct fate {
	enum { QUIET, TELLS, TELLS_MUCH, SLOW, HANGS, DIES } of[GROUPS];
	char seen[GROUPS];		/* t told, q told nothing, l lost, d died */
	int ntold, place;
};

static void
fate_look(void *ctx, size_t group, looker_place *at, struct buf *out)
{
	const struct fate *f = ctx;
	char *much;

	atomic_store(at, 7);
	switch (f->of[group]) {
	case QUIET:
		return;
	case SLOW:
		usleep(150 * 1000);
		break;
	case TELLS_MUCH:
		much = xcalloc(1, BIG);
		buf_add(out, much, BIG - 4);
		free(much);
		break;
	case HANGS:
		atomic_store(at, 8);
		for (;;)
			pause();
	case DIES:
		raise(SIGKILL);
		break;
	case TELLS:
		break;
	}
	buf_adds(out, "told");
}

static int
fate_told(void *ctx, size_t group, const char *p, size_t len)
{
	struct fate *f = ctx;

	assert_int_equal(f->seen[group], 0);
	f->seen[group] = len ? 't' : 'q';
	if (len)
		assert_memory_equal(p + len - 4, "told", 4);
	if (f->of[group] == TELLS_MUCH)
		assert_int_equal(len, BIG);
	f->ntold++;
	return 0;
}

static void
fate_lost(void *ctx, size_t group, uint32_t at, int after_ms)
{
	struct fate *f = ctx;

	assert_int_equal(f->seen[group], 0);
	f->seen[group] = after_ms ? 'l' : 'd';
	f->place = (int)at;
}

static struct looking
fate_looking(struct fate *f, size_t n, size_t workers)
{
	return (struct looking){ .ngroups = n, .workers = workers, .slow_ms = 30, .deadline_ms = 600, .ctx = f,
				 .look = fate_look, .told = fate_told, .lost = fate_lost };
}

TEST(each_group_is_told_or_lost_once)
{
	static struct fate f;
	struct looking l = fate_looking(&f, GROUPS, 2);
	struct error err;

	f = (struct fate){ .of = { [3] = HANGS, [4] = TELLS, [5] = DIES, [6] = TELLS_MUCH, [9] = SLOW, [10] = HANGS, [200] = DIES, [299] = HANGS } };
	l.deadline_ms = 3000;
	ok(lookers_run(&l, &err));
	for (size_t i = 0; i < GROUPS; i++)
		assert_int_equal(f.seen[i], f.of[i] == HANGS ? 'l' : f.of[i] == DIES ? 'd' : f.of[i] == QUIET ? 'q' : 't');
	assert_int_equal(f.ntold, GROUPS - 5);
}

TEST(all_may_hang)
{
	static struct fate f;
	struct looking l = fate_looking(&f, 20, 1);
	struct error err;

	f = (struct fate){ 0 };
	for (size_t i = 0; i < 20; i++)
		f.of[i] = HANGS;
	ok(lookers_run(&l, &err));
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(f.seen[i], 'l');
	assert_int_equal(f.place, 8);
	l.ngroups = 0;
	ok(lookers_run(&l, &err));
}

TEST(without_a_deadline_all_is_looked_at_here)
{
	static struct fate f;
	struct looking l = fate_looking(&f, 20, 1);
	struct error err;

	f = (struct fate){ .of = { [7] = TELLS } };
	l.deadline_ms = 0;
	ok(lookers_run(&l, &err));
	assert_int_equal(f.seen[7], 't');
	assert_int_equal(f.seen[8], 'q');
}

TEST(an_interrupt_ends_it)
{
	static struct fate f;
	volatile int cancel = 1;
	struct looking l = fate_looking(&f, 1, 1);
	struct error err;

	f = (struct fate){ .of = { HANGS } };
	l.deadline_ms = 600 * 1000;
	l.cancel = &cancel;
	not_ok(lookers_run(&l, &err), "interrupted");
	assert_int_equal(err.code, ERR_CANCELLED);
}

/* what hangs keeps no lock and no pipe of ours: descriptors of the caller's are closed in it */
TEST(what_hangs_holds_nothing)
{
	static struct fate f;
	struct looking l = fate_looking(&f, 1, 1);
	struct error err;
	int fd[2];
	char c;

	f = (struct fate){ .of = { HANGS } };
	assert_int_equal(pipe(fd), 0);
	ok(lookers_run(&l, &err));
	close(fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 0);
	close(fd[0]);
}

/* Two descriptors are left, which are the pipe: the process that is to look has none for itself. */
TEST(who_cannot_begin_to_look_is_not_started_for_ever)
{
	struct fate f = { .of = { TELLS } };
	struct looking l = { .ngroups = 1, .workers = 1, .deadline_ms = 10000, .slow_ms = 5000, .look = fate_look, .told = fate_told, .lost = fate_lost, .ctx = &f };
	struct rlimit was, few;
	struct error err = { 0 };
	int fd[MOST_OPEN], n = 0, r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = (struct rlimit){ MOST_OPEN, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((fd[n] = dup(0)) >= 0)
		n++;
	close(fd[--n]);
	close(fd[--n]);
	r = lookers_run(&l, &err);
	while (n)
		close(fd[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(r, -1);
	assert_string_equal(err.msg, "nobody can look at what is there: processes for that end before they begin");
	assert_int_equal(f.seen[0], 0);
}
