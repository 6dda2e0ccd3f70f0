/*
 * Regular expressions by PCRE2, kept to what Go's RE2 knows: no look-around, no references back, no possessive or atomic
 * groups. RE2 never takes long; PCRE2 could, so its steps are bounded and what takes more is an error.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "state/desired/yq/eval.h"

enum { MATCH_STEPS = 5000000, MAX_MATCHES = 1000000 };

struct regex {
	struct eval *e;
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *bounds;
	pcre2_general_context *memory;
	uint32_t groups;
};

/* PCRE2's memory is the evaluation's; where there is none it says so by itself, so nothing jumps out of it. */
static void *
regex_alloc(size_t n, void *ctx)
{
	struct eval *e = ctx;

	if (n > e->limit || e->used > e->limit - n)
		return NULL;
	e->used += n;
	return arena_alloc(e->arena, n);
}

static void
regex_free(void *p, void *ctx)
{
	(void)p, (void)ctx;
}

/* What PCRE2 knows and RE2 does not: told rather than carried out. */
static void
refuse_beyond_re2(struct eval *e, const char *s, size_t len)
{
	bool class = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len) {
			char c = s[++i];

			if ((c >= '1' && c <= '9') || strchr("kgKGRXhHNZuU", c))
				eval_fail(e, "error parsing regexp: invalid escape sequence: `\\%c`", c);
			continue;
		}
		if (s[i] == '[')
			class = true;
		else if (s[i] == ']')
			class = false;
		if (class)
			continue;
		if (s[i] == '(' && i + 2 < len && s[i + 1] == '?' && (strchr("=!>|#&R+C(", s[i + 2]) || isdigit((unsigned char)s[i + 2]) ||
		    (s[i + 2] == '<' && i + 3 < len && strchr("=!", s[i + 3])) || (s[i + 2] == 'P' && i + 3 < len && s[i + 3] != '<')))
			eval_fail(e, "error parsing regexp: invalid or unsupported Perl syntax: `%.3s`", s + i);
		if (s[i] == '(' && i + 1 < len && s[i + 1] == '*')
			eval_fail(e, "error parsing regexp: missing argument to repetition operator: `*`");
		if (i && strchr("*+?}", s[i - 1]) && (s[i] == '+' || s[i] == '*') && !(i > 1 && s[i - 2] == '\\'))
			eval_fail(e, "error parsing regexp: invalid nested repetition operator: `%.2s`", s + i - 1);
	}
}

struct regex *
regex_open(struct eval *e, const char *pattern, size_t len)
{
	struct regex *r = eval_alloc(e, sizeof *r);
	pcre2_compile_context *how;
	PCRE2_SIZE at;
	int code;
	PCRE2_UCHAR msg[120];

	refuse_beyond_re2(e, pattern, len);
	r->e = e;
	r->memory = pcre2_general_context_create(regex_alloc, regex_free, e);
	how = r->memory ? pcre2_compile_context_create(r->memory) : NULL;
	if (!how)
		eval_fail(e, "takes more than %zu MiB of memory", e->limit >> 20);
	pcre2_set_parens_nest_limit(how, 250);
	r->code = pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, how);
	if (!r->code) {
		pcre2_get_error_message(code, msg, sizeof msg);
		eval_fail(e, "error parsing regexp: %s, at its character %zu: `%s`", (char *)msg, at + 1, pattern);
	}
	r->data = pcre2_match_data_create_from_pattern(r->code, r->memory);
	r->bounds = pcre2_match_context_create(r->memory);
	if (!r->data || !r->bounds)
		eval_fail(e, "takes more than %zu MiB of memory", e->limit >> 20);
	pcre2_set_match_limit(r->bounds, MATCH_STEPS);
	pcre2_set_heap_limit(r->bounds, 16 << 10);
	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
	return r;
}

const char *
regex_group_name(struct eval *e, const struct regex *r, size_t group)
{
	PCRE2_SPTR table;
	uint32_t n, size;

	pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &n);
	pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < n; i++, table += size)
		if ((size_t)(table[0] << 8 | table[1]) == group)
			return eval_dup(e, (const char *)table + 2, strlen((const char *)table + 2));
	return "";
}

