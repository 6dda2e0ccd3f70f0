/* From the text of lima.yaml to a spec. */
#include "state/desired/spec/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/loaded.h"
#include "state/desired/template/name.h"
#include "state/desired/spec/paths.h"

/* Finds what shows that an instance has been started before. */
static const char *
version_of_existing(struct load *l)
{
	static const char *const traces[] = { "disk", "cidata.iso", "basedisk", "diffdisk", "image", "ha.stdout.log", "ha.stderr.log",
					      "vz-identifier" };
	const char *dir = l->opts->copied_from ? l->opts->copied_from : l->dir;
	AUTO(buf) version = BUF_INIT;
	size_t i = 0;

	if (!fs_exists(dir))
		return NULL;
	while (i < ARRAY_LEN(traces) && !fs_exists(arena_printf(l->a, "%s/%s", dir, traces[i])))
		i++;
	if (i == ARRAY_LEN(traces))
		return NULL;
	fs_read_if(arena_printf(l->a, "%s/lima-version", dir), &version, 256, NULL);
	while (version.len && strchr(" \t\r\n", version.s[version.len - 1]))
		buf_truncate(&version, version.len - 1);
	/* A note that was lost, or cut by a crash: what we have applied is not of a version before us. */
	if (!version.len && fs_exists(arena_printf(l->a, "%s/applied.json", dir)))
		return l->opts->version ? l->opts->version : "";
	return arena_strdup(l->a, version.s);
}

/* Converts one text to values; NULL for an empty one. `read` is what it says, if it was read before. */
static int
read_layer(struct load *l, struct source *src, const struct node *read, struct val **out)
{
	struct node *root = read ? node_copy_to(l->a, read, src) : NULL;
	struct error why = { 0 };
	bool more = false;

	if (!root && yaml_read(&root, l->a, src, &more, &why) < 0) {
		complain_text(l, src, why.msg);
		return -1;
	}
	if (more)
		caution_at(l, NULL, NULL, root, "only the first YAML document of the file counts");
	*out = root->kind == NODE_NULL ? NULL : convert(l, &key_root, root);
	return 0;
}

static int
read_config(struct load *l, const char *file, struct val **out)
{
	struct source *src = arena_alloc(l->a, sizeof *src);
	AUTO(buf) text = BUF_INIT;
	int rc;

	*out = NULL;
	src->name = arena_printf(l->a, "%s/_config/%s", l->opts->home, file);
	rc = fs_read_given(src->name, &text, YAML_MAX_TEXT, l->err);
	if (rc <= 0)
		return rc;
	src->text = arena_memdup(l->a, text.s, text.len);
	src->len = text.len;
	return read_layer(l, src, NULL, out);
}

/* -1: the values are of no use. Other complaints only count. */
static int
load_values(struct load *l, struct source *src, const struct node *root, bool unchecked)
{
	struct val *d, *y = NULL, *o, *none;

	if (read_config(l, "default.yaml", &d) < 0 || read_layer(l, src, root, &y) < 0 || read_config(l, "override.yaml", &o) < 0)
		return -1;
	none = val_new(l, &key_root, KEY_GROUP, NULL, NULL);
	l->root = layers_merge(l, &key_root, d, y ? y : none, o, NULL);
	if (y && val_get(y, "param"))
		l->param = layers_merge(l, val_get(y, "param")->key, NULL, val_get(y, "param"), NULL, l->root);
	if (!unchecked)
		check_params_used(l, l->root);
	/* Other defaults depend on these. */
	fill_one(l, l->root, "os");
	fill_one(l, l->root, "arch");
	fill_one(l, l->root, "user");
	defaults_fill(l, l->root);
	if (!unchecked)
		check(l, l->root);
	return 0;
}

static void
spec_store_all(struct load *l, struct loaded *out)
{
	struct spec *s = &out->spec;
	AUTO(buf) json = BUF_INIT;

	spec_store(l, l->root, s);
	spec_complete(l, s);
	val_json(l->root, &json);
	s->json = arena_memdup(l->a, json.s, json.len);
	out->root = l->root;
}

