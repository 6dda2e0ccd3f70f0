/*
 * hostagent/mount/copy.c - files of the guest that are copied to the host once it is ready, and go with it if asked to.
 *
 * A rule that comes later is done then, and none but that; one that has failed is tried again whenever limactl tells of
 * rules. What failed is told by agent_trouble(), until it works.
 *
 * What is in them is the guest's; where they go is the user's, and no link that the guest may have put there is followed
 * (base/guarded.h): the helper writes them, since whoever speaks with a guest has no folder to write in. They are readable by him alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "hostagent/agent.h"
#include "hostagent/helper/helper.h"
#include "providers/ssh/ssh_exec.h"

enum { MAX_FILE = 16 << 20 };

struct copies {
	struct mux_user user;
	struct agent *agent;
	struct ssh_exec run;
	char *command;
	bool *done;		/* of launch.copies */
	size_t at;		/* of them: the one whose turn it is */
	bool sudo;		/* the user may not read it: once more, as root */
	struct buf failed;	/* what went wrong, one after the other */
};

static const struct launch_copy *
mount_copy_current(const struct copies *c)
{
	return &c->agent->launch.copies[c->at];
}

static void
stop_command(struct copies *c, struct ssh_link *l)
{
	ssh_exec_release(&c->run, l);
	c->run = (struct ssh_exec)SSH_EXEC_INIT;
	free(c->command);
	c->command = NULL;
}

static char *
make_command(const struct copies *c)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, c->sudo ? "LC_ALL=C exec sudo -n cat -- " : "LC_ALL=C exec cat -- ");
	quote_shell(&b, mount_copy_current(c)->guest);
	return buf_detach(&b);
}

static int
spec_store(struct agent *a, const struct launch_copy *f, const struct buf *text, struct error *err)
{
	auto_close int fd = memfd_create("copy", MFD_CLOEXEC);

	if (fd < 0 || fs_write_all(fd, text->s, text->len) < 0)
		return error_errno(err, "copy to %s", f->host);
	return helper_store_copy(a, f->host, fd, err);
}

static void
take_away(struct agent *a, const struct launch_copy *f)
{
	struct error e;

	if (f->delete_on_stop && helper_remove_copy(a, f->host, &e) < 0)
		log_warning("copyToHost: %s", e.msg);
}

