#include "cli/view/redact.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/spec/secrets.h"

#define SECRET                                                                                                         \
	"(?:passw(?!ordless)|passphrase|passwd|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|_"   \
	"key\\b|auth(?!or))"
#define NAME "[\\w.-]*" SECRET "[\\w.-]*"
/* the quote around a name or a value, escaped as often as it was quoted */
#define Q "\\\\*[\"']"

static const struct redact_pattern {
	const char *regex, *by;
} redact_patterns[] = {
	{"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: "
	 "BLOCK)?-----|\\z)",
	 "REDACTED PRIVATE KEY"},
	{"://[^/\\s:@\"']*:[^/\\s@\"']+@", "://REDACTED@"},
	{"\\b(bearer|basic|token) +[A-Za-z0-9._~+/=-]{6,}", "$1 REDACTED"},
	/* NAME: "text", "NAME":"text", NAME='text' */
	{"(" NAME "(?:" Q ")?\\s*[:=]\\s*(" Q "))(?:(?!\\2)(?:\\\\.|[^\\r\\n]))*?(\\2)", "$1REDACTED$3"},
	/* NAME=text, NAME: text up to the end of the line */
	{"(" NAME "=)(?!" Q ")[^\\s\"',;&|]+", "$1REDACTED"},
	{"(" NAME "(?:" Q ")?:[ \\t]+)(?!" Q "|[|>{\\[]|REDACTED)[^\\r\\n]+", "$1REDACTED"},
	{"\\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\\w{20,}|glpat-[\\w-]{10,}|xox[abprs]-[\\w-]{10,}|AKIA[0-9A-Z]{"
	 "12,}|sk-[\\w-]{16,}|"
	 "eyJ[\\w-]{8,}\\.[\\w-]{8,}\\.[\\w-]*)",
	 "REDACTED"},
};

struct redact {
	pcre2_code *code[ARRAY_LEN(redact_patterns)], *name;
	struct secrets values;
};

static pcre2_code *
redact_compile(const char *regex, struct error *err)
{
	int code;
	size_t at;
	pcre2_code *c = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_CASELESS, &code, &at, NULL);

	if (!c)
		error_set(err, ERR_UNSUPPORTED, "a pattern of secrets does not compile at %zu: %s", at, regex);
	return c;
}

struct redact *
redact_new(struct error *err)
{
	struct redact *r = xcalloc(1, sizeof *r);
	bool fine = (r->name = redact_compile(SECRET, err)) != NULL;

	for (size_t i = 0; i < ARRAY_LEN(redact_patterns) && fine; i++)
		fine = (r->code[i] = redact_compile(redact_patterns[i].regex, err)) != NULL;
	if (fine)
		return r;
	redact_free(r);
	return NULL;
}

void
redact_free(struct redact *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < ARRAY_LEN(redact_patterns); i++)
		pcre2_code_free(r->code[i]);
	pcre2_code_free(r->name);
	secrets_release(&r->values);
	free(r);
}

bool
redact_is_secret(const struct redact *r, const char *name)
{
	pcre2_match_data *m = pcre2_match_data_create_from_pattern(r->name, NULL);
	bool found = pcre2_match(r->name, (PCRE2_SPTR)name, PCRE2_ZERO_TERMINATED, 0, 0, m, NULL) >= 0;

	pcre2_match_data_free(m);
	return found;
}

void
redact_add(struct redact *r, const char *value)
{
	auto_free char *copy = xstrdup(value);
	char *rest = copy;

	for (char *line; (line = strsep(&rest, "\r\n"));) {
		line += strspn(line, " \t");
		if (strlen(line) >= 4)
			secrets_add_value(&r->values, line);
	}
}

static void
redact_values(const struct redact *r, struct buf *b)
{
	for (size_t i = 0; i < r->values.n; i++) {
		const char *value = r->values.v[i];
		size_t n = strlen(value);
		const char *from = b->s, *end = b->s + b->len, *hit;
		AUTO(buf) out = BUF_INIT;

		while ((hit = memmem(from, (size_t)(end - from), value, n))) {
			buf_add(&out, from, (size_t)(hit - from));
			buf_adds(&out, "REDACTED");
			from = hit + n;
		}
		buf_add(&out, from, (size_t)(end - from));
		buf_truncate(b, 0);
		buf_add(b, out.s, out.len);
	}
}

static int
redact_pattern_go(const pcre2_code *code, const char *by, struct buf *b, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	size_t room = 2 * b->len + 4096;
	int n;

	buf_reserve(&out, room + 1);
	n = pcre2_substitute(code, (PCRE2_SPTR)b->s, b->len, 0, PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY,
			     NULL, NULL, (PCRE2_SPTR)by, PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)out.s, &room);
	/* what could not be looked through to its end is not handed on */
	if (n < 0)
		return error_set(err, ERR_UNSUPPORTED, "a text could not be looked through for secrets (pcre2: %d)", n);
	buf_truncate(b, 0);
	buf_add(b, out.s, room);
	return 0;
}

int
redact_text(const struct redact *r, const char *text, size_t len, struct buf *out, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	buf_add(&b, text, len);
	redact_values(r, &b);
	for (size_t i = 0; i < ARRAY_LEN(redact_patterns); i++)
		if (redact_pattern_go(r->code[i], redact_patterns[i].by, &b, err) < 0)
			return -1;
	buf_add(out, b.s, b.len);
	return 0;
}
