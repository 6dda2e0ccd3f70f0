/* Templates made of others: locators, bases, scripts. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/template_tree.h"

enum { MAX_BASES = 100, MAX_TOTAL = 16 << 20 };

struct job {
	struct template *t;		/* owns the arena */
	struct arena *a;
	const struct spec_opts *opts;
	enum embed_flags flags;
	const char *seen[MAX_BASES];
	size_t nseen, nread, total;
	struct error *err;
};

/* A unit is one of the templates that are put together. */
struct unit {
	struct node *root;
	const char *locator, *path;	/* path: as read_named tells it; NULL for what is no file */
	bool remote;
};

static int
fail_at(struct job *j, const struct node *n, const char *key, const struct error *why)
{
	AUTO(buf) where = BUF_INIT;

	node_where(n, &where);
	return error_set(j->err, why->code, "%s: %s: %s", where.s, key, why->msg);
}

static int
fail_text(struct job *j, const struct node *n, const char *key, const char *text)
{
	struct error why;

	error_set(&why, ERR_INVALID, "%s", text);
	return fail_at(j, n, key, &why);
}

/* --- locators */

/* The locator is the string itself, or the url of {url, digest}. */
static struct node *
url_of(struct node *n)
{
	struct node *url = n->kind == NODE_MAP ? node_get(n, "url") : n;

	return url && url->kind == NODE_SCALAR ? url : NULL;
}

/* Makes the locator at *slot absolute, and checks that it may be followed from there. */
static int
embed_absolute(struct job *j, const struct unit *u, struct node *holder, struct node **slot, const char *key)
{
	struct node *n = url_of(*slot);
	const char *to, *resolved;
	struct error why;

	if (!n)
		return 0;
	if (locator_absolute(&to, j->a, n->text, u->locator, &why) < 0)
		return fail_at(j, n, key, &why);
	if (u->remote && locator_resolve(&resolved, j->a, to, true, j->opts, &why) < 0)
		return fail_at(j, n, key, &why);
	if (!strcmp(to, n->text))
		return 0;
	if (n == *slot) {
		*slot = node_text(j->a, to);
		(*slot)->src = n->src;
		(*slot)->line = n->line;
		(*slot)->col = n->col;
		holder->flags |= NODE_CHANGED;
	} else {
		node_set(j->a, *slot, "url", node_text(j->a, to));
	}
	return 0;
}

static int
absolute_files(struct job *j, const struct unit *u, const char *list)
{
	const struct node *items = node_get(u->root, list);

	for (size_t i = 0; i < node_count(items); i++) {
		struct node *item = items->item[i];

		for (size_t k = 0; item->kind == NODE_MAP && k < item->npair; k++)
			if (node_key_is(&item->pair[k], "file") &&
			    embed_absolute(j, u, item, &item->pair[k].value, arena_printf(j->a, "%s[%zu].file", list, i)) < 0)
				return -1;
	}
	return 0;
}

/* A playbook is read on the host, when the template is loaded, and run there. */
static int
check_playbooks(struct job *j, const struct unit *u)
{
	const struct node *items = node_get(u->root, "provision");

	for (size_t i = 0; u->remote && i < node_count(items); i++) {
		const struct node *n = node_get(items->item[i], "playbook");

		if (n && n->kind == NODE_SCALAR && n->len)
			return fail_text(j, n, arena_printf(j->a, "provision[%zu].playbook", i),
					 arena_printf(j->a, "a remote template must not use the local file `%s`", n->text));
	}
	return 0;
}

static int
absolute_all(struct job *j, const struct unit *u)
{
	for (size_t i = 0; i < u->root->npair; i++) {
		struct pair *p = &u->root->pair[i];
		struct node *v = p->value;

		if (!node_key_is(p, "base") || v->kind == NODE_NULL)
			continue;
		if (v->kind == NODE_MAP)
			return fail_text(j, v, "base", "must be a string or a list (sequence), not a mapping; write `- url: ...`");
		if (v->kind == NODE_SCALAR && embed_absolute(j, u, u->root, &p->value, "base") < 0)
			return -1;
		for (size_t k = 0; k < node_count(v); k++)
			if (embed_absolute(j, u, v, &v->item[k], arena_printf(j->a, "base[%zu]", k)) < 0)
				return -1;
	}
	if (check_playbooks(j, u) < 0 || absolute_files(j, u, "provision") < 0)
		return -1;
	return absolute_files(j, u, "probes");
}

