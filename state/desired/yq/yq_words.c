/* yq's spellings put in jq's words. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "state/desired/yq/yq.h"

struct words {
	const char *p;
	struct buf *out;
	size_t base;		/* where our output begins */
	size_t segment[64];	/* where the current expression began, at each depth of brackets */
	size_t depth;
	struct error *err;
};

static const struct { const char *words, *what; } refused[] = {
	{ " env strenv envsubst $ENV ", "env operations have been disabled" },
	{ " load load_str load_base64 load_props load_xml input inputs input_filename import include modulemeta get_search_list ",
	  "file operations have been disabled" },
	{ " system halt halt_error debug stderr ", "system operations are disabled" },
};

static int
check_word(struct words *w, const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		for (const char *p = refused[i].words; (p = memmem(p, strlen(p), s, n)); p += n)
			if (p[-1] == ' ' && p[n] == ' ')
				return error_set(w->err, ERR_INVALID, "%s", refused[i].what);
	return 0;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* a string up to its closing quote; what \( ) holds is left alone but for words that are refused */
static int
copy_string(struct words *w)
{
	const char *s = w->p++;
	int depth = 0;

	for (; *w->p && (depth || *w->p != '"'); w->p++) {
		if (*w->p == '\\' && w->p[1] == '(') {
			depth++;
			w->p++;
			continue;
		}
		if (depth && *w->p == '(')
			depth++;
		else if (depth && *w->p == ')')
			depth--;
		else if (depth && (isalpha((unsigned char)*w->p) || *w->p == '$')) {
			size_t n = 1;

			while (is_word(w->p[n]))
				n++;
			if (check_word(w, w->p, n) < 0)
				return -1;
			w->p += n - 1;
			continue;
		}
		if (*w->p == '\\' && w->p[1])
			w->p++;
	}
	if (!*w->p)
		return error_set(w->err, ERR_INVALID, "a string is not closed");
	w->p++;
	buf_add(w->out, s, (size_t)(w->p - s));
	return 0;
}

static bool
ends_term(const struct words *w)
{
	return w->out->len > w->base && (is_word(w->out->s[w->out->len - 1]) || strchr(")]\"?", w->out->s[w->out->len - 1]));
}

/* .key, .dash-ed, .[0], ."x", .. and ... */
static void
copy_path(struct words *w)
{
	size_t n = 1;
	bool simple = true;

	if (w->p[1] == '.') {
		w->p += w->p[2] == '.' ? 3 : 2;
		buf_adds(w->out, "..");
		return;
	}
	if (w->p[1] == '[' && ends_term(w)) {	/* jq wants no dot between two brackets */
		w->p++;
		return;
	}
	while (is_word(w->p[n]) || (n > 1 && w->p[n] == '-' && is_word(w->p[n + 1]))) {
		simple &= w->p[n] != '-';
		n++;
	}
	if (n > 1 && (!simple || isdigit((unsigned char)w->p[1])))
		buf_addf(w->out, ".\"%.*s\"", (int)n - 1, w->p + 1);
	else
		buf_add(w->out, w->p, n);
	w->p += n;
}

/* yq: `LIST as $x ireduce (INIT; UPDATE)`; jq: `reduce LIST as $x (INIT; UPDATE)` */
static void
insert(struct words *w, size_t at, const char *text)
{
	AUTO(buf) rest = BUF_INIT;

	buf_add(&rest, w->out->s + at, w->out->len - at);
	buf_truncate(w->out, at);
	buf_adds(w->out, text);
	buf_add(w->out, rest.s, rest.len);
}

static int
copy_word(struct words *w)
{
	size_t n = *w->p == '$' || *w->p == '@' ? 1 : 0;

	while (is_word(w->p[n]))
		n++;
	if (check_word(w, w->p, n) < 0)
		return -1;
	if (n == 7 && !memcmp(w->p, "ireduce", 7)) {
		insert(w, w->segment[w->depth], " reduce ");
	} else {
		buf_add(w->out, w->p, n);
	}
	w->p += n;
	return 0;
}

/* where the path in front of `end` begins; `end` itself if there is none */
static size_t
path_begin(const struct words *w, size_t end)
{
	const char *s = w->out->s;
	size_t at = end;
	int depth = 0;

	while (at > w->base) {
		char c = s[at - 1];

		if (c == ']')
			depth++;
		else if (c == '[')
			depth--;
		else if (!is_word(c) && !strchr(".\"$-", c) && !(depth && c != '('))
			break;
		if (depth < 0)
			break;
		at--;
	}
	return at < end && strchr(".$", s[at]) ? at : end;
}

/* yq compares a number with the text of one, and texts with * and ? as patterns */
static int
copy_comparison(struct words *w)
{
	bool not_equal = *w->p == '!';
	size_t end = w->out->len, begin;

	w->p += 2;
	while (end > w->base && isspace((unsigned char)w->out->s[end - 1]))
		end--;
	begin = path_begin(w, end);
	while (isspace((unsigned char)*w->p))
		w->p++;
	if (begin == end || !(*w->p == '"' || isdigit((unsigned char)*w->p))) {
		buf_adds(w->out, not_equal ? "!= " : "== ");
		return 0;
	}
	buf_truncate(w->out, end);
	insert(w, begin, "yq_like(");
	buf_adds(w->out, ";");
	if (*w->p == '"') {
		if (copy_string(w) < 0)
			return -1;
	} else {
		while (isdigit((unsigned char)*w->p) || *w->p == '.')
			buf_addc(w->out, *w->p++);
	}
	buf_addc(w->out, ')');
	if (not_equal) {
		insert(w, begin, "(");
		buf_adds(w->out, "|not)");
	}
	return 0;
}

static int
copy_sign(struct words *w)
{
	char c = *w->p++;

	buf_addc(w->out, c);
	if (strchr("([{", c)) {
		if (w->depth + 1 == ARRAY_LEN(w->segment))
			return error_set(w->err, ERR_INVALID, "too many brackets");
		w->segment[++w->depth] = w->out->len;
	} else if (strchr(")]}", c)) {
		w->depth -= w->depth > 0;
	} else if (strchr("|,;=", c)) {
		w->segment[w->depth] = w->out->len;
	}
	return 0;
}

int
yq_translate(struct buf *out, const char *expr, struct error *err)
{
	struct words w = { .p = expr, .out = out, .base = out->len, .err = err };
	int rc = 0;

	w.segment[0] = out->len;
	while (*w.p && rc == 0) {
		if (*w.p == '"')
			rc = copy_string(&w);
		else if (*w.p == '.')
			copy_path(&w);
		else if (isalpha((unsigned char)*w.p) || strchr("_$@", *w.p))
			rc = copy_word(&w);
		else if ((*w.p == '=' || *w.p == '!') && w.p[1] == '=')
			rc = copy_comparison(&w);
		else
			rc = copy_sign(&w);
	}
	return rc;
}
