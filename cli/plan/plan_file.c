#include "cli/plan/plan_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"

#define MAGIC "limactl-plan "

enum { VERSION = 1, MAX_FILE = 256 << 20, MAX_HEAD = 160 };

bool
plan_file_is(const char *path)
{
	auto_close int fd = fs_open(path, NULL, NULL);
	char head[sizeof MAGIC - 1];

	return fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head && !memcmp(head, MAGIC, sizeof head);
}

/* A plan takes the place of another one, or of an empty file: never of a template, a disk or a database, nor of a device, a pipe or a folder. */
static int
plan_file_check_place(const char *path, struct error *err)
{
	struct stat st;

	if (!*path)
		return error_set(err, ERR_INVALID, "--out: names no file");
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(err, ERR_REFUSED, "%s: is there, and is no ordinary file; a plan is kept in one", path);
	if (stat(path, &st) == 0 && st.st_size && !plan_file_is(path))
		return error_set(err, ERR_REFUSED, "%s: is there, and is no plan; give a name that is free, or remove it first", path);
	return 0;
}

int
plan_file_write(const char *path, const cJSON *body, struct error *err)
{
	char *text = cJSON_PrintUnformatted(body), hex[65];
	AUTO(buf) out = BUF_INIT;

	if (plan_file_check_place(path, err) < 0) {
		cJSON_free(text);
		return -1;
	}
	sha256_hex(text, strlen(text), hex);
	buf_addf(&out, MAGIC "%d %s %zu\n%s\n", VERSION, hex, strlen(text), text);
	cJSON_free(text);
	return fs_write_beside(path, out.s, out.len, 0600, err);
}

/* What is in it is carried out: so nobody else may have written it. */
static int
plan_file_check_owner(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return error_set(err, ERR_REFUSED, "%s: belongs to another user (uid %u), and a plan is carried out; make your own with `limactl plan --out`",
				 path, (unsigned)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, ERR_REFUSED, "%s: can be written by others, and a plan is carried out; make it anew, or look at it and `chmod go-w` it",
				 path);
	return 0;
}

static int
plan_file_load(const char *path, struct buf *out, struct error *err)
{
	struct stat st;
	auto_close int fd = fs_open(path, &st, err);
	char chunk[65536];
	ssize_t n;

	if (fd < 0 || plan_file_check_owner(path, &st, err) < 0)
		return -1;
	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read %s", path);
		buf_add(out, chunk, (size_t)n);
		if (out->len > MAX_FILE)
			return error_set(err, EFBIG, "%s: is larger than any plan", path);
	}
	return 0;
}

static int
plan_file_damaged(const char *path, struct error *err)
{
	return error_set(err, ERR_INVALID, "%s: is damaged: it is not what `limactl plan --out` wrote; make it anew", path);
}

/* Where the JSON begins; NULL: it is not what was written. */
static const char *
plan_file_check(const char *path, const struct buf *b, struct error *err)
{
	const char *end = memchr(b->s, '\n', b->len < MAX_HEAD ? b->len : MAX_HEAD), *json;
	char hex[65], is[65], head[MAX_HEAD + 1] = "";
	unsigned version = 0;
	size_t len = 0;

	if (!end || strncmp(b->s, MAGIC, sizeof MAGIC - 1) != 0) {
		error_set(err, ERR_INVALID, "%s: is no plan; `limactl plan --out FILE` makes one", path);
		return NULL;
	}
	memcpy(head, b->s, (size_t)(end - b->s));
	if (sscanf(head, MAGIC "%u", &version) == 1 && version > VERSION) {
		error_set(err, ERR_UNSUPPORTED, "%s: is of a newer limactl (format %u, this one knows %d); make it anew", path, version, VERSION);
		return NULL;
	}
	json = end + 1;
	if (sscanf(head, MAGIC "%u %64s %zu", &version, hex, &len) != 3 || version != VERSION || len + 1 != b->len - (size_t)(json - b->s) ||
	    (sha256_hex(json, len, is), strcmp(hex, is)) != 0) {
		plan_file_damaged(path, err);
		return NULL;
	}
	return json;
}

int
plan_file_read(const char *path, cJSON **body, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	const char *json;

	if (plan_file_load(path, &b, err) < 0)
		return -1;
	json = plan_file_check(path, &b, err);
	if (!json)
		return -1;
	*body = cJSON_Parse(json);
	if (cJSON_IsObject(*body))
		return 0;
	cJSON_Delete(*body);
	*body = NULL;
	return plan_file_damaged(path, err);
}
