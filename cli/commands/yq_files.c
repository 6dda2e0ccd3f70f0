#include "cli/commands/yq_files.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

void
yq_front_cut(struct buf *in, struct buf *rest)
{
	const char *end = strchr(in->s, '\n');

	while (end && strncmp(end + 1, "---", 3) != 0)
		end = strchr(end + 1, '\n');
	if (!end)
		return;
	end++;
	if (rest)
		buf_add(rest, end, in->len - (size_t)(end - in->s));
	buf_truncate(in, (size_t)(end - in->s));
}

static const char *
end_of_format(enum yq_format format)
{
	switch (format) {
	case YQ_JSON: return "json";
	case YQ_PROPS: return "properties";
	default: return "yml";
	}
}

static bool
has_end(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || !dot[1])
		return false;
	for (dot++; *dot; dot++)
		if (!isalnum((unsigned char)*dot))
			return false;
	return true;
}

/* A name comes from a document, which a stranger may have written: it stays below this folder. */
static bool
leads_out(const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
			return true;
	}
	return *name == '/';
}

static int
yq_part_write(const char *name, const char *text, size_t len, enum yq_format format, struct error *err)
{
	auto_free char *path = has_end(name) ? xstrdup(name) : xasprintf("%s.%s", name, end_of_format(format));
	const char *slash = strrchr(path, '/');
	auto_free char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;

	if (leads_out(path))
		return error_set(err, ERR_REFUSED, "'%s' is a name outside of this folder, and nothing is written there", path);
	if (dir && fs_mkdirs(dir, 0750, err) < 0)
		return -1;
	return fs_rewrite(path, text, len, 0644, err);
}

int
yq_parts_write(const struct yq_result *r, enum yq_format format, struct error *err)
{
	size_t from = 0;

	for (size_t i = 0; i < r->nparts; i++) {
		if (yq_part_write(r->parts[i].name, r->out->s + from, r->parts[i].end - from, format, err) < 0)
			return -1;
		from = r->parts[i].end;
	}
	return 0;
}