/* --- reading */

static int
digest_text_check(struct job *j, const struct node *holder, const struct buf *text)
{
	const struct node *digest = holder->kind == NODE_MAP ? node_get(holder, "digest") : NULL;
	char hex[65];

	if (!digest || digest->kind == NODE_NULL)
		return 0;
	if (digest->kind != NODE_SCALAR || strncmp(digest->text, "sha256:", 7))
		return fail_text(j, digest, "digest", "must be `sha256:` and 64 hex digits");
	sha256_hex(text->s, text->len, hex);
	if (strcmp(hex, digest->text + 7))
		return fail_text(j, digest, "digest", arena_printf(j->a, "does not match: what was read has sha256:%s", hex));
	return 0;
}

/* What `holder` (a string or {url, digest}) names. */
static int
read_named(struct job *j, const struct node *holder, const char *key, bool from_remote, struct buf *text, const char **path,
	   const char **resolved)
{
	const struct node *n = url_of((struct node *)holder);
	struct error why;

	if (!n)
		return fail_text(j, holder, key, "must be a string or a mapping with `url`; the locator is empty");
	if (locator_resolve(resolved, j->a, n->text, from_remote, j->opts, &why) < 0 ||
	    locator_read(text, path, j->a, *resolved, j->opts, &why) < 0)
		return fail_at(j, n, key, &why);
	j->nread++;
	j->total += text->len;
	if (j->total > MAX_TOTAL)
		return fail_text(j, n, key, "this template and its bases have more than 16 MiB of text");
	return digest_text_check(j, holder, text);
}

static int embed_unit(struct job *j, struct unit *u, bool top);

static int
load_base(struct job *j, const struct unit *by, const struct node *holder, struct unit *out)
{
	const char *locator;
	AUTO(buf) text = BUF_INIT;

	if (read_named(j, holder, "base", by->remote, &text, &out->path, &locator) < 0)
		return -1;
	for (size_t i = 0; i < j->nseen; i++)
		if (!strcmp(j->seen[i], locator))
			return fail_text(j, holder, "base", arena_printf(j->a, "base template loop detected: template `%s` already included",
									  locator));
	if (j->nseen == MAX_BASES)
		return fail_text(j, holder, "base", "more than 100 base templates");
	j->seen[j->nseen++] = locator;
	out->locator = locator;
	out->remote = by->remote || locator_is_remote(locator);
	return tree_read(&out->root, j->a, out->path, text.s, text.len, j->err);
}

/* --- bases */

/* `base` of a unit, as a list of its own */
static struct node *
take_bases(struct job *j, struct unit *u)
{
	struct node *base = node_get(u->root, "base"), *list = node_list(j->a);

	if (base && base->kind == NODE_SCALAR)
		node_push(j->a, list, 0, base);
	for (size_t i = 0; i < node_count(base); i++)
		node_push(j->a, list, i, base->item[i]);
	if (base)
		node_unset(u->root, "base");
	return list;
}

static bool
embed_stays(const struct job *j, const struct node *holder)
{
	const struct node *url = url_of((struct node *)holder);

	return j->flags & EMBED_BUT_TEMPLATES && url && locator_is_template(url->text);
}

static int
embed_base(struct job *j, struct unit *u, const struct node *holder, struct node *rest)
{
	struct unit base;
	struct node *left;

	if (load_base(j, u, holder, &base) < 0 || embed_unit(j, &base, false) < 0)
		return -1;
	left = node_get(base.root, "base");
	for (size_t i = 0; i < node_count(left); i++)
		node_push(j->a, rest, rest->n, left->item[i]);
	merge_base(j->a, u->root, base.root);
	return 0;
}

static int
embed_bases(struct job *j, struct unit *u, const char *config)
{
	struct node *bases = take_bases(j, u), *rest = node_list(j->a);
	const struct unit own = { .locator = u->locator };	/* the user's, even below a remote template */

	if (config) {
		struct node *first = node_text(j->a, config);
		struct unit base;

		if (load_base(j, &own, first, &base) < 0 || embed_unit(j, &base, false) < 0)
			return -1;
		merge_base(j->a, u->root, base.root);
	}
	for (size_t i = 0; i < bases->n; i++) {
		const struct node *url = url_of(bases->item[i]);

		if (rest->n && url && !locator_is_template(url->text))
			return fail_text(j, url, "base", arena_printf(j->a, "cannot embed template `%s` after not embedding `%s`", url->text,
								      url_of(rest->item[0]) ? url_of(rest->item[0])->text : ""));
		if (rest->n || embed_stays(j, bases->item[i]))
			node_push(j->a, rest, rest->n, bases->item[i]);
		else if (embed_base(j, u, bases->item[i], rest) < 0)
			return -1;
	}
	if (rest->n)
		node_set(j->a, u->root, "base", rest);
	return 0;
}

