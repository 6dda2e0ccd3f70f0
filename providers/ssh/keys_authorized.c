/* The half of providers/ssh/keys.h that needs no cryptography */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/ssh/keys.h"

enum { KEY_MAX = 64 << 10 };

void
key_list_release(struct key_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].file);
		free(l->v[i].line);
	}
	free(l->v);
	*l = (struct key_list){ 0 };
}

/* The value of a base64 digit is -1 for other characters. */
static int
keys_authorized_digit(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	       c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	       c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes the first bytes of base64 text; returns how many there are. */
static size_t
decode_start(const char *text, size_t len, unsigned char *out, size_t max)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < len && n < max; i++) {
		int v = keys_authorized_digit(text[i]);

		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4)
			out[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	return n;
}

/* "TYPE BASE64[ comment]", one line of plain text, whose base64 begins with the same TYPE */
static bool
is_key(const char *line)
{
	size_t type = strcspn(line, " "), len;
	const char *blob = line + type + 1;
	unsigned char start[4 + 64];

	for (const char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	if (!type || type > 64 || line[type] != ' ')
		return false;
	len = strcspn(blob, " ");
	if (strspn(blob, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") < len)
		return false;
	if (decode_start(blob, len, start, 4 + type) != 4 + type)
		return false;
	return !start[0] && !start[1] && !start[2] && start[3] == type && !memcmp(start + 4, line, type);
}

/* Reads the file's text without the space around it; to free; NULL when it cannot be read. */
static char *
keys_authorized_read_line(const char *file, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	size_t start;

	if (fs_read(file, &b, KEY_MAX, err) < 0)
		return NULL;
	while (b.len && strchr(" \t\r\n", b.s[b.len - 1]))
		buf_truncate(&b, b.len - 1);
	start = strspn(b.s, " \t\r\n");
	return strlen(b.s) == b.len ? xstrdup(b.s + start) : xstrdup("");
}

static void
keys_authorized_add(struct key_list *l, const char *file, char *line)
{
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = (struct key){ .file = xstrdup(file), .line = line };
}

static void
add_dot_ssh(const char *dir, struct key_list *l, void (*warn)(void *, const char *), void *ctx)
{
	auto_free char *pattern = xasprintf("%s/*.pub", dir);
	glob_t g;

	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct error why = { 0 };
		auto_free char *line = keys_authorized_read_line(g.gl_pathv[i], &why);
		auto_free char *text = NULL;

		if (line && is_key(line)) {
			keys_authorized_add(l, g.gl_pathv[i], steal(line));
			continue;
		}
		text = line ? xasprintf("%s: not an SSH public key: skipped", g.gl_pathv[i]) :
			      xasprintf("%s: skipped", why.msg);
		if (warn)
			warn(ctx, text);
	}
	globfree(&g);
}

int
keys_public_look(const char *config_dir, struct arena *a, const char **stamp, struct error *err)
{
	auto_free char *file = xasprintf("%s/user.pub", config_dir), *line = NULL;
	int there = fs_look_derived(file, a, stamp, err);

	if (there <= 0)
		return there;
	line = keys_authorized_read_line(file, err);
	return line ? is_key(line) : -1;
}

int
keys_authorized(const char *config_dir, const char *dot_ssh, struct key_list *out,
		void (*warn)(void *ctx, const char *text), void *ctx, struct error *err)
{
	auto_free char *file = xasprintf("%s/user.pub", config_dir);
	auto_free char *line = keys_authorized_read_line(file, err);

	if (!line)
		return -1;
	if (!is_key(line))
		return error_set(err, ERR_INVALID, "%s: not an SSH public key", file);
	keys_authorized_add(out, file, steal(line));
	if (dot_ssh)
		add_dot_ssh(dot_ssh, out, warn, ctx);
	return 0;
}
