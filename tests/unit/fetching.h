/*
 * tests/unit/fetching.h - fetches into a cache of the test's own, and what its entries hold.
 */
#pragma once
#include "providers/fetch/cache.h"
#include "providers/fetch/digest.h"
#include "tests/unit/http_server.h"

enum { SIZE = 300000 };

struct seen {
	struct buf warnings;
	uint64_t done, total;
	int calls;
	volatile int cancel;	/* raised by progress once so much has come */
	uint64_t cancel_at;
};

static inline void
on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;

	s->calls++;
	s->done = done;
	s->total = total;
	if (s->cancel_at && done >= s->cancel_at)
		s->cancel = 1;
}

static inline void
on_warn(void *ctx, const char *text)
{
	struct seen *s = ctx;

	buf_adds(&s->warnings, text);
	buf_addc(&s->warnings, '\n');
}

static inline struct seen
seen_new(void)
{
	return (struct seen){ .warnings = BUF_INIT };
}

static inline void
seen_release(struct seen *s)
{
	buf_release(&s->warnings);
}

/* a request of everybody's cache, in the test's own folder */
static inline struct fetch
ask(const char *url, const char *digest, struct seen *s)
{
	static char *cache;

	if (!cache) {
		cache = xcalloc(1, 100);
		snprintf(cache, 100, "%s/cache", test_dir_);
	}
	return (struct fetch){ .location = url, .digest = digest, .cache = cache, .progress = s ? on_progress : NULL,
			       .warn = s ? on_warn : NULL, .ctx = s, .cancel = s ? &s->cancel : NULL };
}

static inline char *
digest_of(size_t size, unsigned seed, const char *algo)
{
	auto_free char *p = server_content(size, seed);
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	struct error err;

	ok(digest_init(&d, algo, &err));
	digest_update(&d, p, size);
	digest_text(&d, text);
	return xstrdup(text);
}

/* does the file hold what the server's body of this size and seed is? */
static inline void
assert_content(const char *path, size_t size, unsigned seed)
{
	auto_free char *want = server_content(size, seed);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 1 << 28, &err));
	assert_int_equal(b.len, size);
	assert_memory_equal(b.s, want, size);
}

static inline char *
entry_file(const struct fetch *f, const char *name)
{
	auto_free char *entry = cache_entry(f->cache, f->location);

	return xasprintf("%s/%s", entry, name);
}

static inline void
assert_entry_text(const struct fetch *f, const char *name, const char *want)
{
	auto_free char *path = entry_file(f, name);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 4096, &err));
	assert_string_equal(b.s, want);
}

static inline bool
entry_has(const struct fetch *f, const char *name)
{
	auto_free char *path = entry_file(f, name);

	return fs_exists(path);
}

static inline void
assert_no_parts(const struct fetch *f)
{
	assert_false(entry_has(f, "data.part"));
	assert_false(entry_has(f, "data.tmp.resume"));
}

/* fetches; the body must be that of `seed` */
static inline void
fetched(const struct fetch *f, size_t size, unsigned seed)
{
	auto_free char *path = NULL;
	struct error err;

	ok(cache_fetch(f, &path, &err));
	assert_content(path, size, seed);
	assert_no_parts(f);
}

static inline void
fails(const struct fetch *f, int code, const char *text)
{
	char *path = "untouched";
	struct error err;

	not_ok(cache_fetch(f, &path, &err), text);
	assert_int_equal(err.code, code);
	assert_string_equal(path, "untouched");
}
