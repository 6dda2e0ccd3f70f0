#include "resources/warm_save.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/instance_mac.h"
#include "providers/launch.h"
#include "providers/memory_file.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/disk_known.h"
#include "resources/instance_paths.h"
#include "resources/warm.h"
#include "resources/warm_ram.h"

/* --- which machine it was --- */

static void
put_without(struct buf *b, const char *word, const char *what, const char *instead)
{
	size_t len = strlen(what);

	for (const char *at; (at = strstr(word, what)); word = at + len)
		buf_addf(b, "%.*s%s", (int)(at - word), word, instead);
	buf_adds(b, word);
}

/* A word without what is one instance's alone: its folder, and the address of its interface. */
static const char *
warm_word_plain(const struct launch *l, const char *word, struct arena *a)
{
	AUTO(buf) one = BUF_INIT;
	AUTO(buf) two = BUF_INIT;

	put_without(&one, word, l->dir, "$I");
	put_without(&two, one.s ? one.s : "", instance_mac(a, l->dir), "$MAC");
	return arena_strdup(a, two.s ? two.s : "");
}

/* The words of the machine that are about its parts. Which files its drives are is another's business: they differ, and it has the right ones. */
static const char *const *
warm_words(const struct driver *d, const struct launch *l, struct arena *a, size_t *n)
{
	const char **v = arena_alloc(a, (l->machine.nargv + 1) * sizeof *v);

	*n = 0;
	for (size_t i = 0; i < l->machine.nargv; i++) {
		const char *word = l->machine.argv[i], *next = i + 1 < l->machine.nargv ? l->machine.argv[i + 1] : "-";

		if (d->memory->is_of_run(word)) {
			i += next[0] != '-';
			continue;
		}
		v[(*n)++] = warm_word_plain(l, word, a);
		if (!strcmp(word, "-drive"))
			i++;
	}
	return v;
}

int
warm_fits(const struct memory_head *h, const struct launch *l, struct arena *a, struct error *err)
{
	const struct driver *d = driver_find(l->machine.driver);
	const char *const *v;
	size_t n, i = 0;

	if (!d || !d->memory || strcmp(h->driver, d->name) != 0)
		return error_set(err, ERR_INVALID, "it was a machine of another driver");
	v = warm_words(d, l, a, &n);
	while (i < n && i < h->nwords && !strcmp(v[i], h->words[i]))
		i++;
	if (i == n && i == h->nwords)
		return 0;
	return error_set(err, ERR_INVALID, "it was a machine of other parts (`%s`, and now `%s`)", i < h->nwords ? h->words[i] : "nothing", i < n ? v[i] : "nothing");
}

/* --- saving --- */

/* The disk as it is while the machine stands still: nobody writes to it, and later ones only read it. */
static int
save_disk(const char *dir, const char *to, struct arena *a, struct memory_disk *v, struct error *err)
{
	auto_free char *tmp = fs_tmp(to);
	struct disk_known k;
	int there = disk_known(dir, NULL, a, &k, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, ENOENT, "%s: no disk", dir);
	if (k.disk.base)
		return error_set(err, ERR_UNSUPPORTED, "%s: it stands on another file", k.disk.path);
	if (fs_copy(k.disk.path, tmp, 0444, err) < 0 || disk_keep(to, k.disk.format, -1, -1, err) < 0 || fs_commit(tmp, to, err) < 0)
		return -1;
	v->path = "/disk";
	v->stamp = memory_disk_stamp(to, a);
	return v->stamp ? 0 : error_errno(err, "%s", to);
}

/* What belongs to the stream and is not in it. */
static int
save_beside(const struct env *env, const char *dir, const char *to, bool apart, struct arena *a, struct memory_head *h, struct error *err)
{
	struct memory_disk *v = arena_alloc(a, 2 * sizeof *v);
	auto_free char *disk = xasprintf("%s/disk", to);

	if (save_disk(dir, disk, a, &v[0], err) < 0 || (apart && warm_ram_save(env, dir, to, a, &v[1].stamp, err) < 0))
		return -1;
	v[1].path = WARM_RAM;
	h->disks = v;
	h->ndisks = apart ? 2 : 1;
	return 0;
}

struct save_talk {
	const struct env *env;
	const struct resource *r;
};

static void
save_progress(void *ctx, uint64_t done_bytes)
{
	const struct save_talk *t = ctx;

	if (t->env->progress)
		t->env->progress(t->env, t->r, done_bytes, 0);
}

static int
save_all(const struct env *env, const struct resource *r, const struct driver *d, const char *dir, const char *tmp, struct error *err)
{
	auto_free char *memory = xasprintf("%s/memory", tmp), *launch = xasprintf("%s/launch.json", dir);
	struct save_talk talk = { env, r };
	const struct memory_way way = { .cancel = env->cancel, .progress = save_progress, .ctx = &talk };
	struct memory_head h = { .driver = d->name };
	AUTO(launch) l = { 0 };
	AUTO(arena) a = { 0 };
	bool apart = warm_ram_is_there(dir);
	auto_close int from = -1;

	if (launch_load(&l, launch, err) < 0)
		return -1;
	h.words = warm_words(d, &l, &a, &h.nwords);
	if (d->memory->save(dir, apart, &a, &h.program, &from, err) < 0 || memory_file_take(memory, from, &way, &a, &h, err) < 0 ||
	    d->memory->saved(dir, env->cancel, err) < 0 || save_beside(env, dir, tmp, apart, &a, &h, err) < 0)
		return -1;
	return memory_file_seal(memory, &h, err);
}

/* What is there already is wrong, or another saves the same: then it is not in the way. */
static int
save_commit(const char *tmp, const char *to, struct error *err)
{
	if (fs_fsync(tmp, err) < 0 || fs_remove_tree(to, err) < 0)
		return -1;
	if (rename(tmp, to) < 0)
		return error_errno(err, "rename %s", tmp);
	return fs_fsync_parent(to, err);
}

int
warm_save(const struct env *env, const struct resource *r, const struct driver *d, const char *dir, const struct warm_note *n, struct error *err)
{
	auto_free char *to = warm_saved_path(env->home, n->key, NULL), *tmp = fs_tmp(to), *all = xasprintf("%s/" WARM_SAVED, env->home);
	auto_free char *lock = xasprintf("%s.lock", to);
	struct error why;
	pid_t holder;
	int held, saved = -1;

	if (fs_mkdirs(all, 0700, err) < 0)
		return -1;
	held = lock_take(lock, NULL, &holder, &why);
	if (held < 0)
		return why.code == EWOULDBLOCK ? 0 : error_set(err, why.code, "%s", why.msg);
	if (warm_saved_look(env->home, n->key, NULL) == 0 ||
	    (fs_remove_tree(tmp, err) == 0 && fs_mkdirs(tmp, 0700, err) == 0 && save_all(env, r, d, dir, tmp, err) == 0 && save_commit(tmp, to, err) == 0))
		saved = 0;
	else
		fs_remove_tree(tmp, NULL);
	lock_release(held, lock);
	return saved == 0 ? 0 : fs_explain_full(err, all);
}
