#include "resources/provision_record.h"

#include <dirent.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "resources/instance_paths.h"
#include "resources/machine.h"
#include "resources/provision_list.h"

enum { LAST_LINES = 6, LAST_BYTES = 480, MAX_BOOTED = 1 << 20 };

static char *
record_path(const struct env *env, const struct resource *r, const char *id, const char *end)
{
	auto_free char *folder = instance_path(env, r, r->type->name);

	return xasprintf("%s/%s%s", folder, id, end);
}

bool
provision_record_load(const struct env *env, const struct resource *r, const char *id, struct facts *f, struct arena *a)
{
	auto_free char *path = record_path(env, r, id, "");

	*f = (struct facts){ 0 };
	machine_facts_load(path, f, a);
	/* One that is cut, or written over, is none: what it is of runs again. */
	return facts_get(f, "run") && facts_get(f, "status") && facts_get(f, "ran");
}

int
provision_record_save(const struct env *env, const struct resource *r, const char *id, const struct facts *f, struct error *err)
{
	auto_free char *folder = instance_path(env, r, r->type->name), *path = record_path(env, r, id, "");

	return fs_mkdirs(folder, 0700, err) < 0 ? -1 : machine_facts_save(path, f, err);
}

int
provision_log_save(const struct env *env, const struct resource *r, const char *id, const char *text, size_t len, struct error *err)
{
	auto_free char *folder = instance_path(env, r, r->type->name), *path = record_path(env, r, id, ".log");

	if (!text)
		return fs_drop(path, err);
	return fs_mkdirs(folder, 0700, err) < 0 ? -1 : fs_write(path, text, len, 0600, err);
}

static bool
is_one_of(const char *name, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] && !strncmp(name, ids[i], PROVISION_ID))
			return true;
	return false;
}

int
provision_forget_booted(const struct env *env, const struct resource *r, const char *const *ids, size_t n, const char *without, struct error *err)
{
	auto_free char *path = instance_path(env, r, PROVISION_BOOTED);
	AUTO(buf) text = BUF_INIT, left = BUF_INIT;
	int there = fs_read_if(path, &text, MAX_BOOTED, err);

	if (there <= 0)
		return there;
	provision_booted_keep(text.s, ids, n, without, &left);
	return left.len == text.len ? 0 : fs_write(path, left.s ? left.s : "", left.len, 0600, err);
}

int
provision_forget(const struct env *env, const struct resource *r, const char *const *ids, size_t n, struct error *err)
{
	auto_free char *folder = instance_path(env, r, r->type->name);
	DIR *d = opendir(folder);
	struct dirent *e;
	int rc = 0;

	while (d && rc == 0 && (e = readdir(d))) {
		auto_free char *path = xasprintf("%s/%s", folder, e->d_name);

		if (*e->d_name != '.' && !is_one_of(e->d_name, ids, n))
			rc = fs_drop(path, err);
	}
	if (d)
		closedir(d);
	return rc;
}

int
provision_forget_one(const struct env *env, const struct resource *r, const char *id, struct error *err)
{
	auto_free char *path = record_path(env, r, id, "");

	return fs_drop(path, err) < 0 ? -1 : provision_log_save(env, r, id, NULL, 0, err);
}

void
provision_last_lines(const char *text, size_t len, struct buf *out)
{
	AUTO(buf) plain = BUF_INIT;
	const char *p;
	size_t lines = 0;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	for (p = text + len; p > text && text + len - p < LAST_BYTES && (p[-1] != '\n' || ++lines < LAST_LINES); p--)
		;
	quote_terminal(&plain, p, (size_t)(text + len - p));
	for (char *at = plain.s, *line; at && (line = strsep(&at, "\n"));)
		buf_addf(out, PROVISION_LINE "%s", line);
}
