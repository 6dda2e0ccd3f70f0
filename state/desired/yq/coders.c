/* Single values as words of a shell and of a URI, and as base64. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/utf8.h"
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
	static const char blanks[] = " \t\r\n";
	AUTO(buf) b = BUF_INIT;
	struct ynode *n = NULL;
	int rc = -1;

	while (len && *s && strchr(blanks, *s))
		s++, len--;
	while (len && s[len - 1] && strchr(blanks, s[len - 1]))
		len--;
	if (!memchr(s, ' ', len) && !memchr(s, '\t', len))	/* lines may be broken, but two words are not one */
		rc = base64_decode(&b, s, len);

	if (rc == 0 && b.len < e->limit && e->used < e->limit - b.len)	/* what fails must not leave the bytes behind */
		n = ynode_text(e, eval_dup(e, b.s, b.len), b.len);
	buf_release(&b);
	b = (struct buf)BUF_INIT;
	if (!n)
		eval_fail(e, "illegal base64 data");
	return n;
}

/* the letter that an accented one of Latin is made of; 0: it is none of those */
static char
letter_below(uint32_t r)
{
	/* from U+00C0 and U+0100 on; a blank: it is not made of another and a mark */
	static const char latin1[] = "AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii nooooo  uuuuy y";
	static const char extended[] = "AaAaAaCcCcCcCcDd  EeEeEeEeEeGgGgGgGgHh  IiIiIiIiI   JjKk LlLlLl    NnNnNn   OoOoOo  RrRrRrSsSsSsSsTtTt  UuUuUuUuUuUuWwYyYZzZzZz";
	char c = r >= 0xc0 && r < 0x100 ? latin1[r - 0xc0] : r >= 0x100 && r < 0x17f ? extended[r - 0x100] : ' ';

	return c == ' ' ? '\0' : c;
}

/* What is left of a key in a name: letters and digits, accents taken off, other ASCII as `_`. */
static const char *
variable_name(struct eval *e, const char *s)
{
	struct text key = { .e = e };
	bool bad = false;

	while (*s) {
		uint32_t r = 0;
		size_t w = utf8_next(s, &r, &bad);

		if (r < 0x80 && r >= 32 && r <= 126)
			text_addc(&key, isalnum((int)r) ? (char)r : '_');
		else if (r >= 0x80 && letter_below(r))
			text_addc(&key, letter_below(r));
		s += w ? w : 1;
	}
	return text_end(&key);
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
		const char *key = variable_name(t->e, n->kind == Y_MAP ? n->kid[i]->value : eval_printf(t->e, "%zu", i));
		const char *before = !*path && !isalpha((unsigned char)*key) && *key != '_' ? "_" : *path ? eval_printf(t->e, "%s_", path) : "";

		i += n->kind == Y_MAP;
		if (i < n->n)
			variable_print(t, n->kid[i], eval_printf(t->e, "%s%s", before, key));
	}
	eval_leave(t->e);
}

void
variables_print(struct text *t, const struct ynode *n)
{
	variable_print(t, n, "");
}
