/* Tools on files: list, read, write. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "base/when.h"
#include "cli/mcp/guest.h"
#include "cli/mcp/tools.h"
#include "providers/ssh/sftp.h"

enum { READ_MAX = 32 << 20, CHUNK = 256 << 10 };

/* Go's fs.FileMode, which clients of upstream's plugin know: the type in the high bits */
#define GO_DIR (1u << 31)
#define GO_LINK (1u << 27)

const struct tool_field list_directory_takes[] = {
	{ "path", TOOL_TEXT, false, "Absolute path of the folder" }, { 0 },
};
const struct tool_field list_directory_gives[] = {
	{ "entries", TOOL_ENTRIES, false, "What is in it: name, size, mode, time (last change), is_dir" }, { 0 },
};

static int
add_entry(void *ctx, const char *name, const struct sftp_attr *a)
{
	struct buf *out = ctx;
	char text[WHEN_MAX];

	buf_adds(out, out->s[out->len - 1] == '[' ? "{\"name\":" : ",{\"name\":");
	quote_json(out, name, false);
	buf_addf(out, ",\"size\":%" PRIu64 ",\"mode\":%u,\"time\":\"%s\",\"is_dir\":%s}", a->size,
		 (a->mode & 0777) | (S_ISDIR(a->mode) ? GO_DIR : S_ISLNK(a->mode) ? GO_LINK : 0), when_utc((int64_t)a->mtime, text), S_ISDIR(a->mode) ? "true" : "false");
	return 0;
}

int
tool_list_directory(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	const char *path = cjson_text(args, "path");
	struct sftp *s;

	if (tool_absolute(path, err) < 0 || !(s = guest_link(g, err)))
		return -1;
	buf_adds(out, "{\"entries\":[");
	if (sftp_list(s, path, add_entry, out, err) < 0)
		return -1;
	buf_adds(out, "]}");
	return 0;
}

const struct tool_field read_file_takes[] = {
	{ "path", TOOL_TEXT, false, "Absolute path of the file" }, { 0 },
};
const struct tool_field read_file_gives[] = {
	{ "content", TOOL_TEXT, false, "What is in it, 32 MiB at most" }, { 0 },
};

static int
tools_files_read_all(struct sftp_file *f, struct buf *out, struct error *err)
{
	ssize_t n = 0;

	while (out->len < READ_MAX) {
		buf_reserve(out, CHUNK);
		n = sftp_read(f, out->s + out->len, READ_MAX - out->len < CHUNK ? READ_MAX - out->len : CHUNK, err);
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	out->s[out->len] = '\0';
	return n < 0 ? -1 : 0;
}

int
tool_read_file(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	const char *path = cjson_text(args, "path");
	AUTO(buf) content = BUF_INIT;
	struct sftp_file *f;
	struct sftp *s;
	int r;

	if (tool_absolute(path, err) < 0 || !(s = guest_link(g, err)) || !(f = sftp_read_begin(s, path, err)))
		return -1;
	buf_reserve(&content, 1);
	r = tools_files_read_all(f, &content, err);
	if (sftp_end(f, r < 0 ? NULL : err) < 0 || r < 0)
		return -1;
	buf_adds(out, "{\"content\":");
	tool_bytes(out, content.s, content.len);
	buf_addc(out, '}');
	return 0;
}

const struct tool_field write_file_takes[] = {
	{ "path", TOOL_TEXT, false, "Absolute path of the file" },
	{ "content", TOOL_TEXT, false, "What is to be in it" },
	{ 0 },
};
const struct tool_field write_file_gives[] = { { 0 } };

/* The folders above the file, from the top; one that is there is as good as made. */
static int
make_folders(struct sftp *s, const char *path, struct error *err)
{
	auto_free char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	struct sftp_attr a;
	struct error why = { 0 };

	*slash = '\0';
	if (!*dir || (sftp_stat(s, dir, true, &a, &why) == 0 && S_ISDIR(a.mode)))
		return 0;
	if (why.code && why.code != ENOENT)
		return error_set(err, why.code, "%s", why.msg);
	return make_folders(s, dir, err) < 0 ? -1 : sftp_mkdir(s, dir, 0755, err);
}

int
tool_write_file(struct guest *g, const cJSON *args, struct buf *out, struct error *err)
{
	const char *path = cjson_text(args, "path");
	const char *content = cjson_text(args, "content");
	struct sftp_file *f;
	struct sftp *s;
	int r;

	if (tool_absolute(path, err) < 0 || !(s = guest_link(g, err)) || make_folders(s, path, err) < 0 ||
	    !(f = sftp_write_begin(s, path, 0644, err)))
		return -1;
	r = sftp_write(f, content, strlen(content), err);
	if (sftp_end(f, r < 0 ? NULL : err) < 0 || r < 0)
		return -1;
	buf_adds(out, "{}");
	return 0;
}
