/*
 * hostagent/mount/mounts.c - folders of the host in a running guest, by sshfs: by name, as limactl puts and deletes them.
 *
 * What limactl has put is all that is known of them: an agent that takes over a
 * machine gets them anew, and what is mounted already is mounted again.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/mount/folder_watch.h"
#include "hostagent/mount/mount_sshfs.h"
#include "hostagent/protocol/sshfs.h"
#include "providers/written.h"

enum {
	MAX_MOUNTS = 256,
	LOOK_MS = 5000,		/* between looks at the folders */
};

struct folder {
	struct folder *next;
	struct agent *agent;
	struct arena mem;	/* of the strings of `def` */
	char *id, *text;	/* the definition as JSON */
	struct sshfs_mount def;
	struct mount *mount;
	struct changes *changes;	/* NULL: not watched */
	bool going;
};

struct mounts {
	struct folder *first;
	size_t n;
	struct changes **devices;	/* of the folders that are devices */
	uv_timer_t look;
};

static struct folder **
mounts_find(struct agent *a, const char *id)
{
	struct folder **p = &a->mounts->first;

	while (*p && strcmp((*p)->id, id) != 0)
		p = &(*p)->next;
	return p;
}

static void
folder_free(struct folder *f)
{
	changes_forget(f->changes);
	if (f->mount)
		mount_free(f->mount);
	free(f->id);
	free(f->text);
	arena_release(&f->mem);
	free(f);
}

/* Out of the list. */
static void
mounts_drop(struct agent *a, struct folder **p)
{
	struct folder *f = *p;

	*p = f->next;
	a->mounts->n--;
	folder_free(f);
}

static void
on_changed(struct agent *a)
{
	api_mounts_changed(a);
	/* The requirements for READY depend on mounts. */
	mux_kick(a);
}

/* Of a folder that the machine or a companion of it serves there is only to be told that it has gone. */
static void
look_at_device(struct agent *a, const struct launch_mount *m)
{
	auto_free char *name = xasprintf("mount %s", m->point), *why = NULL;

	if (access(m->location, F_OK) < 0)
		why = xasprintf("%s: the folder %s has vanished", name, m->location);
	agent_trouble(a, name, why);
}

static void
mounts_on_look(uv_timer_t *t)
{
	struct agent *a = t->data;

	for (struct folder *f = a->mounts->first; f; f = f->next) {
		mount_look(f->mount);
		changes_look(f->changes);
	}
	for (size_t i = 0; i < a->launch.nmounts; i++) {
		look_at_device(a, &a->launch.mounts[i]);
		changes_look(a->mounts->devices[i]);
	}
}

static void
mounts_begin(struct agent *a)
{
	a->mounts = xcalloc(1, sizeof *a->mounts);
	uv_timer_init(&a->loop, &a->mounts->look);
	a->mounts->look.data = a;
	uv_timer_start(&a->mounts->look, mounts_on_look, LOOK_MS, LOOK_MS);
}

void
mounts_start(struct agent *a)
{
	const struct launch *l = &a->launch;

	if (!l->nmounts)
		return;
	mounts_begin(a);
	a->mounts->devices = xcalloc(l->nmounts, sizeof(struct changes *));
	for (size_t i = 0; i < l->nmounts; i++)
		if (l->mounts[i].writable && l->guest.inotify)
			a->mounts->devices[i] = changes_watch(a, l->mounts[i].location, l->mounts[i].point);
}

