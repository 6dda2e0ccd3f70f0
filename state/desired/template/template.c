#include "state/desired/template/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/spec/loaded.h"
#include "state/desired/template/locator.h"
#include "state/desired/spec/paths.h"
#include "state/desired/template/template_tree.h"

void
template_release(struct template *t)
{
	free(t->text);
	free(t->path);
	free(t->name);
	free(t->name_fault);
	free(t->locator);
	free(t->origin);
	arena_release(&t->arena);
	*t = (struct template){ 0 };
}

int
template_read(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err)
{
	struct template t = { 0 };
	const char *resolved, *path, *name, *fault;
	AUTO(buf) text = BUF_INIT;

	if (locator_resolve(&resolved, &t.arena, locator, false, opts, err) < 0) {
		template_release(&t);
		return -1;
	}
	t.stamp = fs_stamp(&t.arena, resolved);	/* before it is read: a change in between is seen by the next who looks */
	if (locator_read(&text, &path, &t.arena, resolved, opts, err) < 0) {
		template_release(&t);
		return -1;
	}
	name = locator_name(&t.arena, resolved, &fault);
	t.name = xstrdup(name ? name : "");
	t.name_fault = xstrdup(fault ? fault : "");
	t.path = xstrdup(path);
	t.locator = xstrdup(resolved);
	t.len = text.len;
	t.text = buf_detach(&text);
	*out = t;
	return 0;
}

static int
read_source(struct node **out, struct arena *a, struct source *src, struct error *err)
{
	struct node *root;

	if (yaml_read(&root, a, src, NULL, err) < 0)
		return -1;
	if (root->kind == NODE_NULL) {		/* nothing, or comments only: they are its head */
		root->kind = NODE_MAP;
		root->style = STYLE_BLOCK;
		root->pair = NULL;
		root->npair = root->pcap = 0;
	} else if (root->kind != NODE_MAP) {
		AUTO(buf) where = BUF_INIT;

		node_where(root, &where);
		return error_set(err, ERR_INVALID, "%s: a template must be a mapping of keys, not a %s", where.s,
				 root->kind == NODE_LIST ? "list (sequence)" : "single value");
	}
	yaml_layout(root);
	*out = root;
	return 0;
}

static struct source *
new_source(struct arena *a, const char *path, const char *text, size_t len)
{
	struct source *src = arena_alloc(a, sizeof *src);

	*src = (struct source){ .name = arena_strdup(a, path), .text = arena_memdup(a, text, len), .len = len };
	return src;
}

int
tree_read(struct node **out, struct arena *a, const char *path, const char *text, size_t len, struct error *err)
{
	return read_source(out, a, new_source(a, path, text, len), err);
}

int
tree_open(struct node **out, struct template *t, struct error *err)
{
	struct source *src = new_source(&t->arena, t->path, t->text, t->len);
	size_t bytes = t->norigin * sizeof *t->origin;

	if (bytes) {
		src->origin = (struct origin *)arena_memdup(&t->arena, (char *)t->origin, bytes);
		src->norigin = t->norigin;
	}
	return read_source(out, &t->arena, src, err);
}

int
tree_close(struct template *t, struct node *root, struct error *err)
{
	struct origins origins = { 0 };
	AUTO(buf) text = BUF_INIT;

	if (yaml_write(&text, &t->arena, root, &origins, &t->root) < 0) {
		origins_release(&origins);
		return error_set(err, ERR_INVALID, "%s: cannot be written so that it reads back as it should; write it more plainly", t->path);
	}
	if (text.len > YAML_MAX_TEXT) {
		origins_release(&origins);
		return error_set(err, ERR_INVALID, "%s: more than 4 MiB of text", t->path);
	}
	free(t->text);
	t->len = text.len;
	t->text = buf_detach(&text);
	free(t->origin);
	t->origin = origins.v;
	t->norigin = origins.n;
	return 0;
}

/* The nodes of another template, in the arena of `t`; so are the names of the files that its lines are from. */
static int
open_other(struct node **out, struct template *t, const struct template *other, struct error *err)
{
	struct source *src = new_source(&t->arena, other->path, other->text, other->len);
	const char *last = NULL, *copy = NULL;
	struct origin *o = arena_alloc(&t->arena, (other->norigin + 1) * sizeof *o);

	for (size_t i = 0; i < other->norigin; i++) {
		o[i] = other->origin[i];
		if (o[i].file != last) {
			last = o[i].file;
			copy = last ? arena_strdup(&t->arena, last) : NULL;
		}
		o[i].file = copy;
	}
	src->origin = other->norigin ? o : NULL;
	src->norigin = other->norigin;
	return read_source(out, &t->arena, src, err);
}

int
template_merge(struct template *t, const struct template *base, struct error *err)
{
	struct node *root, *from;

	if (tree_open(&root, t, err) < 0 || open_other(&from, t, base, err) < 0)
		return -1;
	merge_base(&t->arena, root, from);
	combine_entries(&t->arena, root);
	return tree_close(t, root, err);
}

int
template_load(struct template *out, const char *locator, const struct spec_opts *opts, struct error *err)
{
	struct template t;

	if (template_read(&t, locator, opts, err) < 0)
		return -1;
	if (template_embed(&t, EMBED_CONFIG | EMBED_PIN, opts, err) < 0) {
		template_release(&t);
		return -1;
	}
	*out = t;
	return 0;
}

/* Whoever lets the user edit the text puts another in its place. */
static const struct node *
template_read_root(const struct template *t)
{
	const struct source *src = t->root ? t->root->src : NULL;

	return src && src->len == t->len && !memcmp(src->text, t->text, t->len) ? t->root : NULL;
}

int
template_spec(struct spec **out, const char *name, const struct template *t, enum template_spec_flags flags,
	      const struct spec_opts *opts, struct error *err)
{
	struct spec_from from = { .name = name, .path = t->path, .yaml = t->text, .len = t->len, .origin = t->origin, .norigin = t->norigin,
				  .root = template_read_root(t), .bare = flags & TEMPLATE_BARE, .unchecked = flags & TEMPLATE_UNCHECKED };

	return spec_load_from(out, &from, opts, err);
}
