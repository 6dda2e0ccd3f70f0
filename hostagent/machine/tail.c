#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"
#include "hostagent/protocol/ha_client.h"

void
tail_clean(const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == 0x1b) {
			/* ESC [ parameters letter; anything else after ESC is one character */
			i++;
			if (i < n && p[i] == '[')
				for (i++; i < n && !((p[i] | 32) >= 'a' && (p[i] | 32) <= 'z'); i++)
					;
		} else if (c == '\n') {
			if (out->len && out->s[out->len - 1] != '\n')
				buf_addc(out, '\n');
		} else if (c >= ' ' && c < 0x7f) {
			buf_addc(out, (char)c);
		} else if (c > ' ' && c != 0x7f) {
			buf_addc(out, '?');
		}
	}
	while (out->len && out->s[out->len - 1] == '\n')
		buf_truncate(out, out->len - 1);
}

char *
tail_text(const char *path, size_t max)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	AUTO(buf) raw = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct stat st;
	ssize_t n;
	char *nl;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return xstrdup("");
	buf_reserve(&raw, 2 * max + 1);
	n = pread(fd, raw.s, 2 * max, st.st_size > (off_t)(2 * max) ? st.st_size - (off_t)(2 * max) : 0);
	if (n <= 0)
		return xstrdup("");
	tail_clean(raw.s, (size_t)n, &out);
	if (out.len <= max)
		return buf_detach(&out);
	nl = strchr(out.s + out.len - max, '\n');
	return xstrdup(nl ? nl + 1 : out.s + out.len - max);
}

void
tail_add_serial(const struct agent *a, struct buf *why)
{
	auto_free char *serial = tail_serial(a);
	char *rest = serial;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			buf_addf(why, "\n" HA_CONSOLE "%s", line);
}

char *
tail_serial(const struct agent *a)
{
	struct stat st, newest = { 0 };
	char *best = xstrdup("");

	for (const char *const *name = a->runtime->console_logs; *name; name++) {
		auto_free char *path = xasprintf("%s/%s", a->launch.dir, *name);

		if (stat(path, &st) < 0 || st.st_size == 0 || st.st_mtime < newest.st_mtime)
			continue;
		newest = st;
		free(best);
		best = tail_text(path, 400);
	}
	return best;
}
