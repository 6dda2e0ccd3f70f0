#include "guest/init/env.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"

void
env_release(struct env *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i]);
	free(e->v);
	*e = (struct env){ 0 };
}

static size_t
name_len(const char *s, size_t len)
{
	size_t n = 0;

	if (len == 0 || isdigit((unsigned char)*s))
		return 0;
	while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_'))
		n++;
	return n;
}

static char **
init_env_find(const struct env *e, const char *name, size_t len)
{
	for (size_t i = 0; i < e->n; i++)
		if (strncmp(e->v[i], name, len) == 0 && e->v[i][len] == '=')
			return &e->v[i];
	return NULL;
}

/* `line` becomes ours. False when there are too many. */
static bool
init_env_put(struct env *e, char *line)
{
	char **old = init_env_find(e, line, strcspn(line, "="));

	if (old) {
		free(*old);
		*old = line;
		return true;
	}
	if (e->n == ENV_MAX) {
		free(line);
		return false;
	}
	if (e->n + 1 >= e->cap) {
		e->cap = e->cap ? e->cap * 2 : 64;
		e->v = xrealloc(e->v, e->cap, sizeof *e->v);
	}
	e->v[e->n++] = line;
	e->v[e->n] = NULL;
	return true;
}

void
env_set(struct env *e, const char *name, const char *value)
{
	init_env_put(e, xasprintf("%s=%s", name, value));
}

void
env_merge(struct env *e, const struct env *from)
{
	for (size_t i = 0; i < from->n; i++)
		init_env_put(e, xstrdup(from->v[i]));
}

const char *
env_get(const struct env *e, const char *name)
{
	size_t len = strlen(name);
	char **p = init_env_find(e, name, len);

	return p ? *p + len + 1 : NULL;
}

const char *
env_str(const struct env *e, const char *name)
{
	const char *s = env_get(e, name);

	return s ? s : "";
}

unsigned long
env_num(const struct env *e, const char *name, unsigned long min, unsigned long max, unsigned long otherwise)
{
	const char *s = env_str(e, name);
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*s))
		return otherwise;
	errno = 0;
	n = strtoul(s, &end, 10);
	return errno || *end || n < min || n > max ? otherwise : n;
}

static bool
init_env_add(struct env *e, const char *s, size_t len)
{
	size_t n = name_len(s, len);

	if (n == 0 || n == len || s[n] != '=' || memchr(s, '\0', len))
		return false;
	return init_env_put(e, xstrndup(s, len));
}

static bool
add_pam(struct env *e, const char *s, size_t len)
{
	const char *hash = memchr(s, '#', len);
	size_t n;
	char *line;
	bool done;

	if (hash)
		len = (size_t)(hash - s);
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	if (len == 0)
		return true;
	if (len > 7 && strncmp(s, "export ", 7) == 0)
		s += 7, len -= 7;
	n = name_len(s, len);
	if (n == 0 || n == len || s[n] != '=' || memchr(s, '\0', len))
		return false;
	line = xstrndup(s, len);
	if (len >= n + 3 && (s[n + 1] == '"' || s[n + 1] == '\'') && s[len - 1] == s[n + 1]) {
		memmove(line + n + 1, line + n + 2, len - n - 3);
		line[len - 2] = '\0';
	}
	done = init_env_put(e, line);
	return done;
}

static size_t
each_line(struct env *e, const char *text, size_t len, bool (*one)(struct env *, const char *, size_t), bool trim)
{
	size_t skipped = 0;

	for (const char *end = text + len; text < end;) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end, *s = text;

		while (trim && s < stop && (*s == ' ' || *s == '\t'))
			s++;
		if (s < stop && !one(e, s, (size_t)(stop - s)))
			skipped++;
		text = stop + 1;
	}
	return skipped;
}

size_t
env_parse(struct env *e, const char *text, size_t len)
{
	return each_line(e, text, len, init_env_add, false);
}

size_t
env_parse_pam(struct env *e, const char *text, size_t len)
{
	return each_line(e, text, len, add_pam, true);
}