static void
mount_copy_fail(struct copies *c, const char *why)
{
	buf_addf(&c->failed, "%scopyToHost: %s: %.200s", c->failed.len ? "; " : "", mount_copy_current(c)->guest, why);
	/* The text came from the guest, so control characters are replaced. */
	for (char *p = c->failed.s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

/* From `at` on, to one that is not done. */
static void
mount_copy_next(struct copies *c)
{
	struct agent *a = c->agent;

	c->sudo = false;
	while (c->at < a->launch.ncopies && c->done[c->at])
		c->at++;
	if (c->at < a->launch.ncopies)
		return;
	mux_remove(&c->user);
	agent_trouble(a, "copyToHost", c->failed.len ? c->failed.s : NULL);
	require_copies_done(a);
}

/* All that are not done, from the first on. */
static void
mount_copy_begin(struct copies *c)
{
	c->at = 0;
	buf_truncate(&c->failed, 0);
	if (!c->user.mux)
		mux_add(c->agent, &c->user);
	mount_copy_next(c);
}

/* The command has ended. */
static void
mount_copy_take(struct copies *c)
{
	const struct launch_copy *f = mount_copy_current(c);
	struct error e;

	if (c->run.status == 0 && c->run.truncated)
		mount_copy_fail(c, "bigger than 16 MiB");
	else if (c->run.status == 0 && spec_store(c->agent, f, &c->run.out, &e) < 0)
		mount_copy_fail(c, e.msg);
	else if (c->run.status == 0)
		log_info("copied %s of the guest to %s", f->guest, f->host);
	else if (!c->sudo && strstr(c->run.err.s, "Permission denied"))
		c->sudo = true;
	else if (!f->skip_if_missing || !strstr(c->run.err.s, "No such file or directory"))
		mount_copy_fail(c, *c->run.err.s ? c->run.err.s : "cannot be read");
	c->done[c->at] = c->run.status == 0;
}

static void
mount_copy_on_step(struct mux_user *u, struct ssh_link *l)
{
	struct copies *c = (struct copies *)u;
	bool sudo = c->sudo;
	struct error e;
	int n;

	if (!c->command)
		c->command = make_command(c);
	c->run.command = c->command;
	c->run.max_output = MAX_FILE;
	n = ssh_exec_step(&c->run, l, &e);
	if (n == 0)
		return;
	if (n < 0)
		mount_copy_fail(c, e.msg);
	else
		mount_copy_take(c);
	stop_command(c, l);
	if (c->sudo == sudo) {
		c->at++;
		mount_copy_next(c);
	}
	mux_kick(c->agent);
}

/* The same file again, over the next connection. */
static void
mount_copy_on_lost(struct mux_user *u, const struct error *why)
{
	(void)why;
	stop_command((struct copies *)u, NULL);
}

void
copies_start(struct agent *a)
{
	struct copies *c;

	if (a->copies)
		return;
	c = a->copies = xcalloc(1, sizeof *c);
	c->agent = a;
	c->run = (struct ssh_exec)SSH_EXEC_INIT;
	c->failed = (struct buf)BUF_INIT;
	c->user.step = mount_copy_on_step;
	c->user.lost = mount_copy_on_lost;
	c->done = xcalloc(a->launch.ncopies + 1, sizeof *c->done);
	mount_copy_begin(c);
}

static bool
mount_copy_same(const struct launch_copy *x, const struct launch_copy *y)
{
	return strcmp(x->guest, y->guest) == 0 && strcmp(x->host, y->host) == 0 && x->skip_if_missing == y->skip_if_missing &&
	       x->delete_on_stop == y->delete_on_stop;
}

static const struct launch_copy *
mount_copy_find(const struct launch *l, const struct launch_copy *what)
{
	for (size_t i = 0; i < l->ncopies; i++)
		if (mount_copy_same(&l->copies[i], what))
			return &l->copies[i];
	return NULL;
}

/* What was to go with the machine goes with its rule, unless another one has a file there. */
static void
mount_copy_drop(struct agent *a, const struct launch_copy *f, const struct launch *new)
{
	for (size_t i = 0; i < new->ncopies; i++)
		if (strcmp(new->copies[i].host, f->host) == 0)
			return;
	take_away(a, f);
}

void
copies_reload(struct agent *a, const struct launch *l)
{
	struct launch *old = &a->launch;
	struct launch_copy *v = arena_alloc(&old->mem, (l->ncopies + 1) * sizeof *v);
	bool *done = xcalloc(l->ncopies + 1, sizeof *done);
	struct copies *c = a->copies;

	for (size_t i = 0; i < l->ncopies; i++) {
		const struct launch_copy *f = &l->copies[i], *was = mount_copy_find(old, f);

		v[i] = *f;
		v[i].guest = arena_strdup(&old->mem, f->guest);
		v[i].host = arena_strdup(&old->mem, f->host);
		done[i] = c && was && c->done[was - old->copies];
	}
	for (size_t i = 0; c && i < old->ncopies; i++)
		if (!mount_copy_find(l, &old->copies[i]))
			mount_copy_drop(a, &old->copies[i], l);
	old->copies = v;
	old->ncopies = l->ncopies;
	if (c) {
		stop_command(c, mux_link(a));
		free(c->done);
		c->done = steal(done);
		mount_copy_begin(c);
	}
	free(done);
	/* While the guest starts, copies are among the requirements. */
	if (a->phase != PHASE_STARTING && l->ncopies)
		copies_start(a);
}

void
copies_free(struct agent *a)
{
	struct copies *c = a->copies;

	for (size_t i = 0; i < a->launch.ncopies; i++)
		take_away(a, &a->launch.copies[i]);
	if (!c)
		return;
	a->copies = NULL;
	mux_remove(&c->user);
	stop_command(c, mux_link(a));
	buf_release(&c->failed);
	free(c->done);
	free(c);
}
