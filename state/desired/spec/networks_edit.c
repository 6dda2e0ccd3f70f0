/* Entries of networks.yaml that are put there and taken out. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "state/desired/spec/networks.h"
#include "state/desired/yaml/emit.h"
#include "state/desired/yaml/yaml.h"

enum { MAX_FILE = 1 << 20 };

struct editing {
	struct arena a;
	struct source src;
	struct node *root, *map;
};

static void
editing_release(struct editing *e)
{
	arena_release(&e->a);
}

static int
networks_edit_open(struct editing *e, const char *path, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	int there = fs_read_given(path, &text, MAX_FILE, err);

	if (there < 0)
		return -1;
	if (!there)
		networks_default_text(&text);
	e->src = (struct source){ .name = path, .text = arena_memdup(&e->a, text.s, text.len), .len = text.len };
	if (yaml_read(&e->root, &e->a, &e->src, NULL, err) < 0)
		return -1;
	if (e->root->kind == NODE_NULL)
		e->root = node_map(&e->a);
	if (e->root->kind != NODE_MAP)
		return error_set(err, ERR_INVALID, "%s: must be a mapping", path);
	yaml_layout(e->root);
	e->map = node_get(e->root, "networks");
	if (!e->map || e->map->kind != NODE_MAP) {
		e->map = node_map(&e->a);
		node_set(&e->a, e->root, "networks", e->map);
	}
	e->root->flags |= NODE_CHANGED;
	return 0;
}

static int
networks_edit_close(struct editing *e, const char *path, struct error *err)
{
	AUTO(buf) text = BUF_INIT;

	if (yaml_write(&text, &e->a, e->root, NULL, NULL) < 0)
		return error_set(err, ERR_INVALID, "%s: cannot be written so that it reads back as it should", path);
	return fs_rewrite(path, text.s, text.len, 0644, err);
}

static int
networks_edit_lock(const char *home, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_config", home);

	/* The folder is the lock, so that none is left in it. */
	return fs_mkdirs(dir, 0700, err) < 0 ? -1 : fs_lock(dir, true, err);
}

static void
networks_edit_text(struct editing *e, struct node *entry, const char *key, const char *value)
{
	if (*value)
		node_set(&e->a, entry, key, node_text(&e->a, value));
}

static struct node *
networks_edit_egress(struct arena *a, const char *egress)
{
	struct node *list = node_list(a);

	if (!strcmp(egress, "any") || !strcmp(egress, "none"))
		return node_text(a, egress);
	for (const char *p = egress; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		node_push(a, list, list->n, node_text(a, arena_printf(a, "%.*s", (int)n, p)));
		p += n;
	}
	return list;
}

int
networks_put(const char *home, const struct network *n, struct error *err)
{
	auto_free char *path = xasprintf("%s/_config/networks.yaml", home);
	auto_close int lock = networks_edit_lock(home, err);
	AUTO(editing) e = { 0 };
	struct node *entry;

	if (lock < 0 || networks_edit_open(&e, path, err) < 0)
		return -1;
	entry = node_map(&e.a);
	networks_edit_text(&e, entry, "mode", n->mode);
	networks_edit_text(&e, entry, "interface", n->interface);
	networks_edit_text(&e, entry, "gateway", n->gateway);
	networks_edit_text(&e, entry, "netmask", n->netmask);
	if (*n->egress && strcmp(n->egress, "any") != 0)
		node_set(&e.a, entry, "egress", networks_edit_egress(&e.a, n->egress));
	if (!n->host_loopback)
		node_set(&e.a, entry, "hostLoopback", node_plain(&e.a, "false"));
	networks_edit_text(&e, entry, "fleet", n->fleet);
	node_set(&e.a, e.map, n->name, entry);
	return networks_edit_close(&e, path, err);
}

int
networks_drop(const char *home, const char *name, struct error *err)
{
	auto_free char *path = xasprintf("%s/_config/networks.yaml", home);
	auto_close int lock = networks_edit_lock(home, err);
	AUTO(editing) e = { 0 };

	if (lock < 0 || networks_edit_open(&e, path, err) < 0)
		return -1;
	return node_unset(e.map, name) ? networks_edit_close(&e, path, err) : 0;
}
