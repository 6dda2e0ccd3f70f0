#include "resources/suspend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/process.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "providers/launch.h"
#include "providers/memory_file.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"

enum { AGENT_MS = 30 * 1000, QUIT_MS = 10 * 1000 };

#define WAY_OUT "`limactl stop --force %s` gives its memory up, which is to its disk like a power cut, and then it starts anew"

static char *
suspend_path(const char *dir)
{
	return xasprintf("%s/" MEMORY_FILE, dir);
}

bool
suspend_is_there(const char *dir)
{
	auto_free char *path = suspend_path(dir);

	return fs_exists(path);
}

const char *
suspend_moved_from(const char *dir, struct arena *a)
{
	auto_free char *path = suspend_path(dir);
	struct memory_head h = { 0 };
	size_t len = strlen(dir);

	if (memory_file_head(path, a, &h, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < h.ndisks; i++) {
		const char *disk = h.disks[i].path, *slash = strrchr(disk, '/');

		/* Disks of their own lie elsewhere. */
		if (slash && (!strcmp(slash, "/disk") || !strcmp(slash, "/diffdisk")))
			return (size_t)(slash - disk) == len && !strncmp(disk, dir, len) ? NULL :
			       arena_printf(a, "%.*s", (int)(slash - disk), disk);
	}
	return NULL;
}

void
suspend_was(const char *dir, struct machine *m)
{
	auto_free char *path = suspend_path(dir);
	struct memory_head h = { 0 };
	const struct driver *d;
	AUTO(arena) a = { 0 };

	/* What is wrong with it is told where it is looked at. */
	if (memory_file_head(path, &a, &h, NULL) == 0 && (d = driver_find(h.driver)) && d->memory && d->memory->was)
		d->memory->was(h.words, h.nwords, m);
}

int
suspend_possible(const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);

	if (!d)
		return 0;
	return d->memory ? d->memory->check(dir, err) : error_set(err, ERR_UNSUPPORTED, "its driver cannot put memory aside");
}

/* Of the size of memory nothing is known before, so only what is done is told. */
struct suspend_talk {
	const struct env *env;
	const struct resource *r;
	uint64_t all;
};

static void
suspend_progress(void *ctx, uint64_t done_bytes)
{
	const struct suspend_talk *t = ctx;

	if (t->env->progress)
		t->env->progress(t->env, t->r, done_bytes, t->all);
}

/* The words of a process, as they are in its arguments. */
static const char *const *
suspend_words(pid_t pid, struct arena *a, size_t *n)
{
	AUTO(buf) args = BUF_INIT;
	const char **v, *p;

	*n = 0;
	if (!proc_arguments(pid, &args))
		return NULL;
	for (size_t i = 0; i < args.len; i++)
		*n += args.s[i] == '\0';
	v = arena_alloc(a, (*n + 1) * sizeof *v);
	p = arena_memdup(a, args.s, args.len);
	for (size_t i = 0; i < *n; i++, p += strlen(p) + 1)
		v[i] = p;
	return v;
}

static int
suspend_disks(const char *dir, struct arena *a, struct memory_head *h, struct error *err)
{
	auto_free char *path = xasprintf("%s/launch.json", dir);
	AUTO(launch) l = { 0 };
	struct memory_disk *v;

	if (launch_load(&l, path, err) < 0)
		return -1;
	v = arena_alloc(a, (l.ndisks + 1) * sizeof *v);
	for (size_t i = 0; i < l.ndisks; i++) {
		v[i].path = arena_strdup(a, l.disks[i].path);
		v[i].stamp = memory_disk_stamp(v[i].path, a);
		if (!v[i].stamp)
			return error_errno(err, "%s", v[i].path);
	}
	h->disks = v;
	h->ndisks = l.ndisks;
	return 0;
}

