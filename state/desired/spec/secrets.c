#include "state/desired/spec/secrets.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
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

/* A value, and each of its lines: texts are quoted and indented line by line. */
static void
secrets_take_lines(struct secrets *s, const char *value)
{
	size_t all = strlen(value);

	if (all)
		secrets_take(s, value, all);
	for (const char *at = value; strchr(value, '\n') && *at; at += *at == '\n') {
		size_t len = strcspn(at, "\r\n");

		if (len >= LEAST)
			secrets_take(s, at, len);
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
				secrets_take_lines(s, v->valuestring);
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
