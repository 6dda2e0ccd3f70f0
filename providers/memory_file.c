#include "providers/memory_file.h"

#include <cjson/cJSON.h>
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
#include "providers/fetch/digest.h"
#include "providers/json_table.h"

#define MAGIC "lima memory 1\n"

enum { HEX = 64, TEXT_AT = sizeof MAGIC - 1 + HEX + 1, CHUNK = 1 << 20 };

static const struct json_row memory_disk_rows[] = {
	{ JSON_MEMBER("path", JSON_PATH, struct memory_disk, path), .needed = true },
	{ JSON_MEMBER("stamp", JSON_TEXT, struct memory_disk, stamp) },
	{ 0 },
};

static const struct json_row memory_head_rows[] = {
	{ JSON_MEMBER("driver", JSON_TEXT, struct memory_head, driver) },
	{ JSON_MEMBER("program", JSON_TEXT, struct memory_head, program) },
	JSON_TEXTS_OF("words", struct memory_head, words, nwords),
	JSON_LIST_OF("disks", struct memory_head, disks, ndisks, memory_disk_rows),
	{ JSON_MEMBER("digest", JSON_TEXT, struct memory_head, digest) },
	{ JSON_MEMBER("bytes", JSON_TEXT, struct memory_head, bytes) },
	{ JSON_MEMBER("memoryBytes", JSON_TEXT, struct memory_head, memory_bytes) },
	{ 0 },
};

const char *
memory_disk_stamp(const char *path, struct arena *a)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	return arena_printf(a, "%lld %lld.%09ld", (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* The head as it stands in the file: magic, digest, text, zeros. */
static int
head_text(const struct memory_head *h, char out[MEMORY_HEAD], struct error *err)
{
	cJSON *json = json_table_write(memory_head_rows, h);
	auto_free char *text = cJSON_PrintUnformatted(json);
	char hex[HEX + 1];
	int n;

	cJSON_Delete(json);
	sha256_hex(text, strlen(text), hex);
	n = snprintf(out, MEMORY_HEAD, MAGIC "%s\n%s\n", hex, text);
	if (n >= MEMORY_HEAD)
		return error_set(err, EFBIG, "a machine of %zu words and %zu disks: too much for the head of a memory file", h->nwords, h->ndisks);
	memset(out + n, 0, (size_t)(MEMORY_HEAD - n));
	return 0;
}

int
memory_file_seal(const char *path, const struct memory_head *h, struct error *err)
{
	auto_free char *tmp = fs_tmp(path), *text = xrealloc(NULL, 1, MEMORY_HEAD);
	auto_close int fd = -1;

	if (head_text(h, text, err) < 0)
		return -1;
	fd = open(tmp, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fs_write_all(fd, text, MEMORY_HEAD) < 0)
		return error_errno(err, "write %s", tmp);
	return fs_commit(tmp, path, err);
}

void
memory_file_forget(const char *path)
{
	auto_free char *tmp = fs_tmp(path);

	fs_unlink(tmp, NULL);
}

static int
memory_file_wrong(const char *path, const char *why, struct error *err)
{
	return error_set(err, ERR_INVALID, "%s: %s", path, why);
}

static int
head_parse(const char *path, const char *text, struct arena *a, struct memory_head *out, struct error *err)
{
	size_t len = strcspn(text + TEXT_AT, "\n");
	cJSON *json;
	char hex[HEX + 1];
	int r;

	sha256_hex(text + TEXT_AT, len, hex);
	if (strncmp(text + sizeof MAGIC - 1, hex, HEX) != 0 || text[TEXT_AT - 1] != '\n')
		return memory_file_wrong(path, "its head has been changed since it was written", err);
	json = cJSON_ParseWithLength(text + TEXT_AT, len);
	r = json_table_read(memory_head_rows, json, a, out, err);
	cJSON_Delete(json);
	return r;
}

int
memory_file_head(const char *path, struct arena *a, struct memory_head *out, struct error *err)
{
	auto_close int fd = fs_open(path, NULL, err);
	auto_free char *text = xcalloc(1, MEMORY_HEAD + 1);
	ssize_t n;

	*out = (struct memory_head){ 0 };
	if (fd < 0)
		return -1;
	n = pread(fd, text, MEMORY_HEAD, 0);
	if (n < 0)
		return error_errno(err, "read %s", path);
	if (n != MEMORY_HEAD || strncmp(text, MAGIC, sizeof MAGIC - 1) != 0)
		return memory_file_wrong(path, n == MEMORY_HEAD ? "not the memory of a machine" : "it is cut off", err);
	return head_parse(path, text, a, out, err);
}

/* The digest of all behind the head. */
static int
memory_file_digest(const char *path, int fd, const struct memory_way *way, char out[DIGEST_TEXT_MAX], struct error *err)
{
	auto_free char *chunk = xrealloc(NULL, 1, CHUNK);
	struct digest d;
	off_t at = MEMORY_HEAD;
	ssize_t n;

	if (digest_init(&d, "sha256", err) < 0)
		return -1;
	while ((n = pread(fd, chunk, CHUNK, at)) > 0) {
		if (way->cancel && *way->cancel)
			return error_set(err, ERR_CANCELLED, "cancelled");
		digest_update(&d, chunk, (size_t)n);
		at += n;
	}
	if (n < 0)
		return error_errno(err, "read %s", path);
	digest_text(&d, out);
	return 0;
}

int
memory_file_check(const char *path, const struct memory_head *h, const struct memory_way *way, struct error *err)
{
	struct stat st;
	auto_close int fd = fs_open(path, &st, err);
	auto_free char *bytes = fd < 0 ? NULL : xasprintf("%lld", (long long)st.st_size - MEMORY_HEAD);
	char digest[DIGEST_TEXT_MAX];

	if (fd < 0)
		return -1;
	if (strcmp(bytes, h->bytes) != 0)
		return memory_file_wrong(path, "it is not as long as it was written", err);
	if (memory_file_digest(path, fd, way, digest, err) < 0)
		return -1;
	return strcmp(digest, h->digest) == 0 ? 0 : memory_file_wrong(path, "it has been changed since it was written", err);
}
