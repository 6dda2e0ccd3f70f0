#include "providers/snapshots.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/drivers/qemu/proc.h"
#include "providers/drivers/qemu/qmp.h"

enum { MONITOR_MS = 300 * 1000, QUICK_MS = 10 * 1000, MAX_TAG = 128 };

int
snapshot_tag_check(const char *tag, struct error *err)
{
	size_t ok = strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	if (!*tag)
		return error_set(err, ERR_INVALID, "expected tag");
	if (tag[ok] || ok > MAX_TAG || *tag == '-')
		return error_set(err, ERR_INVALID, "snapshot tag `%.140s` must consist of letters, digits, `.`, `_` and `-`", tag);
	return 0;
}

/* A file as qemu-img takes it without guessing its format; to free. */
static char *
file_option(const char *path)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "driver=qcow2,file.driver=file,file.filename=");
	for (; *path; path++)
		buf_addf(&b, *path == ',' ? ",," : "%c", *path);
	return buf_detach(&b);
}

static char *
disk_option(const char *dir)
{
	auto_free char *disk = xasprintf("%s/disk", dir), *legacy = xasprintf("%s/diffdisk", dir);

	return file_option(fs_exists(disk) || !fs_exists(legacy) ? disk : legacy);
}

static void
without_first_line(struct buf *b)
{
	char *eol = strchr(b->s, '\n');
	size_t skip = eol ? (size_t)(eol - b->s) + 1 : b->len;

	memmove(b->s, b->s + skip, b->len - skip);
	buf_truncate(b, b->len - skip);
}

static int
list_running(const char *dir, struct buf *out, struct error *err)
{
	auto_free char *sock = xasprintf("%s/qmp.sock", dir);

	if (qmp_human(sock, "info snapshots", QUICK_MS, out, err) < 0)
		return -1;
	for (char *p = out->s; (p = strchr(p, '\r'));)
		memmove(p, p + 1, strlen(p));
	out->len = strlen(out->s);
	if (strstr(out->s, "There is no snapshot available") || strstr(out->s, "No available block device"))
		buf_truncate(out, 0);
	else if (strncmp(out->s, "List of", 7) == 0)
		without_first_line(out);
	return 0;
}

static int
list_stopped(const char *dir, struct buf *out, struct error *err)
{
	auto_free char *disk = disk_option(dir);
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", "-U", "-l", disk, NULL };

	if (proc_run(argv, &(struct proc_opts){ .out = out, .timeout_ms = QUICK_MS }, err) < 0)
		return -1;
	if (out->len)
		without_first_line(out);
	return 0;
}

int
snapshots_list(const char *dir, struct buf *out, struct error *err)
{
	return qemu_pid(dir, 0) > 0 ? list_running(dir, out, err) : list_stopped(dir, out, err);
}

bool
snapshots_has(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	for (const char *p = list; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *id = p + strspn(p, " "), *word = id + strcspn(id, " \n");

		word += strspn(word, " ");
		if (strncmp(word, tag, len) == 0 && isspace((unsigned char)word[len]))
			return true;
	}
	return false;
}

static int
by_monitor(const char *dir, const char *command, const char *tag, struct error *err)
{
	auto_free char *sock = xasprintf("%s/qmp.sock", dir), *line = xasprintf("%s %s", command, tag);
	AUTO(buf) out = BUF_INIT;

	if (qmp_human(sock, line, MONITOR_MS, &out, err) < 0)
		return -1;
	/* its failures are what it says, in a reply that succeeded */
	if (out.s[strspn(out.s, " \r\n")])
		return error_set(err, ERR_CHILD, "QEMU: %s: %.*s", line, (int)strcspn(out.s, "\r\n"), out.s);
	return 0;
}

/* One that a running machine made is of its UEFI variables, too. */
static void
forget_variables(const char *dir, const char *tag)
{
	auto_free char *path = xasprintf("%s/qemu-efi-vars.fd", dir), *file = file_option(path);
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", "-d", tag, file, NULL };

	/* there is none where the machine was down */
	if (fs_exists(path))
		proc_run(argv, &(struct proc_opts){ .timeout_ms = QUICK_MS }, NULL);
}

int
snapshots_do(const char *dir, enum snapshot_verb verb, const char *tag, const volatile int *cancel, struct error *err)
{
	static const struct { const char *monitor, *option; } words[] = {
		[SNAPSHOT_SAVE] = { "savevm", "-c" }, [SNAPSHOT_LOAD] = { "loadvm", "-a" }, [SNAPSHOT_DELETE] = { "delvm", "-d" },
	};
	auto_free char *disk = NULL;

	if (snapshot_tag_check(tag, err) < 0)
		return -1;
	if (qemu_pid(dir, 0) > 0)
		return by_monitor(dir, words[verb].monitor, tag, err);
	disk = disk_option(dir);
	const char *argv[] = { "qemu-img", "snapshot", "--image-opts", words[verb].option, tag, disk, NULL };

	if (proc_run(argv, &(struct proc_opts){ .cancel = cancel }, err) < 0)
		return -1;
	if (verb == SNAPSHOT_DELETE)
		forget_variables(dir, tag);
	return 0;
}