/* --- scripts */

static bool
has_text(const struct node *entry, const char *key)
{
	const struct node *n = node_get(entry, key);

	return n && n->kind != NODE_NULL && (strcmp(key, "script") || (n->kind == NODE_SCALAR && n->len));
}

static const char *
script_key(const struct node *entry)
{
	const struct node *mode = node_get(entry, "mode");

	if (mode && mode->kind == NODE_SCALAR && !strcmp(mode->text, "data"))
		return "content";
	if (mode && mode->kind == NODE_SCALAR && !strcmp(mode->text, "yq"))
		return "expression";
	return "script";
}

static int
embed_script(struct job *j, const struct unit *u, struct node *entry, const char *where)
{
	const char *key = script_key(entry), *path, *locator;
	struct node *file = node_get(entry, "file"), *text;
	AUTO(buf) b = BUF_INIT;

	if (!file || file->kind == NODE_NULL || has_text(entry, key) || embed_stays(j, file))
		return 0;
	if (read_named(j, file, where, u->remote, &b, &path, &locator) < 0)
		return -1;
	node_unset(entry, key);
	text = node_text(j->a, "");
	text->text = arena_memdup(j->a, b.s, b.len);
	text->len = b.len;
	for (size_t i = 0; i < entry->npair; i++)
		if (node_key_is(&entry->pair[i], "file"))
			entry->pair[i] = (struct pair){ node_text(j->a, key), text };
	entry->flags |= NODE_CHANGED;
	return 0;
}

static int
embed_scripts(struct job *j, const struct unit *u, const char *list)
{
	const struct node *items = node_get(u->root, list);

	for (size_t i = 0; i < node_count(items); i++)
		if (items->item[i]->kind == NODE_MAP &&
		    embed_script(j, u, items->item[i], arena_printf(j->a, "%s[%zu].file", list, i)) < 0)
			return -1;
	return 0;
}

static int
embed_unit(struct job *j, struct unit *u, bool top)
{
	const char *config = arena_printf(j->a, "%s/_config/base.yaml", j->opts->home);

	if (absolute_all(j, u) < 0 || embed_scripts(j, u, "provision") < 0 || embed_scripts(j, u, "probes") < 0)
		return -1;
	/* A remote template that names a file of this host reads the user's file. */
	if (locator_is_remote(u->locator))
		tree_host_uses(j->t, u->root, u->path ? u->path : u->locator);
	if (j->flags & EMBED_PIN && u->path && !locator_is_remote(u->locator))
		tree_pin(j->a, u->root, u->path);
	return embed_bases(j, u, top && j->flags & EMBED_CONFIG && fs_exists(config) ? config : NULL);
}

/* --- templates as a whole */

static int
embed_begin(struct job *j, struct template *t, enum embed_flags flags, const struct spec_opts *opts, struct unit *top, struct error *err)
{
	*j = (struct job){ .t = t, .a = &t->arena, .opts = opts, .flags = flags, .err = err };
	*top = (struct unit){ .locator = t->locator, .remote = locator_is_remote(t->locator) };
	if (strcmp(t->locator, "-") && !locator_is_image(t->locator))
		top->path = t->path;
	j->seen[j->nseen++] = t->locator;
	return tree_open(&top->root, t, err);
}

int
template_absolute(struct template *t, const struct spec_opts *opts, struct error *err)
{
	struct job j;
	struct unit top;

	if (embed_begin(&j, t, EMBED_ALL, opts, &top, err) < 0 || absolute_all(&j, &top) < 0)
		return -1;
	return tree_close(t, top.root, err);
}

int
template_embed(struct template *t, enum embed_flags flags, const struct spec_opts *opts, struct error *err)
{
	struct job j;
	struct unit top;

	if (embed_begin(&j, t, flags, opts, &top, err) < 0 || embed_unit(&j, &top, true) < 0)
		return -1;
	if (j.nread)
		t->stamp = NULL;
	combine_entries(j.a, top.root);
	return tree_close(t, top.root, err);
}
