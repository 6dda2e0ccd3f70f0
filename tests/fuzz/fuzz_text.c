/* Small languages: sizes, versions, names, words, base64, JSON; the first byte says which. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/semver.h"
#include "base/size.h"
#include "base/words.h"
#include "state/desired/template/locator.h"
#include "state/desired/template/name.h"
#include "state/desired/yaml/scalar.h"
#include "state/desired/yaml/yaml.h"
#include "tests/fuzz/fuzz.h"

/* what is printed of a size is one again, and nearly the same (an EiB cannot be read) */
static void
size(const char *s, size_t len)
{
	AUTO(arena) a = { 0 };
	struct error err;
	uint64_t n, again;

	(void)len;
	if (size_parse(&n, s, &err) < 0 || n >= (uint64_t)1 << 60)
		return;
	if (size_parse(&again, size_text(&a, n), &err) < 0 || again > n + n / 1000 + 1 || again + again / 1000 + 1 < n)
		abort();
}

static void
version(const char *s, size_t len)
{
	struct semver v, w = { { 2, 0, 0 } };

	(void)len;
	if (semver_parse(&v, s) == 0 && semver_compare(&v, &w) + semver_compare(&w, &v) != 0)
		abort();
}

static void
names(const char *s, size_t len)
{
	AUTO(arena) a = { 0 };
	auto_free char *name = NULL, *host = name_hostname(s);
	struct error err;

	(void)len;
	if (name_from_path(&name, s, &err) == 0 && strpbrk(name, "/ \n"))
		abort();
	if (name_check(s, &err) == 0 && (strchr(s, '/') || *s == '.' || !*host))
		abort();
	if (locator_is_image(s))
		locator_image_name(&a, s);
}

static void
words(const char *s, size_t len)
{
	AUTO(arena) a = { 0 };
	const char **v;
	struct error err;
	size_t n;

	(void)len;
	if (words_split(&a, s, &v, &n, &err) == 0 && v[n])
		abort();
}

static void
base64(const char *s, size_t len)
{
	AUTO(buf) b = BUF_INIT;

	if (base64_decode(&b, s, len) == 0 && b.len > len)
		abort();
}

static void
json(const char *s, size_t len)
{
	AUTO(arena) a = { 0 };
	size_t at = 0, n = 0;
	struct json_span v = json_span_of(s), key;

	(void)len;
	json_text(&a, json_at(v, "a.b"));
	json_int(json_at(v, "a"), 0);
	while (json_each(v, &at, &key).p)
		if (++n > len)
			abort();
	for (at = n = 0; json_next(json_span_of(s), &at).p;)
		if (++n > len)
			abort();
}

/* what is said to need no quotes is read as the same text */
static void
plain(const char *s, size_t len)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;
	struct source src = { .name = "x", .text = s, .len = len };
	struct node *n;
	struct error err;

	if (!scalar_is_plain(s, len))
		return;
	if (yaml_read(&n, &a, &src, NULL, &err) < 0 || n->kind != NODE_SCALAR || n->len != len || memcmp(n->text, s, len) != 0)
		abort();
	quote_go(&b, s);
	quote_shell(&b, s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const all[])(const char *, size_t) = { size, version, names, words, base64, json, plain };
	char *text;

	if (!n)
		return 0;
	text = xstrndup((const char *)data + 1, n - 1);
	all[data[0] % ARRAY_LEN(all)](text, strlen(text));
	free(text);
	return 0;
}
