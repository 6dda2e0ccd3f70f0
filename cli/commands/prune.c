/* limactl prune: the download cache emptied, or what nobody refers to taken out of it */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/view/instance.h"
#include "cli/view/templates.h"
#include "providers/fetch/cache.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "keep-referred", 0, FLAG_BOOL, .about = "Keep what an instance or a template refers to" },
	{ 0 },
};

/* Folders of the cache that stay. */
struct kept {
	char **v;
	size_t n, cap;
};

static void
kept_release(struct kept *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i]);
	free(k->v);
}

static bool
is_kept(const struct kept *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->v[i], path) == 0)
			return true;
	return false;
}

/* Every `location` in a configuration, however deep. */
static void
keep_locations(struct cli *c, struct kept *k, struct json_span v)
{
	struct json_span key = { 0 }, item;
	AUTO(arena) a = { 0 };
	size_t at = 0;

	while ((item = json_each(v, &at, &key)).p) {
		if (v.p[0] == '{' && item.p[0] == '"' && strcmp(json_text(&a, key), "location") == 0) {
			GROW(k->v, k->n, k->cap);
			k->v[k->n++] = cache_entry(c->env.cache, json_text(&a, item));
		} else {
			keep_locations(c, k, item);
		}
	}
}

static int
keep_instances(struct cli *c, struct kept *k, struct error *err)
{
	AUTO(names) all = { 0 };
	struct look l;
	int r = names_list(&all, c->env.home, err);

	look_begin(&l, c);
	for (size_t i = 0; i < all.n && r == 0; i++) {
		AUTO(instance) inst = { 0 };

		instance_look(&l, all.v[i], &inst);
		if (!inst.has_yaml)
			r = error_set(err, ENOENT, "cannot safely prune while instance `%s` is being used: open %s/lima.yaml: no such "
				      "file or directory", inst.name, inst.dir);
		else if (!inst.config)
			cli_say(&c->env, SAY_WARN, "skipping instance `%s` because it has errors: %s", inst.name, inst.errors[0]);
		else
			keep_locations(c, k, json_span_of(inst.config));
	}
	look_release(&l);
	return r;
}

/* One whose images have to be looked up, and cannot, has none to keep. */
static void
keep_templates(struct cli *c, struct kept *k)
{
	struct spec_opts opts = cli_spec_opts(c);
	size_t n;
	const struct template_entry *v = templates_list(c, &n);

	for (size_t i = 0; i < n; i++) {
		AUTO(template) t = { 0 };
		struct spec *spec;
		struct error why;

		if (template_load(&t, v[i].path, &opts, &why) < 0 ||
		    template_spec(&spec, "template", &t, TEMPLATE_BARE | TEMPLATE_UNCHECKED, &opts, &why) < 0) {
			cli_say(&c->env, SAY_WARN, "skipping template `%s`: %s", v[i].name, why.msg);
			continue;
		}
		keep_locations(c, k, json_span_of(spec->json));
		spec_free(spec);
	}
}

/* One download; not while somebody is at it. */
static int
remove_entry(struct cli *c, const char *path, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		cli_say(&c->env, SAY_WARN, "%s is being downloaded: it stays", path);
		return 0;
	}
	return fs_remove_tree(path, err);
}

/* What a broken transfer left in an entry that stays. */
static int
remove_leftovers(const char *path, struct error *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY);
	auto_dir DIR *d = NULL;
	struct dirent *e;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		auto_free char *file = xasprintf("%s/%s", path, e->d_name);

		if ((strcmp(e->d_name, "data.part") == 0 || strncmp(e->d_name, "data.tmp.", 9) == 0) && fs_unlink(file, err) < 0)
			return -1;
	}
	return 0;
}

static int
prune_entries(struct cli *c, const struct kept *k, struct error *err)
{
	auto_free char *top = xasprintf("%s/download/by-url-sha256", c->env.cache);
	auto_dir DIR *d = opendir(top);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", top, e->d_name);

		if (e->d_name[0] == '.')
			continue;
		if ((is_kept(k, path) ? remove_leftovers(path, err) : remove_entry(c, path, err)) < 0)
			return -1;
	}
	return 0;
}

/* The folders that are empty now, and all that was never a download. */
static int
prune_rest(struct cli *c, struct error *err)
{
	auto_free char *top = xasprintf("%s/download/by-url-sha256", c->env.cache), *up = xasprintf("%s/download", c->env.cache);

	if (rmdir(top) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 0 : error_errno(err, "rmdir %s", top);
	if (rmdir(up) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 0 : error_errno(err, "rmdir %s", up);
	return fs_remove_tree(c->env.cache, err);
}

static int
prune_run(struct cli *c, struct error *err)
{
	AUTO(kept) k = { 0 };

	if (!cli_bool(c, "keep-referred")) {
		cli_say(&c->env, SAY_INFO, "Pruning `%s`", c->env.cache);
		return prune_entries(c, &k, err) < 0 ? -1 : prune_rest(c, err);
	}
	if (keep_instances(c, &k, err) < 0)
		return -1;
	keep_templates(c, &k);
	return prune_entries(c, &k, err);
}

const struct command command_prune = {
	.name = "prune",
	.group = GROUP_ADVANCED,
	.about = "Empty the download cache",
	.details = "What is being downloaded stays.",
	.example = "limactl prune\nlimactl prune --keep-referred",
	.flags = flags,
	.quick = true,
	.run = prune_run,
};
