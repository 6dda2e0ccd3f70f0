/* providers/drivers/qemu/launched.c - what an earlier version of ours told QEMU, by the launch file that it left. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "providers/drivers/qemu/plan.h"

enum { LAUNCH_MAX = 4 << 20 };

/*
 * The format in the words that a machine was started with: the -drive whose file ends in `tail`. They are of a file of
 * ours that no guest can write, and a comma in a name is doubled there. NULL: there is none.
 */
const char *
qemu_launched_format(const char *dir, const char *tail, struct arena *a)
{
	auto_free char *path = xasprintf("%s/launch.json", dir), *key = xasprintf("%s,format=", tail);
	AUTO(buf) text = BUF_INIT;
	struct json_span argv, word;
	size_t at = 0;

	/* Any version of the file will do, because only one key is read. */
	if (fs_read_if(path, &text, LAUNCH_MAX, NULL) != 1)
		return NULL;
	argv = json_at(json_span_of(text.s), "machine.argv");
	if (!argv.p)
		argv = json_at(json_span_of(text.s), "qemu.argv");
	while ((word = json_each(argv, &at, NULL)).p) {
		const char *value = json_text(a, word), *hit = strncmp(value, "file=", 5) == 0 ? strstr(value, key) : NULL;

		if (hit)
			return arena_printf(a, "%.*s", (int)strcspn(hit + strlen(key), ","), hit + strlen(key));
	}
	return NULL;
}
