#include "providers/fetch/cache_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/cache_owner.h"
#include "providers/fetch/cache_version.h"
#include "providers/fetch/digest.h"
#include "providers/fetch/http.h"

enum {
	SMALL_FILE = 8192,
	ADVANCE = 1 << 20,	/* a try that brought so much further does not count as failed */
	BLOCK = 1 << 18,
	RESTARTS = 2,		/* from the first byte, because what there was could not be used */
};

struct transfer {
	const struct fetch *f;
	const char *entry;
	char *part, *resume;	/* paths */
	int fd;			/* of the part; -1: there is none yet */
	struct version old;	/* of the `data` that is there */
	struct version new;	/* of what the part is a part of */
	uint64_t have;		/* bytes in the part */
	uint64_t hashed;	/* bytes in `digest`: the part's first */
	uint64_t best;		/* as far as ever */
	uint64_t total;		/* as claimed; 0: unknown */
	struct digest digest;
	bool conditional;
	bool ranged;		/* this try asked for the rest only */
	bool resumed;		/* the part is of more than one try */
	bool begun;		/* there is something new, and we have seen its beginning */
	bool decode;
	bool unchanged;
	bool refused;		/* the server will not continue the part */
	int restarts;
};

static bool
wants_digest(const struct transfer *t)
{
	return t->f->digest && *t->f->digest;
}

static void
transfer_release(struct transfer *t)
{
	free(t->part);
	free(t->resume);
	if (t->fd >= 0)
		close(t->fd);
	version_release(&t->old);
	version_release(&t->new);
}

/* Reads one line of text, "" if there is none; to free. */
static char *
read_small(const char *entry, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", entry, name);
	AUTO(buf) b = BUF_INIT;

	if (fs_read_if(path, &b, SMALL_FILE, NULL) != 1)
		buf_truncate(&b, 0);
	buf_truncate(&b, strcspn(b.s, "\r\n"));
	return buf_detach(&b);
}

static int
write_small(const char *entry, const char *name, const char *text, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s", entry, name);

	return fs_write(path, text, strlen(text), 0644, err);
}

