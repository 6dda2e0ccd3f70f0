/*
 * providers/drivers/fake/driver.c - a machine that only plays one, for tests: it is linked into no product.
 *
 * What is played is said by $LIMA_FAKE_MACHINE, options of lima-fake-machine (machine.c), when the machine is planned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/launch.h"
#include "providers/line_talk.h"
#include "providers/machine.h"
#include "providers/pidfile.h"
#include "providers/sock.h"
#include "providers/ssh/ssh.h"

enum { ANSWER_MS = 5000, MAX_OPTIONS = 16 };

static bool
fake_driver_find(const char *dir, bool search, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir), *control = xasprintf("%s/fake.sock", dir);

	if (pidfile_hold(pidfile, out))
		return true;
	return search && pidfile_leaves_doubt(pidfile, control) && pidfile_search((const char *const[]){ "lima-fake-machine", NULL }, "--pidfile", pidfile, out);
}

static int
fake_talk(const char *dir, const char *words, char line[LINE_TALK_MAX], struct error *err)
{
	auto_free char *socket = xasprintf("%s/fake.sock", dir);

	return line_talk(socket, "the fake machine", words, ANSWER_MS, line, err);
}

static int
fake_ask(const char *dir, const char *words, struct error *err)
{
	char line[LINE_TALK_MAX];
	auto_close int fd = fake_talk(dir, words, line, err);

	return fd < 0 ? -1 : 0;
}

static int
fake_driver_press_button(const char *dir, struct error *err)
{
	return fake_ask(dir, "button\n", err);
}

static int
fake_driver_quit(const char *dir, struct error *err)
{
	return fake_ask(dir, "quit\n", err);
}

static int
fake_driver_sweep(const char *dir, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir), *socket = xasprintf("%s/fake.sock", dir);

	return fs_drop(pidfile, err) < 0 ? -1 : fs_drop(socket, err);
}

/* What comes back has no status of its own. */
static int
fake_run(const char *dir, const struct ssh_command *c, int *status, struct error *err)
{
	struct sock_wait wait = { .deadline = clock_ms() + c->timeout_ms, .cancel = c->cancel };
	auto_free char *words = xasprintf("run %zu\n", c->input_len);
	char line[LINE_TALK_MAX], chunk[4096];
	auto_close int fd = fake_talk(dir, words, line, err);
	ssize_t n;

	if (fd < 0 || sock_write(fd, c->input, c->input_len, &wait, err) < 0)
		return -1;
	while ((n = sock_read(fd, chunk, sizeof chunk, &wait, err)) > 0)
		if (c->out->len < c->max_output)
			buf_add(c->out, chunk, (size_t)n);
	*status = 0;
	return n < 0 ? -1 : 0;
}

static bool
fake_boots_uefi(const char *arch, bool legacy_bios)
{
	(void)arch, (void)legacy_bios;
	return false;
}

/* What is wrong with it is said by $LIMA_FAKE_UNSAVABLE. */
static int
fake_memory_check(const char *dir, struct error *err)
{
	const char *why = getenv("LIMA_FAKE_UNSAVABLE");

	(void)dir;
	return why && *why ? error_set(err, ERR_UNSUPPORTED, "its memory cannot be saved: %s", why) : 0;
}

static const char *
fake_memory_program(void)
{
	const char *version = getenv("LIMA_FAKE_VERSION");

	return version && *version ? version : "fake 1";
}

static int
fake_memory_save(const char *dir, bool apart, struct arena *a, const char **program, int *from, struct error *err)
{
	char line[LINE_TALK_MAX];

	(void)apart;
	*program = arena_strdup(a, fake_memory_program());
	if (fake_memory_check(dir, err) < 0)
		return -1;
	*from = fake_talk(dir, "save\n", line, err);
	return *from < 0 ? -1 : 0;
}

static int
fake_memory_saved(const char *dir, const volatile int *cancel, struct error *err)
{
	(void)cancel;
	return fake_ask(dir, "saved\n", err);
}

static int
fake_memory_load(const char *dir, bool apart, const char *program, int *to, struct error *err)
{
	char line[LINE_TALK_MAX];

	(void)apart;
	if (strcmp(program, fake_memory_program()) != 0)
		return error_set(err, ERR_UNSUPPORTED, "it was saved by %s, and this is %s", program, fake_memory_program());
	*to = fake_talk(dir, "load\n", line, err);
	return *to < 0 ? -1 : 0;
}