static bool
match_from(struct regex *r, const struct ynode *s, size_t from, uint32_t options, struct match *out)
{
	struct eval *e = r->e;
	const PCRE2_SIZE *at;
	int rc;

	eval_step(e);
	rc = pcre2_match(r->code, (PCRE2_SPTR)s->value, s->len, from, options, r->data, r->bounds);
	if (rc == PCRE2_ERROR_NOMATCH)
		return false;
	if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_NOMEMORY)
		eval_fail(e, "the pattern takes more than %d steps on one text; does it repeat what repeats?", MATCH_STEPS);
	if (rc < 0)
		eval_fail(e, "the pattern cannot be matched with a text that is no UTF-8");
	at = pcre2_get_ovector_pointer(r->data);
	out->n = r->groups + 1;
	out->at = eval_alloc(e, out->n * 2 * sizeof *out->at);
	for (size_t i = 0; i < out->n * 2; i++)
		out->at[i] = at[i] == PCRE2_UNSET || (int)(i / 2) >= rc ? -1 : (long)at[i];
	return true;
}

bool
regex_match(struct eval *e, struct regex *r, const struct ynode *s, size_t from, struct match *out)
{
	(void)e;
	return match_from(r, s, from, 0, out);
}

static size_t
char_len(const struct ynode *s, size_t at)
{
	size_t n = 1;

	while (at + n < s->len && ((unsigned char)s->value[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

size_t
regex_all(struct eval *e, struct regex *r, const struct ynode *s, bool all, struct match **out)
{
	size_t n = 0, cap = 0, from = 0;
	long end = -1;
	struct match m;

	*out = NULL;
	/* the first look from 0 on checks that the whole is UTF-8: to do so at each match would take the square of its length */
	while (from <= s->len && match_from(r, s, from, from ? PCRE2_NO_UTF_CHECK : 0, &m)) {
		bool empty = m.at[0] == m.at[1];

		if (!(empty && m.at[0] == end)) {	/* nothing right behind a match is no match */
			if (n == cap) {
				struct match *v = eval_alloc(e, (cap = cap ? cap * 2 : 4) * sizeof(*v));

				if (n)
					memcpy(v, *out, n * sizeof(*v));
				*out = v;
			}
			(*out)[n++] = m;
		}
		if (!all || n > MAX_MATCHES)
			break;
		end = m.at[1];
		from = (size_t)m.at[1] + (empty ? char_len(s, (size_t)m.at[1]) : 0);
	}
	return n;
}

/* $1, ${1}, $name, ${name}; $$ is a dollar */
static const char *
replacement_add(struct regex *r, const struct ynode *s, const struct match *m, const char *to, struct text *t)
{
	bool braces = to[1] == '{';
	const char *name = to + 1 + braces, *end = name;
	size_t group = 0;
	char *key;

	if (to[1] == '$') {
		text_addc(t, '$');
		return to + 2;
	}
	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (end == name || (braces && *end != '}')) {
		text_addc(t, '$');
		return to + 1;
	}
	key = eval_dup(r->e, name, (size_t)(end - name));
	if (key[strspn(key, "0123456789")] == '\0')
		group = strlen(key) > 6 ? m->n : (size_t)atoi(key);
	else
		for (group = 1; group < m->n && strcmp(regex_group_name(r->e, r, group), key) != 0;)
			group++;
	if (group < m->n && m->at[2 * group] >= 0)
		text_add(t, s->value + m->at[2 * group], (size_t)(m->at[2 * group + 1] - m->at[2 * group]));
	return end + braces;
}

const char *
regex_replace(struct eval *e, struct regex *r, const struct ynode *s, const char *to, size_t *len)
{
	struct text t = { .e = e };
	struct match *m;
	size_t n = regex_all(e, r, s, true, &m), from = 0;

	for (size_t i = 0; i < n; i++) {
		text_add(&t, s->value + from, (size_t)m[i].at[0] - from);
		for (const char *p = to; *p;) {
			if (*p == '$')
				p = replacement_add(r, s, &m[i], p, &t);
			else
				text_addc(&t, *p++);
		}
		from = (size_t)m[i].at[1];
	}
	text_add(&t, s->value + from, s->len - from);
	*len = t.len;
	return text_end(&t);
}
