/* From the copy that an instance keeps back into the file that made it: what the copy says otherwise, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "state/desired/template/template_tree.h"
#include "state/desired/yaml/set.h"

/* The trees of what a file says, of what it makes, and of the copy that was changed since. */
struct write_back {
	struct node *file, *made, *copy;
};

static int
write_back_refuse(const struct template *file, const char *key, struct error *err)
{
	return error_set(
		err, ERR_REFUSED,
		"%s: `%s` cannot be written back: the file has it, or a part of it, from a base or another file, "
		"and that would be lost; change it there",
		file->path, key);
}

/* What the file says by way of another file, or beside one, is not put into its own words. */
static int
write_back_is_own(const struct template *file, const struct write_back *w, struct error *err)
{
	for (size_t i = 0; i < w->file->npair; i++) {
		const struct pair *p = &w->file->pair[i];
		const struct node *made = node_get(w->made, p->key->text), *copy = node_get(w->copy, p->key->text);

		if (made && !node_equal(p->value, made) && !(copy && node_equal(made, copy)))
			return write_back_refuse(file, p->key->text, err);
	}
	return 0;
}

/* What the file is to say of the keys at its top: of those that are as they were made, what it says now. */
static struct node *
write_back_wanted(struct arena *a, const struct write_back *w)
{
	struct node *want = node_map(a);

	for (size_t i = 0; i < w->file->npair; i++) {
		const struct pair *p = &w->file->pair[i];
		const struct node *made = node_get(w->made, p->key->text);
		struct node *copy = node_get(w->copy, p->key->text);

		if (made ? copy && node_equal(made, copy) : !copy)
			copy = p->value;
		if (copy)
			node_put(a, want, p->key, copy);
	}
	for (size_t i = 0; i < w->copy->npair; i++) {
		const struct pair *p = &w->copy->pair[i];
		const struct node *made = node_get(w->made, p->key->text);

		if (!node_get(w->file, p->key->text) && !(made && node_equal(made, p->value)))
			node_put(a, want, p->key, p->value);
	}
	return want;
}

/* The first key of which they do not say the same; NULL: of all they do. */
static const char *
write_back_differs(const struct node *x, const struct node *y)
{
	const struct node *const both[2] = {x, y};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->npair; i++) {
			const struct pair *p = &both[k]->pair[i];
			const struct node *other = node_get(both[!k], p->key->text);

			if (!other || !node_equal(p->value, other))
				return p->key->text;
		}
	return NULL;
}

static void
write_back_like(struct template *t, const struct template *of)
{
	*t = (struct template){.text = xstrndup(of->text, of->len),
			       .len = of->len,
			       .path = xstrdup(of->path),
			       .name = xstrdup(of->name),
			       .locator = xstrdup(of->locator)};
}

/* What is to be written makes what the copy says, or it is not written. */
static int
write_back_check(const struct template *file, struct template *copy, const struct spec_opts *opts, struct error *err)
{
	AUTO(template) again = {0};
	struct node *made, *wanted;
	const char *key;

	write_back_like(&again, file);
	if (template_embed(&again, EMBED_CONFIG | EMBED_PIN, opts, err) < 0 || tree_open(&made, &again, err) < 0 ||
	    tree_open(&wanted, copy, err) < 0)
		return -1;
	key = write_back_differs(made, wanted);
	return key ? write_back_refuse(file, key, err) : 0;
}

int
template_write_back(struct template *file, struct template *made, struct template *copy, const struct spec_opts *opts,
		    struct error *err)
{
	struct write_back w;

	if (file->len == made->len && !memcmp(file->text, made->text, file->len)) {
		/* The copy is the file and what was changed in it, comments too */
		free(file->text);
		file->text = xstrndup(copy->text, copy->len);
		file->len = copy->len;
		return write_back_check(file, copy, opts, err);
	}
	if (tree_open(&w.file, file, err) < 0 || tree_open(&w.made, made, err) < 0 ||
	    tree_open(&w.copy, copy, err) < 0 || write_back_is_own(file, &w, err) < 0)
		return -1;
	node_update(&file->arena, w.file, write_back_wanted(&file->arena, &w));
	return tree_close(file, w.file, err) < 0 ? -1 : write_back_check(file, copy, opts, err);
}

int
template_same(struct template *x, struct template *y, bool *same, struct error *err)
{
	struct node *a, *b;

	if (tree_open(&a, x, err) < 0 || tree_open(&b, y, err) < 0)
		return -1;
	*same = node_equal(a, b);
	return 0;
}