static int
fake_memory_stand(const char *dir, enum machine_stand *out, struct error *err)
{
	char line[LINE_TALK_MAX];
	auto_close int fd = fake_talk(dir, "stand\n", line, err);

	*out = fd >= 0 && !strncmp(line, "ok runs", 7) ? MACHINE_RUNS : fd >= 0 && !strncmp(line, "ok waits", 8) ? MACHINE_WAITS : MACHINE_STANDS;
	return fd < 0 ? -1 : 0;
}

static int
fake_memory_loaded(const char *dir, const volatile int *cancel, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	long long until = clock_ms() + ANSWER_MS;
	enum machine_stand stand;

	do {
		if (fake_memory_stand(dir, &stand, err) < 0)
			return -1;
		if (stand != MACHINE_WAITS)
			return 0;
		nanosleep(&pause, NULL);
	} while (clock_ms() < until && !(cancel && *cancel));
	return error_set(err, ETIMEDOUT, "the fake machine has not taken it");
}

static int
fake_memory_park(const char *dir, struct error *err)
{
	char line[LINE_TALK_MAX];

	return fake_talk(dir, "park\n", line, err);
}

static int
fake_memory_go_on(const char *dir, struct error *err)
{
	return fake_ask(dir, "go-on\n", err);
}

static bool
fake_is_of_run(const char *option)
{
	static const char *const options[] = { "--waits", "--slow-ms", "--ready-ms", "--unsaved", "--refuse", "--dies-ms", "--holds", "--unrenewed", "--parks" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (!strcmp(option, options[i]))
			return true;
	return false;
}

static const struct driver_memory fake_memory = {
	.check = fake_memory_check,
	.save = fake_memory_save,
	.saved = fake_memory_saved,
	.load = fake_memory_load,
	.loaded = fake_memory_loaded,
	.go_on = fake_memory_go_on,
	.stand = fake_memory_stand,
	.park = fake_memory_park,
	.is_of_run = fake_is_of_run,
};

/* $LIMA_FAKE_MACHINE, a word an option: no blank within one. */
static void
fake_driver_options(const char **argv, size_t max, size_t *n, struct arena *a)
{
	const char *text = getenv("LIMA_FAKE_MACHINE");
	char *save, *copy = arena_strdup(a, text ? text : "");

	for (char *w = strtok_r(copy, " ", &save); w && *n < max; w = strtok_r(NULL, " ", &save))
		argv[(*n)++] = w;
}

/* As if QEMU had been uninstalled: $LIMA_FAKE_HOST says what is missing. */
static int
fake_check_host(const struct machine *m, struct error *err)
{
	const char *missing = getenv("LIMA_FAKE_HOST");

	(void)m;
	return missing && *missing ? error_set(err, ENOENT, "%s: not found", missing) : 0;
}

/* The folder of the disks that the played guest sees; one that it has since it was started is a line of what is held. */
static char *
fake_disk(const char *dir, const char *name)
{
	AUTO(arena) a = { 0 };

	return xasprintf("%s/guest/sys/block/%s", dir, driver_disk_serial(name, &a));
}

/* What the played guest has of memory, and what it could do without: half of that. */
static int
fake_memory_tell(const char *dir, uint64_t bytes, struct error *err)
{
	auto_free char *proc = xasprintf("%s/guest/proc", dir), *path = xasprintf("%s/meminfo", proc);
	auto_free char *text = xasprintf("MemTotal: %llu kB\nMemAvailable: %llu kB\n", (unsigned long long)bytes >> 10, (unsigned long long)bytes >> 11);

	return fs_mkdirs(proc, 0700, err) < 0 ? -1 : fs_write(path, text, strlen(text), 0600, err);
}

static int
fake_memory_begin(const struct machine *m, struct error *err)
{
	auto_free char *most = xasprintf("%s/guest/most", m->dir), *text = xasprintf("%llu\n", (unsigned long long)m->memory_bytes);

	return m->runs ? 0 : fake_memory_tell(m->dir, m->memory_bytes, err) < 0 ? -1 : fs_write(most, text, strlen(text), 0600, err);
}

static int
fake_memory_most(const char *dir, uint64_t *bytes, struct error *err)
{
	auto_free char *most = xasprintf("%s/guest/most", dir);
	AUTO(buf) b = BUF_INIT;

	if (fs_read(most, &b, 64, err) < 0)
		return -1;
	*bytes = strtoull(b.s, NULL, 10);
	return 0;
}

static char *
fake_cpu(const char *dir, const char *file)
{
	return xasprintf("%s/guest/sys/devices/system/cpu/%s", dir, file);
}

static int
fake_cpus_write(const char *dir, const char *file, int n, struct error *err)
{
	auto_free char *folder = fake_cpu(dir, ""), *path = fake_cpu(dir, file), *text = xasprintf("0-%d\n", n - 1);

	return fs_mkdirs(folder, 0700, err) < 0 ? -1 : fs_write(path, text, strlen(text), 0600, err);
}

/* $LIMA_FAKE_ROOM: how many processors it is started with room for. */
static int
fake_cpus_begin(const struct machine *m, struct error *err)
{
	const char *room = getenv("LIMA_FAKE_ROOM");

	return m->runs ? 0 : fake_cpus_write(m->dir, "online", m->cpus, err) < 0 ? -1 :
	       fake_cpus_write(m->dir, "possible", room && atoi(room) > m->cpus ? atoi(room) : m->cpus, err);
}

static int
fake_cpus_most(const char *dir, int *most, struct error *err)
{
	auto_free char *path = fake_cpu(dir, "possible");
	AUTO(buf) b = BUF_INIT;

	if (fs_read(path, &b, 64, err) < 0)
		return -1;
	*most = atoi(b.s + 2) + 1;
	return 0;
}

/* $LIMA_FAKE_BLIND: its guest does not see them. */
static int
fake_set_cpus(const char *dir, int wanted, struct error *err)
{
	return getenv("LIMA_FAKE_BLIND") ? 0 : fake_cpus_write(dir, "online", wanted, err);
}

/* $LIMA_FAKE_HOARDS: why its guest gives nothing back. */
static int
fake_set_memory(const char *dir, uint64_t bytes, const volatile int *cancel, struct error *err)
{
	const char *why = getenv("LIMA_FAKE_HOARDS");

	(void)cancel;
	return why && *why ? error_set(err, ETIMEDOUT, "%s", why) : fake_memory_tell(dir, bytes, err);
}

static int
fake_disks_begin(const struct machine *m, struct error *err)
{
	auto_free char *block = xasprintf("%s/guest/sys/block", m->dir), *held = xasprintf("%s/guest/held", m->dir);
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < m->ndata_disks; i++)
		buf_addf(&b, "%s\n", m->data_disks[i].path);
	return m->runs ? 0 : fs_remove_tree(block, err) < 0 || (b.len && fs_mkdirs(block, 0700, err) < 0) ? -1 :
	       b.len ? fs_write(held, b.s, b.len, 0600, err) : fs_unlink(held, err);
}

