/*
 * providers/drivers/fake/driver.c - a machine that only plays one, for tests: it is linked into no product.
 *
 * What is played is said by $LIMA_FAKE_MACHINE, options of lima-fake-machine (machine.c), when the machine is planned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/launch.h"
#include "providers/machine.h"
#include "providers/pidfile.h"
#include "providers/sock.h"

enum { ANSWER_MS = 5000, MAX_OPTIONS = 16 };

static bool
fake_driver_find(const char *dir, bool search, struct process *out)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir);

	if (pidfile_hold(pidfile, out))
		return true;
	return search && pidfile_search((const char *const[]){ "lima-fake-machine", NULL }, "--pidfile", pidfile, out);
}

static int
fake_ask(const char *dir, const char *words, struct error *err)
{
	auto_free char *socket = xasprintf("%s/fake.sock", dir);
	struct sock_wait wait = { .deadline = clock_ms() + ANSWER_MS };
	auto_close int fd = sock_connect(socket, &wait, err);
	char line[256];
	ssize_t n;

	if (fd < 0 || sock_write(fd, words, strlen(words), &wait, err) < 0 || (n = sock_read(fd, line, sizeof line, &wait, err)) < 0)
		return -1;
	return n >= 2 && memcmp(line, "ok", 2) == 0 ? 0 : error_set(err, EIO, "the fake machine: %.*s", (int)n, line);
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

	return fs_unlink(pidfile, err) < 0 ? -1 : fs_unlink(socket, err);
}

static bool
fake_boots_uefi(const char *arch, bool legacy_bios)
{
	(void)arch, (void)legacy_bios;
	return false;
}

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

static int
fake_plan(const struct machine *m, struct launch *l, struct arena *a, struct error *err)
{
	const char *words[] = {
		arena_printf(a, "%s/lima-fake-machine", m->libexec), "--pidfile", arena_printf(a, "%s/fake.pid", m->dir),
		"--control", arena_printf(a, "%s/fake.sock", m->dir), "--console", arena_printf(a, "%s/serial.log", m->dir),
	};
	const char **argv = arena_alloc(a, (ARRAY_LEN(words) + MAX_OPTIONS + 1) * sizeof *argv);

	if (m->cpus < 1 || m->memory_bytes < 1 << 20)
		return error_set(err, EINVAL, "a machine of %d cpus and %llu bytes of memory", m->cpus, (unsigned long long)m->memory_bytes);
	memcpy(argv, words, sizeof words);
	l->machine.nargv = ARRAY_LEN(words);
	fake_driver_options(argv, ARRAY_LEN(words) + MAX_OPTIONS, &l->machine.nargv, a);
	l->machine.argv = argv;
	l->machine.pidfile = words[2];
	l->machine.control = words[4];
	return 0;
}

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
};
