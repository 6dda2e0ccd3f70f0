/*
 * providers/drivers/fake/driver.c - a machine that only plays one, for tests: it is linked into no product.
 *
 * What is played is said by $LIMA_FAKE_MACHINE, options of lima-fake-machine (machine.c), when the machine is planned.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/pidfile.h"
#include "providers/sock.h"

enum { ANSWER_MS = 5000 };

static bool
fake_find(const char *dir, bool search, struct process *out)
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
fake_press_button(const char *dir, struct error *err)
{
	return fake_ask(dir, "button\n", err);
}

static int
fake_quit(const char *dir, struct error *err)
{
	return fake_ask(dir, "quit\n", err);
}

static int
fake_sweep(const char *dir, struct error *err)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", dir), *socket = xasprintf("%s/fake.sock", dir);

	return fs_unlink(pidfile, err) < 0 ? -1 : fs_unlink(socket, err);
}

const struct driver driver_fake = {
	.name = "fake",
	.find = fake_find,
	.press_button = fake_press_button,
	.quit = fake_quit,
	.sweep = fake_sweep,
};
