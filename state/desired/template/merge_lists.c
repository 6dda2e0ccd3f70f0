/* Entries of one name in additionalDisks, mounts and networks become one: the earlier one's values stay. */
#include <string.h>

#include "state/desired/template/template_tree.h"

struct rule {
	const char *list;
	const char *name, *or_name;	/* what makes two entries the same */
	const char *const *fills;	/* keys that a later one fills in */
	const char *const *one_of;	/* keys that it fills in if none of them is there */
};

static const char *const disk_keys[] = { "format", "fsType", "fsArgs", NULL };
static const char *const mount_keys[] = { "mountPoint", "writable", "sshfs", "9p", "virtiofs", NULL };
static const char *const network_keys[] = { "macAddress", "vzNAT", "metric", NULL };
static const char *const network_kinds[] = { "lima", "socket", NULL };

static const struct rule rules[] = {
	{ "additionalDisks", "name", NULL, disk_keys, NULL },
	{ "mounts", "mountPoint", "location", mount_keys, NULL },
	{ "networks", "interface", NULL, network_keys, network_kinds },
};

static const char *
merge_lists_text_of(const struct node *entry, const char *key)
{
	const struct node *n = node_get(entry, key);

	return n && n->kind == NODE_SCALAR ? n->text : "";
}

static const char *
merge_lists_name_of(const struct rule *r, const struct node *entry)
{
	const char *name = entry->kind == NODE_SCALAR ? entry->text : merge_lists_text_of(entry, r->name);

	return *name || !r->or_name ? name : merge_lists_text_of(entry, r->or_name);
}

static bool
defaults_fill(struct arena *a, struct node *to, const struct node *from, const char *key, bool wild)
{
	const struct node *have = node_get(to, key), *give = node_get(from, key);
	struct node *given;

	if (!give || give->kind == NODE_NULL || (wild && give->kind == NODE_SCALAR && !strcmp(give->text, "*")))
		return false;
	if (have && have->kind == NODE_MAP && give->kind == NODE_MAP) {
		for (size_t i = 0; i < give->npair; i++)
			defaults_fill(a, (struct node *)have, give, give->pair[i].key->text, wild);
		return true;
	}
	if (have && have->kind != NODE_NULL)
		return false;
	given = node_copy(a, give);
	given->flags |= NODE_CHANGED;	/* its text is at another key */
	node_set(a, to, key, given);
	return true;
}

/* A disk that is given by its name alone becomes a mapping. */
static struct node *
as_map(struct arena *a, const struct rule *r, struct node *list, size_t i)
{
	struct node *map;

	if (list->item[i]->kind == NODE_MAP)
		return list->item[i];
	map = node_map(a);
	node_set(a, map, r->name, list->item[i]);
	list->item[i] = map;
	list->flags |= NODE_CHANGED;
	return map;
}

static void
merge_lists_combine(struct arena *a, const struct rule *r, struct node *list, size_t at, const struct node *from, bool wild)
{
	bool any = false;

	if (from->kind != NODE_MAP || list->item[at]->kind == NODE_LIST || list->item[at]->kind == NODE_NULL)
		return;
	for (const char *const *k = r->fills; *k; k++)
		if (node_get(from, *k))
			defaults_fill(a, as_map(a, r, list, at), from, *k, wild);
	for (const char *const *k = r->one_of; k && *k; k++)
		any |= *merge_lists_text_of(list->item[at], *k) != '\0';
	for (const char *const *k = r->one_of; k && *k && !any; k++)
		defaults_fill(a, as_map(a, r, list, at), from, *k, wild);
}

static void
combine_list(struct arena *a, const struct rule *r, struct node *list)
{
	for (size_t i = 0; i < list->n;) {
		const struct node *entry = list->item[i];
		bool wild = !strcmp(merge_lists_name_of(r, entry), "*"), same = false;	/* `*`: all entries before */

		for (size_t k = 0; k < i && (wild || !same); k++) {
			const char *name = merge_lists_name_of(r, list->item[k]);

			same = wild || (*name && !strcmp(name, merge_lists_name_of(r, entry)));
			if (same)
				merge_lists_combine(a, r, list, k, entry, wild);
		}
		if (wild || same)
			node_drop(list, i);
		else
			i++;
	}
}

void
combine_entries(struct arena *a, struct node *root)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct node *list = node_get(root, rules[i].list);

		if (list && list->kind == NODE_LIST && list->n <= 1000)
			combine_list(a, &rules[i], list);
	}
}