static int
fake_plan(const struct machine *m, struct launch *l, struct arena *a, struct error *err)
{
	const char *words[] = {
		arena_printf(a, "%s/lima-fake-machine", m->libexec), "--pidfile", arena_printf(a, "%s/fake.pid", m->dir),
		"--control", arena_printf(a, "%s/fake.sock", m->dir), "--console", arena_printf(a, "%s/serial.log", m->dir),
	};
	const char **argv = arena_alloc(a, (ARRAY_LEN(words) + 2 + MAX_OPTIONS + 1) * sizeof *argv);

	if (m->cpus < 1 || m->memory_bytes < 1 << 20)
		return error_set(err, EINVAL, "a machine of %d cpus and %llu bytes of memory", m->cpus, (unsigned long long)m->memory_bytes);
	if (fake_disks_begin(m, err) < 0 || fake_memory_begin(m, err) < 0 || fake_cpus_begin(m, err) < 0)
		return -1;
	memcpy(argv, words, sizeof words);
	l->machine.nargv = ARRAY_LEN(words);
	if (m->waits)
		argv[l->machine.nargv++] = "--waits";
	if (m->parks)
		argv[l->machine.nargv++] = "--parks";
	fake_driver_options(argv, ARRAY_LEN(words) + 2 + MAX_OPTIONS, &l->machine.nargv, a);
	l->machine.argv = argv;
	l->disks = (void *)arena_memdup(a, &m->disk, sizeof m->disk);
	l->ndisks = 1;
	l->machine.pidfile = words[2];
	l->machine.control = words[4];
	return 0;
}