/* 1: open; 0: not there, and not to be made */
static int
open_part(struct transfer *t, int create, struct error *err)
{
	if (t->fd < 0)
		t->fd = open(t->part, O_RDWR | create | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (t->fd < 0 && (errno != ENOENT || create))
		return error_errno(err, "open %s", t->part);
	return t->fd >= 0;
}

/* Empties the partial file. */
static int
cache_transfer_start_over(struct transfer *t, struct error *err)
{
	t->have = t->hashed = 0;
	t->resumed = false;
	if (t->fd >= 0 && ftruncate(t->fd, 0) < 0)
		return error_errno(err, "truncate %s", t->part);
	return wants_digest(t) ? digest_init(&t->digest, t->f->digest, err) : 0;
}

/* The digest takes the bytes of the partial file that it lacks. */
static int
catch_up(struct transfer *t, struct error *err)
{
	auto_free char *block = NULL;

	if (!wants_digest(t) || t->hashed == t->have)
		return 0;
	if (digest_init(&t->digest, t->f->digest, err) < 0)
		return -1;
	block = xcalloc(1, BLOCK);
	for (t->hashed = 0; t->hashed < t->have;) {
		uint64_t want = t->have - t->hashed;
		ssize_t n = pread(t->fd, block, want < BLOCK ? want : BLOCK, (off_t)t->hashed);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(err, "read %s", t->part);
		digest_update(&t->digest, block, (size_t)n);
		t->hashed += (uint64_t)n;
	}
	return 0;
}

static int
begin_whole(struct transfer *t, const struct http_answer *a, struct error *err)
{
	if (t->conditional && version_is(&t->old, a)) {
		t->unchanged = true;
		return 1;
	}
	t->begun = true;
	t->total = a->length > 0 && !t->decode ? (uint64_t)a->length : 0;
	version_set(&t->new, a);
	if (open_part(t, O_CREAT, err) < 0 || cache_transfer_start_over(t, err) < 0)
		return -1;
	return part_write_version(t->resume, &t->new, err);
}

static int
begin_rest(struct transfer *t, const struct http_answer *a, struct error *err)
{
	uint64_t start;

	if (!t->ranged || sscanf(a->range, "bytes %" SCNu64 "-", &start) != 1 || start != t->have) {
		t->refused = true;
		return 1;
	}
	t->begun = t->resumed = true;
	t->total = a->length > 0 && (uint64_t)a->length < UINT64_MAX - t->have ? t->have + (uint64_t)a->length : 0;
	return catch_up(t, err);
}

static int
cache_transfer_on_begin(void *ctx, const struct http_answer *a, struct error *err)
{
	struct transfer *t = ctx;

	switch (a->status) {
	case 200:
	case 203:
		return begin_whole(t, a, err);
	case 206:
		return begin_rest(t, a, err);
	case 304:
		t->unchanged = t->conditional;
		return 1;
	case 416:	/* the part is longer than the file, or just as long */
		t->refused = t->ranged;
		return 1;
	default:
		return 1;
	}
}

static int
cache_transfer_on_body(void *ctx, const void *p, size_t len, struct error *err)
{
	struct transfer *t = ctx;
	const char *at = p;

	if (t->f->max_bytes && (t->have > t->f->max_bytes || len > t->f->max_bytes - t->have))
		return error_set(err, EFBIG, "more than %" PRIu64 " bytes", t->f->max_bytes);
	if (wants_digest(t)) {
		digest_update(&t->digest, p, len);
		t->hashed += len;
	}
	for (size_t left = len; left;) {
		ssize_t n = pwrite(t->fd, at, left, (off_t)t->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "write %s", t->part);
		at += n;
		left -= (size_t)n;
		t->have += (uint64_t)n;
	}
	if (t->f->progress)
		t->f->progress(t->f->ctx, t->have, t->total >= t->have ? t->total : 0);
	return 0;
}

/* Without a validator only the digest can tell whether the pieces are of one whole. */
static bool
can_continue(const struct transfer *t)
{
	return !t->decode && (*version_validator(&t->new) || wants_digest(t));
}

/* Finds how much of an earlier call's partial file can be used. */
static int
look_at_part(struct transfer *t, struct error *err)
{
	struct stat st = { 0 };

	if (open_part(t, 0, err) < 0)
		return -1;
	if (t->fd >= 0 && fstat(t->fd, &st) < 0)
		return error_errno(err, "stat %s", t->part);
	part_read_version(t->resume, &t->new);
	t->have = can_continue(t) ? (uint64_t)st.st_size : 0;
	return 0;
}

/* Builds the headers of this try, at most 2; each to free. */
static void
add_conditions(const struct transfer *t, char **headers)
{
	size_t n = 0;

	if (t->ranged) {
		headers[n++] = xasprintf("Range: bytes=%" PRIu64 "-", t->have);
		if (*version_validator(&t->new))
			headers[n++] = xasprintf("If-Range: %s", version_validator(&t->new));
	} else if (t->conditional) {
		if (*t->old.etag)
			headers[n++] = xasprintf("If-None-Match: %s", t->old.etag);
		if (*t->old.last_modified)
			headers[n++] = xasprintf("If-Modified-Since: %s", t->old.last_modified);
	}
}

static int
one_try(struct transfer *t, struct http_answer *a, struct error *err)
{
	char *headers[3] = { NULL };
	struct http_request r = { .url = t->f->location, .headers = (const char *const *)headers,
				  .small = t->f->max_bytes > 0, .decode = t->decode, .cancel = t->f->cancel, .begin = cache_transfer_on_begin, .body = cache_transfer_on_body,
				  .ctx = t };
	int result;

	if (!can_continue(t))
		t->have = 0;
	t->ranged = t->have > 0;
	t->refused = t->unchanged = false;
	add_conditions(t, headers);
	result = http_request(&r, a, err);
	free(headers[0]);
	free(headers[1]);
	return result;
}

/*
 * The whole is there. 1: and right; 0: not, but worth another try; -1: not.
 * Pieces of two versions, and a server that compresses unasked, can be got over.
 */
static int
check_whole(struct transfer *t, const struct http_answer *a, struct error *err)
{
	char is[DIGEST_TEXT_MAX];

	if (!wants_digest(t))
		return 1;
	digest_text(&t->digest, is);
	t->hashed = UINT64_MAX;		/* it is used up */
	if (!strcmp(is, t->f->digest))
		return 1;
	if (t->restarts++ < RESTARTS && (t->resumed || (*a->coding && strcmp(a->coding, "identity") && !t->decode))) {
		cache_warn(t->f, "%s: is %s, want %s: fetching it again", t->f->location, is, t->f->digest);
		t->decode = !t->resumed;
		return cache_transfer_start_over(t, err);
	}
	return error_set(err, EBADMSG, "%s: digest is %s, want %s", t->f->location, is, t->f->digest);
}

/* The partial file becomes `data`; what described the old one is removed first. */
static int
cache_transfer_install(struct transfer *t, struct error *err)
{
	static const char *const stale[] = { "sha256.digest", "sha384.digest", "sha512.digest", "sha256.verified",
					     "sha384.verified", "sha512.verified", "time", "etag" };
	auto_free char *data = xasprintf("%s/data", t->entry);

	for (size_t i = 0; i < ARRAY_LEN(stale); i++) {
		auto_free char *path = xasprintf("%s/%s", t->entry, stale[i]);

		if (fs_unlink(path, err) < 0)
			return -1;
	}
	if (fs_commit(t->part, data, err) < 0 || write_small(t->entry, "type", t->new.type, err) < 0 ||
	    write_small(t->entry, "etag", t->new.etag, err) < 0 ||
	    write_small(t->entry, "time", t->new.last_modified, err) < 0)
		return -1;
	if (wants_digest(t) && cache_record(t->entry, t->f->digest, err) < 0)
		return -1;
	return fs_unlink(t->resume, err);
}

/* 1: installed; 0: unchanged; 2: go on with another try; -1 */
static int
cache_transfer_judge(struct transfer *t, struct http_answer *a, struct error *err)
{
	int r;

	if (t->unchanged)
		return 0;
	if (t->refused && t->have && t->restarts++ < RESTARTS)
		return cache_transfer_start_over(t, err) < 0 ? -1 : 2;
	if (a->status != 200 && a->status != 203 && (a->status != 206 || t->refused))
		return http_status_error(t->f->location, a, err);
	r = check_whole(t, a, err);
	if (r <= 0)
		return r < 0 ? -1 : 2;
	return cache_transfer_install(t, err) < 0 ? -1 : 1;
}

static int
try_all(struct transfer *t, struct error *err)
{
	AUTO(http_answer) a = { 0 };
	struct error why;
	int failures = 0, r;

	for (;;) {
		r = one_try(t, &a, &why) < 0 ? -1 : cache_transfer_judge(t, &a, &why);
		if (r == 0 || r == 1)
			return r;
		if (r == 2)
			continue;
		if (t->have >= t->best + ADVANCE)
			failures = 0;
		if (t->have > t->best)
			t->best = t->have;
		/* A conditional request is not retried, because a cached file is there already. */
		if ((t->conditional && !t->begun) || !http_again(&failures, &a, t->f->cancel))
			return http_tried(t->f->location, failures, t->f->cancel, &why, err);
	}
}

static int
set_up(struct transfer *t, struct error *err)
{
	auto_free char *url = NULL;

	t->part = xasprintf("%s/data.part", t->entry);
	t->resume = xasprintf("%s/data.tmp.resume", t->entry);
	/* A link or a FIFO is no partial file. */
	if (!cache_file_is_ours(t->part) && fs_remove_tree(t->part, err) < 0)
		return -1;
	t->old.etag = read_small(t->entry, "etag");
	t->old.last_modified = read_small(t->entry, "time");
	url = read_small(t->entry, "url");
	if (strcmp(url, t->f->location) && write_small(t->entry, "url", t->f->location, err) < 0)
		return -1;
	return look_at_part(t, err);
}

int
cache_transfer(const struct fetch *f, const char *entry, bool conditional, struct error *err)
{
	AUTO(transfer) t = { .f = f, .entry = entry, .conditional = conditional, .fd = -1 };
	struct error why;
	int r;

	r = set_up(&t, &why);
	if (r == 0)
		r = try_all(&t, &why);
	if (r > 0)
		return r;
	/* A partial file is kept if a later call could continue it, unless the disk was full. */
	if (r == 0 || t.have == 0 || why.code == ENOSPC || why.code == EDQUOT || why.code == EFBIG ||
	    why.code == EBADMSG) {
		fs_unlink(t.part, NULL);
		fs_unlink(t.resume, NULL);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}