/* Places are told of a spec whose template is gone: members of a fleet that claim the same. */
static const struct origin *
spec_keep_origin(struct arena *a, const struct origin *from, size_t n)
{
	struct origin *v = arena_alloc(a, (n + 1) * sizeof *v);
	const char *last = NULL, *copy = NULL;

	for (size_t i = 0; i < n; i++) {
		if (from[i].file != last) {
			last = from[i].file;
			copy = last ? arena_strdup(a, last) : NULL;
		}
		v[i] = from[i];
		v[i].file = copy;
	}
	return n ? v : NULL;
}

int
spec_load_from(struct spec **out, const struct spec_from *from, const struct spec_opts *opts, struct error *err)
{
	struct loaded *loaded = xcalloc(1, sizeof *loaded);
	struct arena *a = &loaded->arena;
	struct host *host = opts->host ? NULL : host_new();
	struct source *src = arena_alloc(a, sizeof *src);
	struct load l = {
		.a = a, .opts = opts, .host = opts->host ? opts->host : host, .src = src, .err = err,
		.name = from->bare ? path_base(arena_strdup(a, opts->home)) : arena_strdup(a, from->name),
		.dir = from->bare ? arena_strdup(a, opts->home) : arena_printf(a, "%s/%s", opts->home, from->name),
	};
	struct spec *s = &loaded->spec;
	auto_free char *hostname = name_hostname(from->name);
	struct spec_member m = { .fleet = "" };
	int rc;

	*src = (struct source){ .name = arena_strdup(a, from->path), .text = arena_memdup(a, from->yaml, from->len), .len = from->len,
				.origin = spec_keep_origin(a, from->origin, from->norigin), .norigin = from->norigin };
	l.path = from->bare ? arena_printf(a, "%s/%s.yaml", l.dir, from->name) : arena_printf(a, "%s/lima.yaml", l.dir);
	l.old_version = from->bare ? NULL : version_of_existing(&l);
	s->name = arena_strdup(a, from->name);
	s->hostname = arena_strdup(a, hostname);
	s->dir = l.dir;
	s->yaml = src->text;
	s->yaml_len = src->len;
	s->stamp = from->stamp ? arena_strdup(a, from->stamp) : "";
	rc = load_values(&l, src, from->root, from->unchecked);
	if (rc == 0 && !l.complaints)
		spec_store_all(&l, loaded);
	if (rc == 0 && !from->bare && !opts->copied_from)
		rc = spec_fleet_read(a, s->dir, &m, err);
	if (rc == 0 && *m.fleet)
		spec_join_fleet(s, &m);
	loaded->host = host;
	loaded->src = src;
	if (report_all(&l) < 0 || rc < 0) {
		spec_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

int
spec_load(struct spec **out, const char *name, const char *path, const char *yaml, size_t len, const struct spec_opts *opts,
	  struct error *err)
{
	return spec_load_from(out, &(struct spec_from){ .name = name, .path = path, .yaml = yaml, .len = len }, opts, err);
}

int
spec_load_instance(struct spec **out, const char *name, const struct spec_opts *opts, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/lima.yaml", opts->home, name);
	auto_free char *common = NULL, *stamp = NULL;
	AUTO(buf) text = BUF_INIT;

	if (name_check(name, err) < 0)
		return -1;
	stamp = spec_stamp(name, opts, &common);	/* before reading: a change in between is seen next time */
	if (fs_read(path, &text, YAML_MAX_TEXT, err) < 0)
		return -1;
	return spec_load_from(out, &(struct spec_from){ .name = name, .path = path, .yaml = text.s, .len = text.len, .stamp = stamp },
			      opts, err);
}

void
spec_yaml(const struct spec *s, struct buf *out)
{
	AUTO(arena) a = { 0 };

	yaml_emit(out, val_node(&a, loaded_of(s)->root), NULL);
}

struct spec *
spec_bare(const char *name, const struct spec_opts *opts)
{
	struct loaded *loaded = xcalloc(1, sizeof *loaded);
	struct arena *a = &loaded->arena;
	struct spec *s = &loaded->spec;
	auto_free char *hostname = name_hostname(name);

	s->name = arena_strdup(a, name);
	s->hostname = arena_strdup(a, hostname);
	s->dir = arena_printf(a, "%s/%s", opts->home, name);
	spec_blank(s);
	return s;
}

void
spec_free(struct spec *s)
{
	struct loaded *loaded;

	if (!s)
		return;
	loaded = loaded_of(s);
	host_free(loaded->host);
	arena_release(&loaded->arena);
	free(loaded);
}
