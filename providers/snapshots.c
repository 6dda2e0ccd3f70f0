#include "providers/snapshots.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/error.h"
#include "providers/driver.h"

static const char *
snapshots_tag(const char *line)
{
	const char *id = line + strspn(line, " "), *tag = id + strcspn(id, " \n");

	return tag + strspn(tag, " ");
}

/* What stands behind that tag in its line; NULL: there is no such line. */
static const char *
snapshots_behind(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	for (const char *p = list; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *word = snapshots_tag(p);

		if (strncmp(word, tag, len) == 0 && isspace((unsigned char)word[len]))
			return word + len;
	}
	return NULL;
}

bool
snapshots_has(const char *list, const char *tag)
{
	return snapshots_behind(list, tag) != NULL;
}

void
snapshots_without(const char *list, const char *prefix, struct buf *out)
{
	size_t head = strcspn(list, "\n"), others = 0;

	head += list[head] == '\n';
	buf_add(out, list, head);
	for (const char *p = list + head, *next; *p; p = next) {
		next = p + strcspn(p, "\n");
		next += *next == '\n';
		if (!strncmp(snapshots_tag(p), prefix, strlen(prefix)))
			continue;
		buf_add(out, p, (size_t)(next - p));
		others++;
	}
	if (!others)
		buf_truncate(out, 0);
}

/* ID TAG SIZE UNIT DATE ...: SIZE is that of the memory, as a number that people read. */
const char *
snapshots_memory(const char *list, const char *tag, struct arena *a)
{
	const char *size = snapshots_behind(list, tag), *unit;

	if (!size)
		return "";
	size += strspn(size, " ");
	unit = size + strcspn(size, " \n");
	unit += strspn(unit, " ");
	return strtod(size, NULL) > 0 ? arena_printf(a, "%.*s", (int)(unit - size) + (int)strcspn(unit, " \n"), size) : "";
}

/* Of a stopped machine: whoever can, since the disk is what has them. NULL: nobody. */
static const struct driver *
snapshots_driver(const char *dir)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);

	for (const struct driver *const *all = driver_all(); !d && *all; all++)
		if ((*all)->snapshots)
			d = *all;
	return d && d->snapshots ? d : NULL;
}

int
snapshots_list(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err)
{
	const struct driver *d = snapshots_driver(dir);

	return d ? d->snapshots(dir, disk, out, err) : error_set(err, ERR_UNSUPPORTED, "its driver has no snapshots");
}

int
snapshots_do(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
	     struct error *err)
{
	const struct driver *d = snapshots_driver(dir);

	if (snapshot_tag_check(tag, err) < 0)
		return -1;
	return d ? d->snapshot(dir, disk, verb, tag, cancel, err) : error_set(err, ERR_UNSUPPORTED, "its driver has no snapshots");
}
