#include "state/desired/yaml/assign_parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "state/desired/yaml/yaml.h"

struct scan {
	struct arena *a;
	const char *p;
};

static void
skip(struct scan *s)
{
	s->p += strspn(s->p, " \t\r\n");
}

static bool
take(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	skip(s);
	if (strncmp(s->p, word, n))
		return false;
	s->p += n;
	return true;
}

/* a double-quoted string without escapes but \" and \\; NULL: it is none, or has others */
static const char *
quoted(struct scan *s)
{
	AUTO(buf) b = BUF_INIT;
	const char *p = s->p + 1;

	if (*s->p != '"')
		return NULL;
	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '"' && p[1] != '\\')
			return NULL;
		p += *p == '\\';
		buf_addc(&b, *p);
	}
	if (!*p)
		return NULL;
	s->p = p + 1;
	return arena_strdup(s->a, b.s);
}

static size_t
word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || (n && s[n] == '-'))
		n++;
	return n;
}

/* behind a dot or at a bracket; false: no plain step */
static bool
scan_step(struct scan *s, struct step *out)
{
	bool bracket = *s->p == '[';
	char *end;

	*out = (struct step){ 0 };
	if (bracket)
		s->p++;
	if (bracket && *s->p == ']') {
		s->p++;
		out->index = SET_ALL;
		return true;
	}
	if (*s->p == '"') {
		out->key = quoted(s);
		if (!out->key)
			return false;
	} else if (bracket) {
		if (!isdigit((unsigned char)*s->p))
			return false;
		out->index = strtol(s->p, &end, 10);
		s->p = end;
	} else {
		size_t n = word_len(s->p);

		if (!n)
			return false;
		out->key = arena_memdup(s->a, s->p, n);
		s->p += n;
	}
	if (!bracket)
		return true;
	return *s->p++ == ']';
}

static bool
scan_path(struct scan *s, struct change *c)
{
	skip(s);
	if (*s->p != '.')
		return false;
	while (*s->p == '.' || *s->p == '[') {
		s->p += *s->p == '.';
		if (c->nsteps == SET_MAX_STEPS || !scan_step(s, &c->steps[c->nsteps]))
			return false;
		c->nsteps++;
	}
	return c->nsteps > 0;
}

/* how far a JSON value reaches: to the `|`, comma or end at which its brackets and quotes are closed */
static size_t
value_len(const char *s)
{
	int depth = 0;
	bool string = false;
	size_t n;

	for (n = 0; s[n]; n++) {
		if (string) {
			if (s[n] == '\\' && s[n + 1])
				n++;
			else if (s[n] == '"')
				string = false;
		} else if (s[n] == '"') {
			string = true;
		} else if (strchr("[{", s[n])) {
			depth++;
		} else if (strchr("]}", s[n])) {
			depth--;
		} else if ((s[n] == '|' || s[n] == ',') && !depth) {
			break;
		}
	}
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return n;
}

/* the "e3" of 2e3, the "e" of 2e-3, the "x1f" of 0x1f, the "o17" of 0o17 */
static bool
ends_number(const char *s, size_t at, size_t len)
{
	static const struct { char sign; const char *digits; } bases[] = { { 'x', "0123456789abcdefABCDEF" }, { 'o', "01234567" } };

	if (!at || !isdigit((unsigned char)s[at - 1]))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++)
		if (s[at] == bases[i].sign && s[at - 1] == '0' && !(at > 1 && isalnum((unsigned char)s[at - 2])))
			return len > 1 && strspn(s + at + 1, bases[i].digits) == len - 1;
	return (s[at] | 32) == 'e' && strspn(s + at + 1, "0123456789") == len - 1;
}

/* a sign of a number, and no operator */
static bool
is_sign(const char *s, size_t at)
{
	if (at && strchr("eE", s[at - 1]))
		return true;
	while (at && isspace((unsigned char)s[at - 1]))
		at--;
	return !at || strchr("[{,:", s[at - 1]);
}

/* is it a value, and not a calculation? Only those may be read as YAML. */
static bool
is_literal(const char *s, size_t n)
{
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		if (string) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				string = false;
		} else if (s[i] == '"') {
			string = true;
		} else if (isalpha((unsigned char)s[i])) {
			size_t w = 0;

			while (isalnum((unsigned char)s[i + w]) || s[i + w] == '_')
				w++;
			/* only words that mean themselves, or keys of a mapping */
			if (!(w == 4 && (!memcmp(s + i, "true", 4) || !memcmp(s + i, "null", 4))) && !(w == 5 && !memcmp(s + i, "false", 5)) &&
			    s[i + w] != ':' && !ends_number(s, i, w))
				return false;
			i += w - 1;
		} else if (!isdigit((unsigned char)s[i]) && !strchr(" \t\r\n[]{},:.+-", s[i])) {
			return false;
		} else if (strchr("+-", s[i]) && !is_sign(s, i)) {
			return false;
		} else if (s[i] == '.' && (!i || !isdigit((unsigned char)s[i - 1]))) {
			return false;	/* a path */
		}
	}
	return n > 0 && !string;
}

/* The value as YAML has it: a line break in quotes stands for itself. */
static const char *
yaml_value(struct arena *a, const char *s, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	if (!memchr(s, '\n', len) && !memchr(s, '\r', len))
		return arena_memdup(a, s, len);
	for (size_t i = 0, quotes = 0; i < len; i++) {
		quotes += s[i] == '"';
		if (quotes & 1 && s[i] == '\\' && i + 1 < len)
			buf_addc(&b, s[i++]);
		if (quotes & 1 && (s[i] == '\n' || s[i] == '\r'))
			buf_adds(&b, s[i] == '\n' ? "\\n" : "\\r");
		else
			buf_addc(&b, s[i]);
	}
	return arena_memdup(a, b.s, b.len);
}

static struct node *
scan_value(struct scan *s)
{
	struct source *src = arena_alloc(s->a, sizeof *src);
	struct node *n;
	size_t len;

	skip(s);
	len = value_len(s->p);
	if (!is_literal(s->p, len) || (strchr("+-", *s->p) && !isdigit((unsigned char)s->p[1])))
		return NULL;
	src->name = "--set";
	src->text = yaml_value(s->a, s->p, len);
	src->len = strlen(src->text);
	if (yaml_read(&n, s->a, src, NULL, NULL) < 0)
		return NULL;
	s->p += len;
	return n;
}

static bool
scan_change(struct scan *s, struct change *c)
{
	*c = (struct change){ 0 };
	if (take(s, "del(")) {
		c->kind = CHANGE_DELETE;
		return scan_path(s, c) && take(s, ")");
	}
	if (!scan_path(s, c))
		return false;
	if (take(s, "+="))
		c->kind = CHANGE_ADD;
	else if (!take(s, "="))
		return false;
	c->value = scan_value(s);
	return c->value && !(c->kind == CHANGE_ADD && c->value->kind != NODE_LIST);
}

size_t
set_scan(struct arena *a, const char *expr, struct change *c)
{
	struct scan s = { a, expr };
	size_t n = 0;

	do
		if (n == SET_MAX_CHANGES || !scan_change(&s, &c[n++]))
			return 0;
	while (take(&s, "|") || take(&s, ","));
	skip(&s);
	return *s.p ? 0 : n;
}
