/* resources/warm_start.c - a machine that was saved in its boot is given back, and told what it is to become (warm_start.h) */
#include "resources/warm_start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/park.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "providers/instance_mac.h"
#include "providers/launch.h"
#include "providers/memory_file.h"
#include "providers/sock.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/instance_paths.h"
#include "resources/suspend.h"
#include "resources/warm.h"
#include "resources/warm_ram.h"
#include "resources/warm_save.h"

/* What a guest takes for it is a second or two; an emulated one on a busy host, minutes, and its memory is given by then. */
enum { RENEW_MS = 300 * 1000, LOOK_MS = 200, BOOT_S = 600 };

static char *
warm_memory(const char *dir)
{
	return xasprintf("%s/" WARM_MEMORY, dir);
}

int
warm_check(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *path = warm_memory(dir), *file = xasprintf("%s/launch.json", dir), *base = xasprintf("%s/basedisk", dir);
	const struct memory_way way = { .cancel = env->cancel };
	AUTO(launch) l = { 0 };
	AUTO(arena) a = { 0 };
	struct memory_head h;
	const char *now;

	(void)r;
	if (launch_load(&l, file, err) < 0 || memory_file_head(path, &a, &h, err) < 0)
		return -1;
	now = memory_disk_stamp(base, &a);
	if (!h.ndisks || !now || strcmp(now, h.disks[0].stamp) != 0)
		return error_set(err, ERR_INVALID, "%s: not the disk that was saved with it", base);
	if (warm_fits(&h, &l, &a, err) < 0)
		return -1;
	return memory_file_check(path, &h, &way, err);
}

/* From the file into the machine that waits for it. */
static int
warm_give(const struct env *env, const struct driver *d, const char *dir, struct error *err)
{
	auto_free char *path = warm_memory(dir);
	const struct memory_way way = { .cancel = env->cancel };
	auto_close int to = -1;
	struct memory_head h;
	AUTO(arena) a = { 0 };

	if (memory_file_head(path, &a, &h, err) < 0 || d->memory->load(dir, warm_ram_is_apart(&h), h.program, &to, err) < 0 || memory_file_give(path, to, &way, err) < 0)
		return -1;
	close(steal_fd(to));
	return d->memory->loaded(dir, env->cancel, err);
}

int
warm_load(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	struct error why;

	if (!d)
		error_set(&why, ERR_CHILD, "the machine was gone right after it started; see %s/ha.stderr.log", dir);
	else if (warm_give(env, d, dir, &why) == 0)
		return 1;
	if (suspend_end(dir, err) < 0)
		return -1;
	if (why.code == ERR_CANCELLED)
		return error_set(err, why.code, "%s", why.msg);
	env->say(env, SAY_WARN, "%s: not restored from the saved machine, it boots instead: %s", r->name, why.msg);
	return 0;
}

/* --- what it is to become --- */

static int
warm_message(const char *dir, struct buf *b, struct error *err)
{
	unsigned char random[PARK_RANDOM];
	AUTO(arena) a = { 0 };
	struct timespec now;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return error_errno(err, "random numbers");
	clock_gettime(CLOCK_REALTIME, &now);
	buf_adds(b, PARK_RENEW "random ");
	for (size_t i = 0; i < sizeof random; i++)
		buf_addf(b, "%02x", random[i]);
	buf_addf(b, "\ntime %lld.%09ld\nmac %s\n\n", (long long)now.tv_sec, now.tv_nsec, instance_mac(&a, dir));
	explicit_bzero(random, sizeof random);
	return 0;
}

/* Does the guest answer by other ways already, or not at all any more? Then it does not wait. */
static bool
warm_is_past(const char *dir)
{
	AUTO(arena) a = { 0 };
	struct ha_info info;
	pid_t pid;

	return !driver_of(dir, &pid) || (ha_info(dir, &a, &info, NULL) == 0 && info.phase != HA_STARTING);
}

/* What the guest says is a stranger's: of its lines only that one is of interest, and of what is no line, nothing. */
struct park_ear {
	char line[64];
	size_t n;
};

static bool
park_hears(struct park_ear *ear, const char *p, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (ear->n < sizeof ear->line - 1)
			ear->line[ear->n++] = p[i];
		if (p[i] != '\n')
			continue;
		ear->line[ear->n] = '\0';
		ear->n = 0;
		if (!strcmp(ear->line, word))
			return true;
	}
	return false;
}