/* Why nothing of it is changed while it runs is said by $LIMA_FAKE_RIGID. */
static const char *
fake_rigid(const char *dir)
{
	const char *why = getenv("LIMA_FAKE_RIGID");

	(void)dir;
	return why && *why ? why : NULL;
}

/* It has not opened its disk. */
static int
fake_grow_disk(const char *dir, const struct image_disk *disk, int64_t bytes, struct error *err)
{
	int64_t now;

	(void)dir;
	if (image_size(disk->path, disk->format, &now, err) < 0)
		return -1;
	return now >= bytes ? 0 : image_resize(disk, bytes, err);
}

static int
fake_keep_disk(const char *dir, const struct image_disk *disk, const char *tag, struct error *err)
{
	return driver_find("qemu")->snapshot(dir, disk, SNAPSHOT_SAVE, tag, NULL, err);
}

static int
fake_attach_disk(const char *dir, const char *name, const struct image_disk *disk, struct error *err)
{
	auto_free char *block = fake_disk(dir, name), *serial = xasprintf("%s/serial", block), *dev = xasprintf("%s/dev", block);
	auto_free char *self = xasprintf("%s/guest/proc/self", dir), *mounted = xasprintf("%s/mountinfo", self);
	const char *id = strrchr(block, '/') + 1;

	(void)disk;
	/* From then on its guest tells what is mounted, which is nothing, unless a test says otherwise. */
	if (!fs_exists(mounted) && (fs_mkdirs(self, 0700, err) < 0 || fs_write(mounted, "", 0, 0600, err) < 0))
		return -1;
	if (fs_mkdirs(block, 0700, err) < 0 || fs_write(dev, "8:0\n", 4, 0600, err) < 0)
		return -1;
	return fs_write(serial, id, strlen(id), 0600, err);
}

static int
fake_detach_disk(const char *dir, const char *name, struct error *err)
{
	auto_free char *block = fake_disk(dir, name);

	return fs_remove_tree(block, err);
}

static const char *
fake_holds_disk(const char *dir, const char *name)
{
	auto_free char *held = xasprintf("%s/guest/held", dir), *path = xasprintf("/_disks/%s/datadisk\n", name);
	AUTO(buf) b = BUF_INIT;

	return fs_read_if(held, &b, 65536, NULL) == 1 && strstr(b.s, path) ? "it has that disk since it was started" : NULL;
}

/* It has not opened its disk: what holds no memory is told from outside. */
static int
fake_snapshots(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err)
{
	return driver_find("qemu")->snapshots(dir, disk, out, err);
}

static int
fake_snapshot(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel, struct error *err)
{
	return driver_find("qemu")->snapshot(dir, disk, verb, tag, cancel, err);
}

static const struct driver_live fake_live = {
	.why_not = fake_rigid,
	.grow_disk = fake_grow_disk,
	.keep_disk = fake_keep_disk,
	.attach_disk = fake_attach_disk,
	.detach_disk = fake_detach_disk,
	.holds_disk = fake_holds_disk,
	.memory_most = fake_memory_most,
	.set_memory = fake_set_memory,
	.cpus_most = fake_cpus_most,
	.set_cpus = fake_set_cpus,
};

const struct driver driver_fake = {
	.name = "fake",
	.net = { .guest = "192.168.5.15", .host = "192.168.5.2", .dns = "192.168.5.3" },
	.boots_uefi = fake_boots_uefi,
	.check_host = fake_check_host,
	.plan = fake_plan,
	.find = fake_driver_find,
	.press_button = fake_driver_press_button,
	.quit = fake_driver_quit,
	.sweep = fake_driver_sweep,
	.run = fake_run,
	.memory = &fake_memory,
	.snapshots = fake_snapshots,
	.snapshot = fake_snapshot,
	.live = &fake_live,
};
