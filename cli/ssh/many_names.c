/* Who is meant by words that mean several instances. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/args/files.h"
#include "cli/ssh/many.h"
#include "state/desired/template/template.h"

bool
many_is_meant(const char *word)
{
	return strpbrk(word, "*?[,") != NULL;
}

struct many_list {
	const char **v;
	size_t n, cap;
};

static void
many_list_release(struct many_list *l)
{
	free(l->v);
}

static void
many_add(struct cli *c, struct many_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], name))
			return;
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = arena_strdup(&c->arena, name);
}

static int
many_add_word(struct cli *c, struct many_list *l, const struct names *all, const char *word, struct error *err)
{
	bool found = false;

	if (!strpbrk(word, "*?[")) {
		if (file_to_name(c, &word, err) < 0)
			return -1;
		many_add(c, l, word);
		return name_check(word, err);
	}
	for (size_t i = 0; i < all->n; i++)
		if (fnmatch(word, all->v[i], 0) == 0) {
			many_add(c, l, all->v[i]);
			found = true;
		}
	return found ? 0 : error_set(err, ENOENT, "no instance matches %s", cli_tick(c, word));
}

int
many_names(struct cli *c, const char *const *words, size_t nwords, const char *const **out, size_t *n, struct error *err)
{
	AUTO(many_list) l = {0};
	AUTO(names) all = {0};

	if (names_list(&all, c->env.home, err) < 0)
		return -1;
	for (size_t i = 0; i < nwords; i++) {
		auto_free char *copy = xstrdup(words[i]);
		char *rest = copy;

		for (char *part; (part = strsep(&rest, ","));)
			if (*part && many_add_word(c, &l, &all, part, err) < 0)
				return -1;
	}
	if (!l.n)
		return error_set(err, ERR_INVALID, "%s names no instance", nwords ? cli_tick(c, words[0]) : "nothing");
	*n = l.n;
	*out = memcpy(arena_alloc(&c->arena, l.n * sizeof *l.v), l.v, l.n * sizeof *l.v);
	return 0;
}
