#include "base/words.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

/* What stands in quotes, from behind the first one; NULL: it is not closed. */
static const char *
words_quoted(const char *p, char quote, struct buf *word)
{
	for (; *p && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p[1] && strchr("\\\"$`\n", p[1]))
			p++;
		buf_addc(word, *p);
	}
	return *p ? p + 1 : NULL;
}

/* One word from `p`, which is not blank; returns what is behind it. */
static const char *
one_word(const char *p, struct buf *word)
{
	while (p && *p && !strchr(" \t\n", *p)) {
		if (*p == '\'' || *p == '"') {
			p = words_quoted(p + 1, *p, word);
		} else if (*p == '\\') {
			if (!p[1])
				return NULL;
			buf_addc(word, p[1]);
			p += 2;
		} else {
			buf_addc(word, *p++);
		}
	}
	return p;
}

int
words_split(struct arena *a, const char *line, const char ***words, size_t *n, struct error *err)
{
	const char **v = arena_alloc(a, (strlen(line) / 2 + 2) * sizeof *v), *p = line;
	size_t count = 0;

	for (;;) {
		AUTO(buf) word = BUF_INIT;

		p += strspn(p, " \t\n");
		if (!*p)
			break;
		p = one_word(p, &word);
		if (!p)
			return error_set(err, EINVAL, "a quote is not closed: %s", line);
		v[count++] = arena_strdup(a, word.s);
	}
	v[count] = NULL;
	*words = v;
	*n = count;
	return 0;
}
