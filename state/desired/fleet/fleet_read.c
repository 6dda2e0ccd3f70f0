/* The fleet file as a whole. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "state/desired/fleet/fleet_file.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/name.h"
#include "state/desired/template/template_tree.h"
#include "state/desired/yaml/emit.h"

bool
fleet_is(const char *text, size_t len)
{
	AUTO(arena) a = { 0 };
	struct source src = { .name = "", .text = text, .len = len };
	struct node *root;

	if (!memmem(text, len, "instances", 9))
		return false;
	return yaml_read(&root, &a, &src, NULL, NULL) == 0 && node_get(root, "instances") != NULL;
}

/* --- parameters, and the name */

static int
compare_params(const void *x, const void *y)
{
	return strcmp(((const struct fleet_param *)x)->name, ((const struct fleet_param *)y)->name);
}

static int
read_params(struct fleet_reading *r, const struct fleet_param *given, size_t n, struct error *err)
{
	const struct val *param = val_get(r->root, "param");
	size_t own = param ? param->npair : 0;
	struct fleet *f = r->f;

	f->param = arena_alloc(&f->arena, (own + 1) * sizeof *f->param);
	for (size_t i = 0; i < own; i++)
		f->param[f->nparam++] = (struct fleet_param){ param->pair[i].key, param->pair[i].value };
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < own && strcmp(f->param[k].name, given[i].name) != 0)
			k++;
		if (k == own)
			return error_set(err, ERR_INVALID, "%s: has no parameter `%s` for --param", f->file, given[i].name);
		f->param[k].value = arena_strdup(&f->arena, given[i].value);
	}
	if (f->nparam)
		qsort(f->param, f->nparam, sizeof *f->param, compare_params);
	return 0;
}

static const char *
read_expanded(struct fleet_reading *r, const char *key)
{
	const struct val *v = val_get(r->root, key);
	AUTO(buf) out = BUF_INIT;
	struct error why = { 0 };

	if (!v)
		return "";
	if (fleet_expand_text(&out, &r->f->arena, v->s, strlen(v->s), &(struct fleet_scope){ .f = r->f }, &why) < 0)
		diag_error(&r->l, r->root, key, "%s", why.msg);
	return arena_strdup(&r->f->arena, out.s);
}

/* That of the folder that the file is in, when it says none. */
static const char *
read_folder_name(struct fleet_reading *r)
{
	auto_free char *dir = fs_realpath(r->f->file), *name = NULL;
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (slash)
		*slash = 0;
	if (!dir || name_from_path(&name, *dir ? dir : "/", NULL) < 0)
		return NULL;
	return arena_strdup(&r->f->arena, name);
}

static void
fleet_read_name(struct fleet_reading *r)
{
	const char *name = read_expanded(r, "name"), *fault;
	struct fleet *f = r->f;

	r->prefix = read_expanded(r, "namePrefix");
	f->prefix_len = strlen(r->prefix);
	if (!*name && !val_get(r->root, "name") && !(name = read_folder_name(r))) {
		diag_error(&r->l, r->root, NULL, "the fleet has no name: none can be made of its folder's; set `name`");
		name = "fleet";
	}
	f->name = arena_printf(&f->arena, "%s%s", r->prefix, name);
	fault = identifier_fault(&f->arena, f->name);
	if (fault)
		diag_error(&r->l, r->root, val_get(r->root, "name") ? "name" : "namePrefix", "%s", fault);
}

/* --- capacity */

void
fleet_read_capacity(struct fleet_reading *r)
{
	const struct val *capacity = val_get(r->root, "capacity"), *memory = capacity ? val_get(capacity, "memory") : NULL;
	const char *text = memory ? memory->s : "";
	size_t len = strlen(text);
	struct error why;
	char *end;

	if (!len)
		return;
	if (text[len - 1] != '%') {
		if (size_parse(&r->f->memory_most, text, &why) < 0)
			diag_error(&r->l, capacity, "memory", "must be a size such as `16GiB`, or a part of the host's memory such as `80%%`, got `%s`", text);
		return;
	}
	r->f->memory_part = strtod(text, &end) / 100;
	if (end != text + len - 1 || !(r->f->memory_part > 0) || r->f->memory_part > 100)
		diag_error(&r->l, capacity, "memory", "must be a size such as `16GiB`, or a part of the host's memory such as `80%%`, got `%s`", text);
}

/* --- all of it */

static void
read_parts(struct fleet_reading *r)
{
	const struct val *defaults = val_get(r->root, "defaults");

	r->f->defaults = defaults ? defaults->any : NULL;
	r->instances = val_get(r->root, "instances");
	fleet_read_name(r);
	fleet_read_engine(r);
	fleet_read_networks(r);
	if (r->instances)
		fleet_read_members(r);
	else
		diag_error(&r->l, r->root, "instances", "must be a mapping of names to what is wanted of them");
	fleet_read_depends(r);
	fleet_read_capacity(r);
}

static int
fleet_read_text(struct fleet_reading *r, const struct template *t, struct error *err)
{
	struct fleet *f = r->f;
	struct source *src = arena_alloc(&f->arena, sizeof *src);
	struct node *root;

	*src = (struct source){ .name = f->file, .text = arena_memdup(&f->arena, t->text, t->len), .len = t->len };
	if (yaml_read(&root, &f->arena, src, NULL, err) < 0)
		return -1;
	yaml_layout(root);
	r->l.src = src;
	r->root = convert(&r->l, &fleet_root, root);
	return 0;
}

