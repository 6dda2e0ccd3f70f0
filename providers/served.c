#include "providers/served.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { MAX_TEXT = PATH_MAX + 64 };

#define SERVED "_guests/served"
#define LINKS_AT_WILL "rw "	/* of writable ones in which links are not looked at */

static char *
served_text(const struct served *s)
{
	return xasprintf("%s%s%s%s %s", s->writable ? "rw" : "ro", s->follow ? "-follow" : "", s->openssh ? " openssh" : "",
			 s->device ? " device" : "", s->location);
}

int
served_put(const char *home, const char *instance, const char *id, const struct served *s, struct error *err)
{
	auto_free char *dir = xasprintf("%s/" SERVED "/%s", home, instance), *path = xasprintf("%s/%s", dir, id);
	auto_free char *text = served_text(s);

	return fs_mkdirs(dir, 0700, err) < 0 ? -1 : fs_write(path, text, strlen(text), 0600, err);
}

int
served_drop(const char *home, const char *instance, const char *id, struct error *err)
{
	auto_free char *path = xasprintf("%s/" SERVED "/%s/%s", home, instance, id);

	return fs_unlink(path, err);
}

void
served_drop_all(const char *home, const char *instance)
{
	auto_free char *dir = xasprintf("%s/" SERVED "/%s", home, instance);

	/* Files that stay belong to a guest that is gone, and are written again for the next. */
	fs_remove_tree(dir, NULL);
}

/* Calls `is` with the text of each file in the folder, until it says true. */
static bool
served_any(const char *dir, bool (*is)(const char *text, const char *ctx), const char *ctx)
{
	auto_dir DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("%s/%s", dir, e->d_name);
		AUTO(buf) text = BUF_INIT;

		if (e->d_name[0] != '.' && fs_read_if(path, &text, MAX_TEXT, NULL) == 1 && is(text.s, ctx))
			return true;
	}
	return false;
}

static bool
served_is(const char *text, const char *wanted)
{
	return strcmp(text, wanted) == 0;
}

bool
served_has(const char *home, const char *instance, const struct served *s)
{
	auto_free char *dir = xasprintf("%s/" SERVED "/%s", home, instance), *text = served_text(s);

	return served_any(dir, served_is, text);
}

bool
served_overlap(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), least = n < m ? n : m;

	while (least && (n < m ? a : b)[least - 1] == '/')
		least--;
	return strncmp(a, b, least) == 0 && (!a[least] || a[least] == '/') && (!b[least] || b[least] == '/');
}

static bool
served_leads(const char *text, const char *real)
{
	const char *location = strchr(text, '/');
	auto_free char *other = location ? fs_realpath(location) : NULL;

	return other && strncmp(text, LINKS_AT_WILL, strlen(LINKS_AT_WILL)) == 0 && served_overlap(other, real);
}

bool
served_elsewhere(const char *home, const char *instance, const char *location)
{
	auto_free char *all = xasprintf("%s/" SERVED, home), *real = fs_realpath(location);
	auto_dir DIR *d = opendir(all);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *dir = xasprintf("%s/%s", all, e->d_name);

		if (e->d_name[0] != '.' && strcmp(e->d_name, instance) != 0 && served_any(dir, served_leads, real))
			return true;
	}
	return false;
}
