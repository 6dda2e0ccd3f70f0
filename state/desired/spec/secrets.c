#include "state/desired/spec/secrets.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/sha256.h"

enum { LEAST = 4, DIGEST_LEN = 16 };

#define WORD "(secret"

void
secrets_release(struct secrets *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct secrets){ 0 };
}

static void
secrets_take(struct secrets *s, const char *value, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (strlen(s->v[i]) == len && !memcmp(s->v[i], value, len))
			return;
		at += strlen(s->v[i]) >= len;
	}
	GROW(s->v, s->n, s->cap);
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof *s->v);
	s->v[at] = xstrndup(value, len);
	s->n++;
}

static void
secrets_quote_json(struct buf *out, const char *s)
{
	quote_json(out, s, false);
}

static void
secrets_quote_html(struct buf *out, const char *s)
{
	quote_json(out, s, true);
}

static void
secrets_quote_yaml_single(struct buf *out, const char *s)
{
	buf_addc(out, '\'');
	for (; *s; s++)
		buf_addf(out, *s == '\'' ? "'%c" : "%c", *s);
	buf_addc(out, '\'');
}

/* What is between the quotes of a word; one that needs none is as it is. */
static char *
secrets_inside(void (*quote)(struct buf *out, const char *s), const char *text)
{
	AUTO(buf) b = BUF_INIT;

	quote(&b, text);
	return b.len >= 2 && (*b.s == '"' || *b.s == '\'') && b.s[b.len - 1] == *b.s ? xstrndup(b.s + 1, b.len - 2) : xstrdup(b.s);
}

/*
 * As it is, and as it stands in texts of those who quote: in a command line, in JSON, in YAML, and in the JSON of an
 * expression that is a word of a command line.
 */
static void
secrets_take_written(struct secrets *s, const char *value, size_t len)
{
	static void (*const quotes[])(struct buf *out, const char *s) = { quote_shell, secrets_quote_json, secrets_quote_html, quote_go, quote_yaml,
									  secrets_quote_yaml_single };
	auto_free char *plain = xstrndup(value, len);

	secrets_take(s, value, len);
	for (size_t i = 0; len >= LEAST && i < ARRAY_LEN(quotes); i++) {
		auto_free char *once = secrets_inside(quotes[i], plain), *word = secrets_inside(quote_shell, once);

		secrets_take(s, once, strlen(once));
		secrets_take(s, word, strlen(word));
	}
}

void
secrets_add_value(struct secrets *s, const char *value)
{
	size_t all = strlen(value);

	if (all)
		secrets_take_written(s, value, all);
	for (const char *at = value; strchr(value, '\n') && *at; at += *at == '\n') {
		size_t len = strcspn(at, "\r\n");

		if (len >= LEAST)
			secrets_take_written(s, at, len);
		at += len;
		at += *at == '\r';
	}
}

static void
secrets_add_tree(struct secrets *s, const cJSON *root)
{
	static const char *const groups[] = { "param", "env" };
	const cJSON *name;

	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(root, "secrets"))
		for (size_t i = 0; cJSON_IsString(name) && i < ARRAY_LEN(groups); i++) {
			const cJSON *v = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, groups[i]), name->valuestring);

			if (cJSON_IsString(v))
				secrets_add_value(s, v->valuestring);
		}
}

/* Most configurations have none, and are not read for that. */
static cJSON *
secrets_parse(const char *json)
{
	return json && strstr(json, "\"secrets\":[\"") ? cJSON_Parse(json) : NULL;
}

void
secrets_add(struct secrets *s, const char *json)
{
	cJSON *root = secrets_parse(json);

	secrets_add_tree(s, root);
	cJSON_Delete(root);
}

static void
secrets_word(const char *value, const char *salt, struct buf *out)
{
	AUTO(buf) salted = BUF_INIT;
	char hex[65];

	buf_adds(out, WORD);
	if (salt) {
		buf_addf(&salted, "%s\n%s", salt, value);
		sha256_hex(salted.s, salted.len, hex);
		buf_addf(out, " %.*s", DIGEST_LEN, hex);
	}
	buf_addc(out, ')');
}

void
secrets_hide(const struct secrets *s, const char *text, const char *salt, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(text, s->v[i])) {
			secrets_word(text, salt, out);
			return;
		}
	while (*text) {
		const char *hit = NULL, *value = NULL;

		for (size_t i = 0; i < s->n && strlen(s->v[i]) >= LEAST; i++) {
			const char *at = strstr(text, s->v[i]);

			if (at && (!hit || at < hit)) {
				hit = at;
				value = s->v[i];
			}
		}
		if (!hit)
			break;
		buf_add(out, text, (size_t)(hit - text));
		secrets_word(value, salt, out);
		text = hit + strlen(value);
	}
	buf_adds(out, text);
}

void
secrets_hide_json(const struct secrets *s, cJSON *root, const char *salt)
{
	cJSON *i;

	if (!s->n)
		return;
	if (cJSON_IsString(root)) {
		AUTO(buf) b = BUF_INIT;

		secrets_hide(s, root->valuestring, salt, &b);
		if (strcmp(b.s, root->valuestring) != 0)
			cJSON_SetValuestring(root, b.s);
	}
	cJSON_ArrayForEach(i, root)
		secrets_hide_json(s, i, salt);
}

char *
secrets_masked(const char *json, const char *salt)
{
	cJSON *root = secrets_parse(json);
	AUTO(secrets) s = { 0 };
	char *text, *copy;

	if (!root)
		return NULL;
	secrets_add_tree(&s, root);
	secrets_hide_json(&s, root, salt);
	text = cJSON_PrintUnformatted(root);
	copy = xstrdup(text);
	cJSON_free(text);
	cJSON_Delete(root);
	return copy;
}

void
secrets_forget_digests(const char *text, struct buf *out)
{
	const char *hit;

	while ((hit = strstr(text, WORD " "))) {
		size_t skip = strlen(WORD) + 1;

		buf_add(out, text, (size_t)(hit - text));
		text = hit + skip;
		if (strspn(text, "0123456789abcdef") >= DIGEST_LEN && text[DIGEST_LEN] == ')') {
			buf_adds(out, WORD ")");
			text += DIGEST_LEN + 1;
		} else {
			buf_add(out, hit, skip);
		}
	}
	buf_adds(out, text);
}
