/*
 * hostagent/machine/console.c - a boot that has failed, told at once.
 *
 * A kernel that has panicked, a systemd in emergency mode, a firmware that has found
 * nothing to boot: each says so on the console, and then nothing more happens until
 * the time for booting is up. Who waits for the guest is told now, with the lines around it.
 * The waiting goes on all the same: somebody may mend the guest through its console. One that only boots again and again, or says
 * the same without end, does not get on, however much it writes (console_lines.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/machine/boot_words.h"
#include "hostagent/machine/console_lines.h"
#include "hostagent/machine/runtime.h"

enum {
	LOGS = 3,
	READ_MAX = 64 << 10,	/* at a time: more of a flood is left out */
	LINE_MAX_BYTES = 512,
	MORE_MS = 500,		/* for the lines behind the one that tells */
};

struct log {
	uv_fs_event_t event;
	struct console *console;
	int fd;
	off_t at;
	struct buf line;	/* of which the end is still to come */
};

struct console {
	struct agent *agent;
	struct log logs[LOGS];
	uv_timer_t more;
	const char *verdict;
	uint64_t moved, wrote;	/* last said something new, and anything, in the loop's time */
	bool past;		/* what is read was there before this agent: the boots that it tells of are over */
	struct console_lines lines;
	struct boot_words words;
	char said[LINE_MAX_BYTES + 1];
	int open;
};

const char *
console_verdict(const char *line)
{
	static const struct {
		const char *words, *means;
	} table[] = {
		{ "Kernel panic - not syncing", "its kernel has panicked" },
		{ "Kernel panic:", "its kernel has panicked" },
		{ "KDB: enter: panic", "its kernel has panicked" },
		{ "mountroot>", "its kernel finds no root file system" },
		{ "System halted", "its kernel has halted" },
		{ "Freezing execution", "its init has stopped" },
		{ "You are in emergency mode", "systemd has ended up in emergency mode" },
		{ "Reached target emergency.target", "systemd has ended up in emergency mode" },
		{ "Reached target Emergency Mode", "systemd has ended up in emergency mode" },
		{ "Started Emergency Shell", "systemd has ended up in emergency mode" },
		{ "Cannot open access to console, the root account is locked", "systemd has ended up in emergency mode" },
		{ "Give root password for maintenance", "it asks for a password for maintenance" },
		{ "Press Enter for maintenance", "it has ended up in maintenance" },
		{ "You are in rescue mode", "systemd has ended up in rescue mode" },
		{ "Reached target rescue.target", "systemd has ended up in rescue mode" },
		{ "Reached target Rescue Mode", "systemd has ended up in rescue mode" },
		{ "Started Rescue Shell", "systemd has ended up in rescue mode" },
		{ "Entering emergency mode", "its initrd has ended up in emergency mode" },
		{ "dracut:/#", "its initrd has ended up in emergency mode" },
		{ "(initramfs)", "its initrd has ended up in a shell" },
		{ "Dropping to a shell!", "its initrd finds no root file system" },
		{ "initramfs emergency recovery shell launched", "its initrd has ended up in a shell" },
		{ "No bootable device", "its firmware finds nothing to boot" },
		{ "No DEFAULT or UI configuration directive found", "its boot loader finds nothing to boot" },
		{ "Entering rescue mode...", "its boot loader finds nothing to boot" },
		{ "No bootable option or device was found", "its firmware finds nothing to boot" },
		{ "UEFI Interactive Shell", "its firmware finds nothing to boot" },
		{ "grub rescue>", "its boot loader finds nothing to boot" },
		{ "Minimal BASH-like line editing is supported", "its boot loader finds nothing to boot" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strstr(line, table[i].words))
			return table[i].means;
	return NULL;
}

uint64_t
console_moved(const struct agent *a)
{
	return a->console ? a->console->moved : 0;
}

const struct boot_words *
console_words(const struct agent *a)
{
	static const struct boot_words none;

	return a->console ? &a->console->words : &none;
}

bool
console_told(const struct agent *a)
{
	return a->console && a->console->verdict;
}

uint64_t
console_wrote(const struct agent *a)
{
	return a->console ? a->console->wrote : 0;
}

static void on_more(uv_timer_t *t);

/* A whole line; what it means beyond its words. */
static const char *
console_count(struct console *c, const char *line)
{
	int boots = console_lines_boot(&c->lines, line);

	if (!c->past && c->agent->phase == PHASE_STARTING)
		boot_words_hear(&c->words, line, uv_now(&c->agent->loop));
	if (console_lines_new(&c->lines, line))
		c->moved = uv_now(&c->agent->loop);
	if (boots && c->past) {
		memset(c->lines.boots, 0, sizeof c->lines.boots);
		c->verdict = NULL;
	}
	return boots >= CONSOLE_BOOTS ? "it boots again and again, and never gets further" : NULL;
}

static void
console_look_at(struct console *c, const struct buf *raw, bool whole)
{
	AUTO(buf) line = BUF_INIT;
	const char *means, *loops;

	tail_clean(raw->s, raw->len, &line);
	loops = line.len && whole ? console_count(c, line.s) : NULL;
	means = line.len ? console_verdict(line.s) : NULL;
	means = means ? means : loops;
	/* The first telling line counts, and what has followed it by now. */
	if (!means || (c->verdict && strncmp(line.s, c->said, strlen(c->said)) != 0))
		return;
	snprintf(c->said, sizeof c->said, "%s", line.s);
	if (!c->verdict)
		uv_timer_start(&c->more, on_more, MORE_MS, 0);
	c->verdict = means;
}

/* A piece of any size: whole lines, and a prompt that has no end. */
static void
console_take(struct log *l, const char *p, size_t n)
{
	for (const char *end = p + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p), room = LINE_MAX_BYTES - l->line.len;

		buf_add(&l->line, p, len < room ? len : room);
		console_look_at(l->console, &l->line, nl != NULL);
		if (nl)
			buf_truncate(&l->line, 0);
		p += len + (nl != NULL);
	}
}

