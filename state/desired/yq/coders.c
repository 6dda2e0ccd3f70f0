/* Single values as words of a shell and of a URI, and as base64. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "state/desired/yq/formats.h"

void
shell_word_print(struct text *t, const struct ynode *n)
{
	bool in = false;

	for (size_t i = 0; i < n->len; i++) {
		char c = n->value[i];

		if (c == '\'') {
			if (in)
				text_addc(t, '\'');
			in = false;
			text_addc(t, '\\');
		} else if (!in && !isalnum((unsigned char)c) && !(c && strchr("_@%+=:,./-", c))) {
			text_addc(t, '\'');
			in = true;
		}
		text_addc(t, c);
	}
	if (in)
		text_addc(t, '\'');
}

void
uri_print(struct text *t, const struct ynode *n)
{
	for (size_t i = 0; i < n->len; i++) {
		char c = n->value[i];

		if (isalnum((unsigned char)c) || (c && strchr("-_.~", c)))
			text_addc(t, c);
		else if (c == ' ')
			text_addc(t, '+');
		else
			text_addf(t, "%%%02X", (unsigned char)c);
	}
}

struct ynode *
uri_read(struct eval *e, const char *s, size_t len)
{
	struct text t = { .e = e };

	for (size_t i = 0; i < len; i++) {
		char hex[3] = { 0 };

		if (s[i] != '%') {
			text_addc(&t, s[i] == '+' ? ' ' : s[i]);
			continue;
		}
		if (i + 2 >= len || !isxdigit((unsigned char)s[i + 1]) || !isxdigit((unsigned char)s[i + 2]))
			eval_fail(e, "invalid URL escape \"%.*s\"", (int)(len - i < 3 ? len - i : 3), s + i);
		memcpy(hex, s + i + 1, 2);
		text_addc(&t, (char)strtol(hex, NULL, 16));
		i += 2;
	}
	return text_node(&t, NULL);
}

void
base64_print(struct text *t, const struct ynode *n)
{
	AUTO(buf) b = BUF_INIT;
	size_t len;
	char *s;

	base64_encode(&b, n->value, n->len);
	len = b.len;
	s = buf_detach(&b);
	text_add(t, s, len);
	free(s);
}

struct ynode *
base64_read(struct eval *e, const char *s, size_t len)
{
	AUTO(buf) b = BUF_INIT;
	struct ynode *n = NULL;
	int rc = base64_decode(&b, s, len);

	if (rc == 0 && b.len < e->limit && e->used < e->limit - b.len)	/* what fails must not leave the bytes behind */
		n = ynode_text(e, eval_dup(e, b.s, b.len), b.len);
	buf_release(&b);
	b = (struct buf)BUF_INIT;
	if (!n)
		eval_fail(e, "illegal base64 data");
	return n;
}

/* NAME_KEY='value', for a shell to read */
static void
variable_print(struct text *t, const struct ynode *n, const char *path)
{
	if (n->kind == Y_ALIAS && n->alias)
		n = n->alias;
	if (n->kind == Y_SCALAR) {
		bool plain = true;

		for (size_t i = 0; i < n->len; i++)
			plain &= isalnum((unsigned char)n->value[i]) || n->value[i] == '_';
		text_addf(t, "%.200s=", *path ? path : "value");
		if (!plain)
			text_addc(t, '\'');
		for (size_t i = 0; i < n->len; i++) {
			if (n->value[i] == '\'')
				text_adds(t, "'\"'\"'");
			else
				text_addc(t, n->value[i]);
		}
		text_adds(t, plain ? "\n" : "'\n");
		return;
	}
	eval_enter(t->e);
	for (size_t i = 0; i < n->n; i++) {
		struct text key = { .e = t->e };
		const char *s = n->kind == Y_MAP ? n->kid[i]->value : eval_printf(t->e, "%zu", i);

		for (; *s; s++)
			if ((unsigned char)*s >= 32 && (unsigned char)*s <= 126)
				text_addc(&key, isalnum((unsigned char)*s) ? *s : '_');
		text_end(&key);
		s = !*path && !isalpha((unsigned char)*key.s) && *key.s != '_' ? "_" : *path ? eval_printf(t->e, "%s_", path) : "";
		i += n->kind == Y_MAP;
		if (i < n->n)
			variable_print(t, n->kid[i], eval_printf(t->e, "%s%s", s, key.s));
	}
	eval_leave(t->e);
}

void
variables_print(struct text *t, const struct ynode *n)
{
	variable_print(t, n, "");
}