/* 1: the guest has said that word; 0: it is past that, or nobody is there any more. ETIMEDOUT. */
static int
warm_await(const struct env *env, const char *dir, int fd, const char *word, int ms, struct error *err)
{
	long long until = clock_ms() + ms;
	struct park_ear ear = { .n = 0 };
	struct error why;
	char some[512];

	for (;;) {
		const struct sock_wait wait = { .deadline = clock_ms() + LOOK_MS, .cancel = env->cancel };
		ssize_t n = sock_read(fd, some, sizeof some, &wait, &why);

		if (n > 0 && park_hears(&ear, some, (size_t)n, word))
			return 1;
		if (n == 0 || (n < 0 && why.code != ETIMEDOUT && why.code != ERR_CANCELLED))
			return 0;
		if (n < 0 && why.code == ERR_CANCELLED)
			return error_set(err, why.code, "%s", why.msg);
		if (n < 0 && warm_is_past(dir))
			return 0;
		if (clock_ms() > until)
			return error_set(err, ETIMEDOUT, "no answer in %d s", ms / 1000);
	}
}

/* It is what it is to be: nothing of its first start is left to do. */
static int
warm_over(const char *dir, struct error *err)
{
	return warm_disk_forget(dir, err) < 0 ? -1 : fs_fsync(dir, err);
}

/* By a connection that is there: what the guest hears first is this. */
static int
warm_tell(const struct env *env, const struct driver *d, const char *dir, int fd, int ms, struct error *err)
{
	const struct sock_wait wait = { .deadline = clock_ms() + RENEW_MS, .cancel = env->cancel };
	enum machine_stand stand;
	AUTO(buf) text = BUF_INIT;

	if (d->memory->stand(dir, &stand, err) < 0 || (stand == MACHINE_STANDS && d->memory->go_on(dir, err) < 0))
		return -1;
	/* As late as can be, since the time is in it. */
	if (warm_message(dir, &text, err) < 0 || sock_write(fd, text.s, text.len, &wait, err) < 0)
		return -1;
	if (warm_await(env, dir, fd, PARK_RENEWED, ms, err) < 0)
		return error_wrap(err, "the guest was told to become another one, and has not said that it is");
	return warm_over(dir, err);
}

/* How long a guest may take to boot, as `ready` has it: one that takes longer is not saved. */
static int
warm_boot_ms(const struct env *env)
{
	return (env->ready_timeout_s ? env->ready_timeout_s : BOOT_S) * 1000;
}

int
warm_renew(const struct env *env, const struct resource *r, const char *dir, bool waits, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	auto_close int fd = d ? d->memory->park(dir, err) : -1;

	if (!d)
		return error_set(err, ERR_CHILD, "%s: gone right after it started; see %s/ha.stderr.log", r->name, dir);
	if (fd < 0 || warm_tell(env, d, dir, fd, waits ? RENEW_MS : warm_boot_ms(env), err) < 0)
		return error_wrap(err, "%s", r->name);
	return 0;
}

/* --- the first of them --- */

int
warm_boot(const struct env *env, const struct resource *r, const char *dir, const struct warm_note *n, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	auto_close int fd = d ? d->memory->park(dir, err) : -1;
	struct error why;
	int parked;

	if (fd < 0)
		return d ? -1 : error_set(err, ERR_CHILD, "%s: gone right after it started; see %s/ha.stderr.log", r->name, dir);
	parked = warm_await(env, dir, fd, PARK_PARKED, warm_boot_ms(env), &why);
	if (parked < 0 && why.code == ERR_CANCELLED)
		return error_set(err, why.code, "%s", why.msg);
	if (parked <= 0) {
		env->say(env, SAY_WARN, "%s: `warmStart`: its guest cannot wait to be saved, so it has booted as any other", r->name);
		return warm_over(dir, err);
	}
	if (warm_save(env, r, d, dir, n, &why) < 0) {
		if (why.code == ERR_CANCELLED)
			return error_set(err, why.code, "%s", why.msg);
		env->say(env, SAY_WARN, "%s: the machine was not saved for later ones, and goes on: %s", r->name, why.msg);
	}
	return warm_tell(env, d, dir, fd, RENEW_MS, err) < 0 ? error_wrap(err, "%s", r->name) : 0;
}

int
warm_settle(const char *dir, bool *renew, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	AUTO(arena) a = { 0 };
	struct warm_note n;

	*renew = false;
	if (warm_read(dir, &a, &n, err) < 0)
		return -1;
	if (n.what == WARM_NOT)
		return 0;
	if (n.what == WARM_PARKED) {
		*renew = !warm_is_past(dir);
		return *renew ? 0 : warm_disk_forget(dir, err);
	}
	/* Whatever is there has not run; an agent whose machine is not there yet is about to start one. */
	if (!d && ha_pid(dir) <= 0)
		return 0;
	return suspend_end(dir, err) < 0 ? -1 : 1;
}

int
warm_abandon(const char *dir, struct error *err)
{
	pid_t pid;
	const struct driver *d = driver_of(dir, &pid);
	enum machine_stand stand;
	bool renew;
	int ended = warm_settle(dir, &renew, err);

	if (ended || !renew || !d || !d->memory)
		return ended < 0 ? -1 : 0;
	if (d->memory->stand(dir, &stand, err) < 0)
		return -1;
	return stand == MACHINE_STANDS ? suspend_end(dir, err) : 0;
}
