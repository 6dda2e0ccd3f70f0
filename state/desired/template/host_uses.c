/*
 * What a template of somebody else's, read from a server, names of this host: by the rows of the table that say of a key that it does.
 *
 * It is asked of each file for itself, as it was written, before it is merged into those of the user.
 */
#include <string.h>
#include <strings.h>

#include "state/desired/spec/keys.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/template_tree.h"

struct look {
	struct template *t;
	const char *file;
};

static bool
host_uses_begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Below the instance's own folder, whatever that is: no way up, and nothing that a parameter could put there. */
static bool
is_own(const char *s, bool relative)
{
	const char *rest = host_uses_begins(s, "{{.Dir}}/") ? s + strlen("{{.Dir}}/") : relative && *s != '/' && *s != '~' ? s : NULL;

	return rest && !strstr(rest, "..") && !strstr(rest, "{{");
}

static bool
is_true(const struct node *n)
{
	return n && n->kind == NODE_SCALAR && !strcasecmp(n->text, "true");
}

/* One that is told of by its folder need not be told of again. Any other is merged into that of the same mount point, which may be the user's. */
static bool
is_told_by_folder(const struct node *holder)
{
	const struct node *n = node_get(holder, "location");

	return n && n->kind == NODE_SCALAR && *n->text && !locator_is_remote(n->text) && !is_own(n->text, false);
}

/* By the letters alone: whether it is an address at all is checked when it is merged. */
static bool
host_uses_is_loopback(const char *s)
{
	size_t number = strspn(s, "0123456789.");	/* a name may begin with one, and is anybody's */

	return (host_uses_begins(s, "127.") && (!s[number] || s[number] == ':')) || host_uses_begins(s, "localhost:") || host_uses_begins(s, "[::1]:") || !strcmp(s, "::1");
}

/* Of `holder`, the mapping that the key is in; NULL: it is in none. */
static bool
host_uses_names(const struct key *k, const struct node *n, const struct node *holder)
{
	if (n->kind != NODE_SCALAR || !*n->text)
		return false;
	if (k->type == KEY_BOOL)
		return is_true(n) && !(k->flags & KEY_HOST_FOLDER && is_told_by_folder(holder));
	if (k->flags & KEY_HOST_ADDRESS)
		return !host_uses_is_loopback(n->text);
	/* Reading the home folder is not told, because every template shares it. */
	if (k->flags & KEY_HOST_FOLDER && !strcmp(n->text, "~"))
		return is_true(node_get(holder, "writable"));
	return !locator_is_remote(n->text) && !is_own(n->text, k->flags & KEY_HOST_OWN);
}

static void
add_use(struct look *l, const char *path, const struct node *n)
{
	struct template *t = l->t;

	if (t->nhost_uses % 16 == 0) {
		const char **v = arena_alloc(&t->arena, (t->nhost_uses + 16) * sizeof *v);

		if (t->nhost_uses)
			memcpy(v, t->host_uses, t->nhost_uses * sizeof *v);
		t->host_uses = v;
	}
	t->host_uses[t->nhost_uses++] = arena_printf(&t->arena, "%s:%u:%u: %s: `%s`", l->file, n->line, n->col, path, n->text);
}

static void host_uses_look_at(struct look *l, const struct key *k, const struct node *n, const struct node *holder, const char *path);

/* A word in place of the mapping stands for one key of it. */
static void
host_uses_look_in(struct look *l, const struct key *k, const struct node *n, const char *path)
{
	for (const struct key *sub = k->sub; sub && sub->name; sub++) {
		const char *name = *path ? arena_printf(&l->t->arena, "%s.%s", path, sub->name) : sub->name;

		if (n->kind == NODE_SCALAR && k->shorthand && !strcmp(k->shorthand, sub->name))
			host_uses_look_at(l, sub, n, NULL, name);
		else if (n->kind == NODE_MAP && node_get(n, sub->name))
			host_uses_look_at(l, sub, node_get(n, sub->name), n, name);
	}
}

static void
host_uses_look_at(struct look *l, const struct key *k, const struct node *n, const struct node *holder, const char *path)
{
	if (n->kind == NODE_LIST) {
		for (size_t i = 0; i < n->n; i++) {
			const char *item = arena_printf(&l->t->arena, "%s[%zu]", path, i);

			if (k->sub)
				host_uses_look_in(l, k, n->item[i], item);
			else if (k->flags & KEY_HOST && host_uses_names(k, n->item[i], holder))
				add_use(l, item, n->item[i]);
		}
	} else if (k->sub) {
		host_uses_look_in(l, k, n, path);
	} else if (k->flags & KEY_HOST && host_uses_names(k, n, holder)) {
		add_use(l, path, n);
	}
}

void
tree_host_uses(struct template *t, const struct node *root, const char *file)
{
	struct look l = { t, file };

	host_uses_look_in(&l, &key_root, root, "");
}