/* The memory into its file, with the machine standing still. */
static int
suspend_write(const struct env *env, const struct resource *r, const struct driver *d, const char *dir, struct memory_head *h, int from,
	      struct arena *a, struct error *err)
{
	struct suspend_talk talk = { .env = env, .r = r };
	const struct memory_way way = { .cancel = env->cancel, .progress = suspend_progress, .ctx = &talk };
	auto_free char *path = suspend_path(dir);

	if (memory_file_take(path, from, &way, a, h, err) < 0 || d->memory->saved(dir, env->cancel, err) < 0 ||
	    suspend_disks(dir, a, h, err) < 0)
		return -1;
	return memory_file_seal(path, h, err);
}

/* The agent sees its machine go, clears up and ends; whoever is in the way of that is ended. */
int
suspend_end(const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	AUTO(process) agent = { 0 };

	if (d && ha_process(dir, &agent) && d->quit(dir, NULL) == 0)
		process_wait(&agent, QUIT_MS, NULL);
	return ha_kill(dir, AGENT_MS, err) < 0 ? -1 : driver_stop(dir, 0, NULL, err);
}

int
suspend_machine(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	auto_free char *path = suspend_path(dir);
	struct memory_head h = { 0 };
	AUTO(arena) a = { 0 };
	auto_close int from = -1;

	if (!d)
		return error_set(err, ERR_REFUSED, "%s: its machine does not run, so it has no memory to put aside", r->name);
	if (!d->memory)
		return error_set(err, ERR_UNSUPPORTED, "%s: its driver cannot put memory aside", r->name);
	h.driver = d->name;
	h.words = suspend_words(pid, &a, &h.nwords);
	if (d->memory->save(dir, false, &a, &h.program, &from, err) < 0)
		return -1;
	if (suspend_write(env, r, d, dir, &h, from, &a, err) == 0)
		return suspend_end(dir, err);
	/* The driver sees that nobody listens any more, and the guest goes on as if nothing had been. */
	close(steal_fd(from));
	memory_file_forget(path);
	if (d->memory->go_on(dir, NULL) < 0)
		error_wrap(err, "%s: the machine stands still now: `limactl start %s` lets it go on", r->name, r->name);
	return -1;
}

static int
suspend_unfit(const struct resource *r, const char *what, struct error *err)
{
	return error_set(err, ERR_REFUSED, "%s: it cannot be resumed: %s; " WAY_OUT, r->name, what, r->name);
}

/* Steps over what is about a run alone. */
static size_t
suspend_skip(const struct driver *d, const char *const *words, size_t n, size_t i)
{
	while (i < n && d->memory->is_of_run(words[i]))
		i += i + 1 < n && words[i + 1][0] != '-' ? 2 : 1;
	return i;
}

/* Machines of other parts do not understand each other's memory, or worse, believe that they do. */
static int
suspend_fits_words(const struct resource *r, const struct driver *d, const struct memory_head *h, const struct launch *l, struct error *err)
{
	size_t i = 1, k = 1;
	auto_free char *what = NULL;

	for (;; i++, k++) {
		i = suspend_skip(d, h->words, h->nwords, i);
		k = suspend_skip(d, l->machine.argv, l->machine.nargv, k);
		if (i >= h->nwords || k >= l->machine.nargv || strcmp(h->words[i], l->machine.argv[k]) != 0)
			break;
	}
	if (i >= h->nwords && k >= l->machine.nargv)
		return 0;
	what = xasprintf("the machine was of other parts (`%s`, and now `%s`)", i < h->nwords ? h->words[i] : "nothing",
			 k < l->machine.nargv ? l->machine.argv[k] : "nothing");
	return suspend_unfit(r, what, err);
}