static void
read_begin(struct fleet_reading *r, struct fleet *f, const struct template *t, const struct spec_opts *opts, struct error *err)
{
	struct arena *a = &f->arena;
	auto_free char *real = locator_is_remote(t->locator) || !strcmp(t->locator, "-") ? NULL : fs_realpath(t->path);

	f->name = "";
	f->file = arena_strdup(a, t->path);
	f->locator = arena_strdup(a, t->locator);
	f->home_file = arena_strdup(a, real ? real : "");
	*r = (struct fleet_reading){ .f = f, .l = { .a = a, .opts = opts, .host = opts->host, .name = "", .dir = "", .path = f->file, .err = err } };
}

int
fleet_read(struct fleet *out, const struct template *t, const struct fleet_param *given, size_t ngiven, const struct spec_opts *opts,
	   struct error *err)
{
	struct fleet f = { 0 };
	struct fleet_reading r;
	int rc;

	read_begin(&r, &f, t, opts, err);
	rc = fleet_read_text(&r, t, err);
	if (rc == 0 && r.root && (rc = read_params(&r, given, ngiven, err)) == 0)
		read_parts(&r);
	if (report_all(&r.l) < 0 || rc < 0) {
		fleet_release(&f);
		return -1;
	}
	*out = f;
	return 0;
}

void
fleet_release(struct fleet *f)
{
	arena_release(&f->arena);
	*f = (struct fleet){ 0 };
}

/* --- members as templates */

/* A mapping of the file as a text of its own. */
static int
read_cut(struct template *out, const struct fleet *f, const struct node *map, const struct fleet_scope *s, struct error *err)
{
	struct node *root = node_map(&out->arena), *filled;

	out->path = xstrdup(f->file);
	out->locator = xstrdup(f->locator);
	out->name = xstrdup(s->m->name);
	out->name_fault = xstrdup("");
	filled = fleet_expand(&out->arena, map, s, err);
	if (!filled)
		return -1;
	/* `{}` would make what is merged in flow behind it */
	if (filled->kind != NODE_MAP || !filled->npair) {
		out->text = xstrdup("");
		return 0;
	}
	for (size_t i = 0; i < filled->npair; i++)
		node_put(&out->arena, root, filled->pair[i].key, filled->pair[i].value);
	return tree_close(out, root, err);
}

/* A network of the fleet is named without the prefix. */
static bool
read_rename(struct template *t, const struct fleet *f, struct node *list)
{
	bool changed = false;

	for (size_t i = 0; i < node_count(list); i++) {
		struct node *lima = node_get(list->item[i], "lima");

		for (size_t k = 0; lima && lima->kind == NODE_SCALAR && k < f->nnetworks; k++)
			if (!strcmp(lima->text, f->networks[k].name + f->prefix_len)) {
				node_set(&t->arena, list->item[i], "lima", node_text(&t->arena, f->networks[k].name));
				list->flags |= NODE_CHANGED;
				changed = true;
				break;
			}
	}
	return changed;
}

/* One that says nothing of networks is on those of its fleet. */
static int
read_join(struct template *t, const struct fleet *f, struct error *err)
{
	struct node *root, *list;

	if (!f->nnetworks)
		return 0;
	if (tree_open(&root, t, err) < 0)
		return -1;
	list = node_get(root, "networks");
	if (list && (!f->prefix_len || !read_rename(t, f, list)))
		return 0;
	if (list) {
		root->flags |= NODE_CHANGED;
		return tree_close(t, root, err);
	}
	list = node_list(&t->arena);
	for (size_t i = 0; i < f->nnetworks; i++) {
		struct node *one = node_map(&t->arena);

		node_set(&t->arena, one, "lima", node_text(&t->arena, f->networks[i].name));
		node_push(&t->arena, list, i, one);
	}
	node_set(&t->arena, root, "networks", list);
	return tree_close(t, root, err);
}

int
fleet_template(struct template *out, const struct fleet *f, const struct fleet_member *m, const struct spec_opts *opts, struct error *err)
{
	const struct fleet_scope scope = { .f = f, .m = m };
	AUTO(template) t = { 0 };
	AUTO(template) defaults = { 0 };

	if (read_cut(&t, f, m->text, &scope, err) < 0 || template_embed(&t, EMBED_CONFIG | EMBED_PIN, opts, err) < 0)
		return -1;
	if (f->defaults && (read_cut(&defaults, f, f->defaults, &scope, err) < 0 ||
			    template_embed(&defaults, EMBED_PIN, opts, err) < 0 || template_merge(&t, &defaults, err) < 0))
		return -1;
	if (read_join(&t, f, err) < 0)
		return -1;
	*out = t;
	t = (struct template){ 0 };
	return 0;
}

bool
fleet_template_is_same(const struct fleet *f, const struct fleet_member *one, const struct fleet_member *other)
{
	return one->text == other->text && fleet_is_literal(one->text) && (!f->defaults || fleet_is_literal(f->defaults));
}
