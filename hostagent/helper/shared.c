#include "hostagent/helper/shared.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/helper/child.h"
#include "hostagent/sftpd/main.h"
#include "providers/launch.h"

void
shared_release(struct shared *s)
{
	for (size_t i = 0; i < s->n; i++)
		close(s->v[i]);
	free(s->v);
	for (size_t i = 0; i < ARRAY_LEN(s->own); i++)
		free(s->own[i]);
	kept_back_release(&s->kept);
}

static void
shared_begin(const struct launch *l, struct shared *s, size_t max)
{
	auto_free char *home = launch_home(l);

	s->v = xcalloc(max + 1, sizeof *s->v);
	kept_back_list(home, &s->kept);
	s->view = (struct view){ .hidden = s->kept.v, .nhidden = s->kept.n };
}

/* Out of the way of the places that they are to have. */
static int
shared_add(struct shared *s, const struct guarded *g, const char *location, size_t max, struct error *err)
{
	int fd = guarded_folder(g, location, 0, err);

	if (fd < 0)
		return error_wrap(err, "open %s", location);
	s->v[s->n] = fcntl(fd, F_DUPFD_CLOEXEC, SFTPD_FOLDER_FD + (int)max + 1);
	close(fd);
	return s->v[s->n] < 0 ? error_errno(err, "open %s", location) : (int)s->n++;
}

/* It is said at plan where what is kept back cannot be hidden. */
static bool
shared_is_cut(const struct launch *l, const struct shared *s)
{
	for (size_t i = 0; i < l->nmounts; i++) {
		auto_free char *real = strcmp(l->mounts[i].type, "9p") == 0 ? realpath(l->mounts[i].location, NULL) : NULL;

		if (real && view_hides(&s->view, real))
			return view_possible();
	}
	return false;
}

/* By the folders' rules it could open these, too, if a guest has taken it over. */
static void
shared_cover(const struct launch *l, struct shared *s)
{
	static const char *const names[ARRAY_LEN(s->own)] = { "_config", "_state" };
	auto_free char *home = launch_home(l);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		s->covered[i] = s->own[i] = xasprintf("%s/%s", home, names[i]);
}

int
shared_of_machine(const struct launch *l, struct shared *s, struct child_words *w, struct error *err)
{
	size_t max = l->nmounts + l->machine.nfolders;
	AUTO(guarded) g = { 0 };

	mounts_guard_launch(l, &g);
	shared_begin(l, s, max);
	for (size_t i = 0; i < l->nmounts; i++)
		if (strcmp(l->mounts[i].type, "9p") == 0 && shared_add(s, &g, l->mounts[i].location, max, err) < 0)
			return -1;
	for (size_t i = 0; i < l->machine.nfolders; i++)
		if (shared_add(s, &g, l->machine.folders[i], max, err) < 0)
			return -1;
	w->folders = s->v;
	w->nfolders = s->n;
	if (shared_is_cut(l, s)) {
		shared_cover(l, s);
		w->covered = s->covered;
		w->view = &s->view;
	}
	return 0;
}

int
shared_of_companion(const struct launch *l, const struct launch_companion *c, struct shared *s, struct child_words *w, struct error *err)
{
	AUTO(guarded) g = { 0 };

	bool own = c->own && *c->own;

	if (!own && (!c->location || !*c->location))
		return 0;
	mounts_guard_launch(l, &g);
	shared_begin(l, s, 1);
	if (own) {
		w->nfolders = 1;
		w->folders = s->v;
		return shared_add(s, &g, c->own, 1, err) < 0 ? -1 : 0;
	}
	if (shared_add(s, &g, c->location, 1, err) < 0)
		return -1;
	s->view.read_only = c->read_only;
	w->folders = s->v;
	w->nfolders = s->n;
	w->view = &s->view;
	w->by_name = true;
	return 0;
}