int
mounts_put(struct agent *a, const char *id, const cJSON *json, struct error *err)
{
	struct folder *f = xcalloc(1, sizeof *f), **old;
	const char *state;

	if (!a->mounts)
		mounts_begin(a);
	f->agent = a;
	f->id = xstrdup(id);
	f->text = cJSON_PrintUnformatted(json);
	old = mounts_find(a, id);
	if (!f->text || sshfs_mount_parse(json, &f->mem, &f->def, err) < 0 ||
	    (!*old && a->mounts->n >= MAX_MOUNTS && error_set(err, EINVAL, "more than %d mounts", MAX_MOUNTS) < 0)) {
		folder_free(f);
		return -1;
	}
	/* The same mount again only means to try again. */
	if (*old && !(*old)->going && strcmp((*old)->text, f->text) == 0 &&
	    (!(state = mount_state((*old)->mount)) || strcmp(state, "mounted") == 0)) {
		folder_free(f);
		return 0;
	}
	if (*old)
		mounts_drop(a, old);
	log_info("mount %s: %s", id, f->text);
	f->mount = mount_new(a, &f->def, on_changed);
	if (f->def.writable && a->launch.guest.inotify)
		f->changes = changes_watch(a, f->def.location, f->def.point);
	f->next = a->mounts->first;
	a->mounts->first = f;
	a->mounts->n++;
	return 0;
}

static void
on_removed(struct mount *m, void *data)
{
	struct folder *f = data;
	struct agent *a = f->agent;

	(void)m;
	log_info("mount %s: gone", f->id);
	mounts_drop(a, mounts_find(a, f->id));
	api_mounts_changed(a);
}

void
mounts_delete(struct agent *a, const char *id)
{
	struct folder *f = a->mounts ? *mounts_find(a, id) : NULL;

	if (!f || f->going)
		return;
	f->going = true;
	mount_remove(f->mount, on_removed, f);
}

const char *
mounts_state(struct agent *a, const char *id, bool *there)
{
	struct folder *f = a->mounts ? *mounts_find(a, id) : NULL;

	*there = f;
	return f ? mount_state(f->mount) : NULL;
}

cJSON *
mounts_list(struct agent *a)
{
	cJSON *list = cJSON_CreateArray();

	for (struct folder *f = a->mounts ? a->mounts->first : NULL; f; f = f->next) {
		cJSON *o = cJSON_CreateObject();
		const char *state = mount_state(f->mount);

		cJSON_AddStringToObject(o, "id", f->id);
		cJSON_AddItemToObject(o, "mount", sshfs_mount_json(&f->def));
		cJSON_AddStringToObject(o, "state", state ? state : "waiting");
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

void
mounts_reload(struct agent *a, const struct launch *l)
{
	struct launch *old = &a->launch;
	const char **v = arena_alloc(&old->mem, (l->guest.nwrites + 1) * sizeof *v);

	for (size_t i = 0; i < l->guest.nwrites; i++)
		v[i] = arena_strdup(&old->mem, l->guest.writes[i]);
	old->guest.writes = v;
	old->guest.nwrites = l->guest.nwrites;
}

void
mounts_guard_launch(const struct launch *l, struct guarded *g)
{
	auto_free char *home = launch_home(l);

	/* Folders that guests of other instances write, or have written, count, too. */
	written_guard(home, g);
	for (size_t i = 0; i < l->guest.nwrites; i++)
		guarded_add(g, l->guest.writes[i]);
	/* The file of an older limactl does not name these, and they may still be mounted. */
	for (size_t i = 0; i < l->nmounts; i++)
		if (l->mounts[i].writable)
			guarded_add(g, l->mounts[i].location);
}

struct guarded
mounts_guarded(struct agent *a)
{
	struct guarded g = { 0 };

	mounts_guard_launch(&a->launch, &g);
	for (const struct folder *f = a->mounts ? a->mounts->first : NULL; f; f = f->next)
		if (f->def.writable)
			guarded_add(&g, f->def.location);
	return g;
}

bool
mounts_busy(struct agent *a)
{
	for (struct folder *f = a->mounts ? a->mounts->first : NULL; f; f = f->next)
		if (!mount_state(f->mount))
			return true;
	return false;
}

static void
mounts_on_timer_closed(uv_handle_t *h)
{
	free((char *)h - offsetof(struct mounts, look));
}

void
mounts_free(struct agent *a)
{
	struct mounts *m = a->mounts;

	if (!m)
		return;
	while (m->first)
		mounts_drop(a, &m->first);
	for (size_t i = 0; m->devices && i < a->launch.nmounts; i++)
		changes_forget(m->devices[i]);
	free(m->devices);
	a->mounts = NULL;
	uv_close((uv_handle_t *)&m->look, mounts_on_timer_closed);
}
