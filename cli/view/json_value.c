#include "cli/view/json_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"

static bool json_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out);
static size_t json_value_count(const void *p);
static void json_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out);

static const struct gotmpl_ops ops = { json_value_get, json_value_count, json_value_at };

/* Where a Go field is called otherwise than its key. */
static const struct { const char *field, *key; } renamed[] = {
	{ "CACertificates", "caCerts" }, { "GuestFile", "guest" }, { "HostFile", "host" },
};

static bool
same_name(const char *asked, struct json_span key)
{
	size_t len = strlen(asked);

	if (key.len == len + 2 && strncasecmp(key.p + 1, asked, len) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcmp(asked, renamed[i].field) == 0)
			return same_name(renamed[i].key, key);
	return false;
}

static bool
json_value_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	const struct json_span *v = p;
	struct json_span k, item;
	size_t pos = 0;

	while ((item = json_each(*v, &pos, &k)).p) {
		if (v->p[0] == '{' && same_name(key, k)) {
			*out = json_value(a, item);
			return true;
		}
	}
	return false;
}

static size_t
json_value_count(const void *p)
{
	size_t pos = 0, n = 0;

	while (json_each(*(const struct json_span *)p, &pos, NULL).p)
		n++;
	return n;
}

static void
json_value_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	const struct json_span *v = p;
	struct json_span k = { 0 }, item;
	size_t pos = 0;

	do
		item = json_each(*v, &pos, &k);
	while (i-- > 0);
	if (key)
		*key = v->p[0] == '{' ? json_text(a, k) : NULL;
	*out = json_value(a, item);
}

struct gotmpl_value
json_value(struct arena *a, struct json_span v)
{
	struct json_span *copy;
	const char *text;
	char *end;

	if (!v.p || v.len == 0 || v.p[0] == 'n')
		return (struct gotmpl_value){ GOTMPL_MISSING };
	if (v.p[0] == 't' || v.p[0] == 'f')
		return gotmpl_bool(v.p[0] == 't');
	if (v.p[0] == '"')
		return gotmpl_text(json_text(a, v));
	if (v.p[0] == '{' || v.p[0] == '[') {
		copy = arena_alloc(a, sizeof *copy);
		*copy = v;
		return (struct gotmpl_value){ v.p[0] == '{' ? GOTMPL_MAP : GOTMPL_LIST, .ops = &ops, .p = copy };
	}
	text = json_text(a, v);
	if (!strpbrk(text, ".eE"))
		return gotmpl_int(strtoll(text, &end, 10));
	return (struct gotmpl_value){ GOTMPL_FLOAT, .d = strtod(text, &end) };
}

static void
print_items(struct buf *out, struct arena *a, const struct gotmpl_value *v)
{
	bool list = v->kind == GOTMPL_LIST;
	size_t n = v->ops->count(v->p);

	buf_addc(out, list ? '[' : '{');
	for (size_t i = 0; i < n; i++) {
		struct gotmpl_value item;
		const char *key = NULL;

		v->ops->at(a, v->p, i, &key, &item);
		if (i)
			buf_addc(out, ',');
		if (!list) {
			quote_json(out, key ? key : "", false);
			buf_addc(out, ':');
		}
		json_value_print(out, a, &item);
	}
	buf_addc(out, list ? ']' : '}');
}

void
json_value_print(struct buf *out, struct arena *a, const struct gotmpl_value *v)
{
	switch (v->kind) {
	case GOTMPL_MISSING:
		buf_adds(out, "null");
		break;
	case GOTMPL_TEXT:
		quote_json(out, arena_memdup(a, v->s, v->len), false);
		break;
	case GOTMPL_LIST:
	case GOTMPL_MAP:
	case GOTMPL_RECORD:
		if (v->ops == &ops)
			buf_add(out, ((const struct json_span *)v->p)->p, ((const struct json_span *)v->p)->len);
		else
			print_items(out, a, v);
		break;
	default:
		gotmpl_print(out, a, v);
	}
}

/* --- functions --- */

static struct gotmpl_value
json_value_text_of(struct arena *a, const struct buf *b)
{
	return (struct gotmpl_value){ GOTMPL_TEXT, .s = arena_memdup(a, b->s, b->len), .len = b->len };
}

/* indent [N] TEXT: N blanks, 2 by default, before each line that is not empty */
int
template_indent(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	const struct gotmpl_value *text = &args[n - 1];
	int64_t size = 2;
	bool begin = true;
	AUTO(buf) b = BUF_INIT;

	if (n > 1 && args[0].kind != GOTMPL_INT)
		return error_set(err, ERR_INVALID, "optional first argument must be an integer");
	if (text->kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "last argument must be a string");
	if (n > 1)
		size = args[0].i;
	if (size < 0 || size > 1000)
		return error_set(err, ERR_INVALID, "%lld is no indentation", (long long)size);
	for (size_t i = 0; i < text->len; i++) {
		if (begin && text->s[i] != '\n')
			buf_addf(&b, "%*s", (int)size, "");
		begin = text->s[i] == '\n';
		buf_addc(&b, text->s[i]);
	}
	*out = json_value_text_of(a, &b);
	return 0;
}

int
template_missing(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err)
{
	(void)a;
	if (n > 1 && args[0].kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "optional first argument must be a string");
	if (args[n - 1].kind != GOTMPL_TEXT)
		return error_set(err, ERR_INVALID, "last argument must be a string");
	*out = args[n - 1].len ? args[n - 1] : n > 1 ? args[0] : gotmpl_text("<missing>");
	return 0;
}