static int
suspend_fits_disks(const struct resource *r, const struct memory_head *h, const struct launch *l, struct error *err)
{
	AUTO(arena) a = { 0 };

	if (h->ndisks != l->ndisks)
		return suspend_unfit(r, "it had another number of disks", err);
	for (size_t i = 0; i < h->ndisks; i++) {
		const char *now = memory_disk_stamp(l->disks[i].path, &a);

		if (!now || strcmp(now, h->disks[i].stamp) != 0)
			return suspend_unfit(r, arena_printf(&a, "%s was written since", l->disks[i].path), err);
	}
	return 0;
}

int
suspend_check(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *path = suspend_path(dir), *file = xasprintf("%s/launch.json", dir);
	const struct memory_way way = { .cancel = env->cancel };
	const struct driver *d;
	struct memory_head h;
	AUTO(launch) l = { 0 };
	AUTO(arena) a = { 0 };
	struct error why;

	if (launch_load(&l, file, err) < 0)
		return -1;
	d = driver_find(l.machine.driver);
	if (memory_file_head(path, &a, &h, &why) < 0)
		return suspend_unfit(r, why.msg, err);
	if (!d || !d->memory || strcmp(h.driver, d->name) != 0)
		return suspend_unfit(r, "it was a machine of another driver", err);
	if (suspend_fits_words(r, d, &h, &l, err) < 0 || suspend_fits_disks(r, &h, &l, err) < 0)
		return -1;
	if (memory_file_check(path, &h, &way, &why) == 0)
		return 0;
	return why.code == ERR_INVALID ? suspend_unfit(r, why.msg, err) : error_set(err, why.code, "%s", why.msg);
}

/* From the file into the machine that waits for it. */
static int
suspend_give(const struct env *env, const struct resource *r, const struct driver *d, const char *dir, struct error *err)
{
	auto_free char *path = suspend_path(dir);
	struct suspend_talk talk = { .env = env, .r = r };
	const struct memory_way way = { .cancel = env->cancel, .progress = suspend_progress, .ctx = &talk };
	auto_close int to = -1;
	struct memory_head h;
	AUTO(arena) a = { 0 };
	struct error why;

	if (memory_file_head(path, &a, &h, err) < 0)
		return -1;
	talk.all = strtoull(h.memory_bytes, NULL, 10);
	if (d->memory->load(dir, false, h.program, &to, &why) < 0)
		return why.code == ERR_UNSUPPORTED ? suspend_unfit(r, why.msg, err) : error_set(err, why.code, "%s", why.msg);
	if (memory_file_give(path, to, &way, err) < 0)
		return -1;
	close(steal_fd(to));
	return d->memory->loaded(dir, env->cancel, err);
}

/* From here on no crash can resume it a second time; one that comes now finds a machine that stands still, and lets it go on. */
static int
suspend_go_on(const struct driver *d, const char *dir, struct error *err)
{
	auto_free char *path = suspend_path(dir);

	if (fs_unlink(path, err) < 0 || fs_fsync(dir, err) < 0)
		return -1;
	return d->memory->go_on(dir, err);
}

int
suspend_resume(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);

	if (!d)
		return error_set(err, ERR_CHILD, "%s: gone right after it started; see %s/ha.stderr.log", r->name, dir);
	if (suspend_give(env, r, d, dir, err) < 0) {
		suspend_end(dir, NULL);
		return error_wrap(err, "%s: not resumed, and still suspended", r->name);
	}
	return suspend_go_on(d, dir, err);
}

int
suspend_settle(const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	auto_free char *path = suspend_path(dir);
	enum machine_stand stand;

	memory_file_forget(path);
	/* An agent whose machine is not there yet is about to start one that waits. */
	if (!d && suspend_is_there(dir) && ha_pid(dir) > 0)
		return suspend_end(dir, err) < 0 ? -1 : 1;
	if (!d || !d->memory)
		return 0;
	if (d->memory->stand(dir, &stand, err) < 0)
		return -1;
	if (stand == MACHINE_WAITS)
		return suspend_end(dir, err) < 0 ? -1 : 1;
	return stand == MACHINE_STANDS ? suspend_go_on(d, dir, err) : 0;
}