static void
console_read_on(struct log *l)
{
	AUTO(buf) raw = BUF_INIT;
	struct stat st;
	ssize_t n;

	if (fstat(l->fd, &st) < 0 || st.st_size <= l->at)
		return;
	if (st.st_size - l->at > READ_MAX)
		l->at = st.st_size - READ_MAX;
	buf_reserve(&raw, READ_MAX);
	n = pread(l->fd, raw.s, READ_MAX, l->at);
	if (n <= 0)
		return;
	l->at += n;
	l->console->wrote = uv_now(&l->console->agent->loop);
	console_take(l, raw.s, (size_t)n);
}

static void
console_on_change(uv_fs_event_t *e, const char *name, int events, int status)
{
	(void)name;
	(void)events;
	if (status == 0)
		console_read_on(e->data);
}

static void
on_more(uv_timer_t *t)
{
	struct console *c = t->data;
	AUTO(buf) why = BUF_INIT;

	if (c->agent->phase != PHASE_STARTING || !c->verdict)
		return;
	buf_addf(&why, "the guest will not come up: %s; its console says: %s", c->verdict, c->said);
	tail_add_serial(c->agent, &why);
	agent_degraded(c->agent, why.s);
}

/* They are there before the machine answers. */
static void
console_follow(struct console *c, struct log *l, const char *path)
{
	l->console = c;
	l->line = (struct buf)BUF_INIT;
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uv_fs_event_init(&c->agent->loop, &l->event);
	l->event.data = l;
	c->open++;
	if (l->fd < 0)
		return;
	uv_fs_event_start(&l->event, console_on_change, path, 0);
	c->past = true;
	console_read_on(l);
	c->past = false;
}

void
console_start(struct agent *a)
{
	struct console *c = a->console = xcalloc(1, sizeof *c);
	const char *const *name = a->runtime->console_logs;

	c->agent = a;
	uv_timer_init(&a->loop, &c->more);
	c->more.data = c;
	c->open = 1;
	for (size_t i = 0; i < LOGS && name[i]; i++) {
		auto_free char *path = xasprintf("%s/%s", a->launch.dir, name[i]);

		console_follow(c, &c->logs[i], path);
	}
}

static void
console_on_closed(uv_handle_t *h)
{
	struct console *c = h->data;

	if (--c->open == 0)
		free(c);
}

void
console_free(struct agent *a)
{
	struct console *c = a->console;

	if (!c)
		return;
	a->console = NULL;
	for (size_t i = 0; i < LOGS; i++) {
		struct log *l = &c->logs[i];

		if (!l->console)
			continue;
		if (l->fd >= 0)
			close(l->fd);
		buf_release(&l->line);
		l->event.data = c;
		uv_close((uv_handle_t *)&l->event, console_on_closed);
	}
	uv_close((uv_handle_t *)&c->more, console_on_closed);
}
