/*
 * The stream is QEMU's own, by a socket whose end it gets with a command: it opens nothing and starts nothing, so its confinement
 * stays as it is. The machine stands still meanwhile, so every page is said once.
 */
#include "providers/drivers/qemu/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/qmp.h"
#include "providers/machine.h"
#include "providers/sock.h"

enum {
	ANSWER_MS = 10 * 1000,
	END_MS = 60 * 1000,	/* from the last byte of the stream to QEMU's word on it */
	LOOK_MS = 5,
	MAX_CPUINFO = 16 << 20,
};

/* Disks and devices are the machine's; these are how it is run, where its memory is, and what it is reached by. */
static bool
qemu_is_of_run(const char *option)
{
	static const char *const options[] = { "-incoming", "-S", "-object", "-netdev", "-runas", "-sandbox", "-name", "-display", "-vnc" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (!strcmp(option, options[i]))
			return true;
	return false;
}

/* One with a balloon may have had less memory by then, and one of an earlier version had none, nor room for processors. */
static void
qemu_was(const char *const *words, size_t n, struct machine *m)
{
	unsigned long long mib;
	char *end;

	m->balloon = m->room = false;
	for (size_t i = 0; i < n; i++) {
		m->balloon |= !strncmp(words[i], QEMU_BALLOON, strlen(QEMU_BALLOON));
		m->room |= i && !strcmp(words[i - 1], "-smp") && strstr(words[i], "maxcpus=");
		if (i + 1 < n && !strcmp(words[i], "-m") && (mib = strtoull(words[i + 1], &end, 10)) > 0 && !*end && mib < UINT64_MAX >> 20)
			m->memory_bytes = mib << 20;
	}
}

/* A member of what a query answers, a text; in `a`, "" if there is none. */
static int
memory_query(const char *dir, const char *command, const char *member, struct arena *a, const char **out, struct error *err)
{
	cJSON *answer = NULL;

	if (qmp_ask(dir, command, NULL, ANSWER_MS, &answer, err) < 0)
		return -1;
	*out = arena_strdup(a, cjson_text_or(answer, member, ""));
	cJSON_Delete(answer);
	return 0;
}

static int
memory_do(const char *dir, const char *command, const char *args, struct error *err)
{
	return qmp_ask(dir, command, args, ANSWER_MS, NULL, err);
}

/* Tells again until it is none of `while_`, which ends at NULL; in `a`. */
static int
memory_await(const char *dir, const char *command, const char *const *while_, const volatile int *cancel, struct arena *a, const char **out,
	     struct error *err)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	long long until = clock_ms() + END_MS;

	for (;;) {
		bool still = false;

		if (memory_query(dir, command, "status", a, out, err) < 0)
			return -1;
		for (const char *const *w = while_; *w; w++)
			still |= !strcmp(*w, *out);
		if (!still)
			return 0;
		if (cancel && *cancel)
			return error_set(err, ERR_CANCELLED, "cancelled");
		if (clock_ms() > until)
			return error_set(err, ETIMEDOUT, "QEMU is still in the state `%s` after %d s", *out, END_MS / 1000);
		nanosleep(&pause, NULL);
	}
}

static const char *const under_way[] = { "setup", "active", "device", "pre-switchover", "cancelling", "wait-unplug", NULL };

/* Our end of a socket, whose other end QEMU has by the name "memory". */
static int
memory_socket(const char *dir, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir);
	int fds[2], flags, r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return error_errno(err, "socketpair");
	flags = fcntl(fds[0], F_GETFL);
	r = fcntl(fds[0], F_SETFL, flags | O_NONBLOCK) < 0 ? error_errno(err, "fcntl") :
	    qmp_execute_with(socket, "getfd", "{\"fdname\":\"memory\"}", fds[1], ANSWER_MS, NULL, err);
	close(fds[1]);
	if (r == 0)
		return fds[0];
	close(fds[0]);
	return -1;
}

/* With the host's own processor the guest has seen what that can. */
static void
memory_host_processor(struct buf *out)
{
	AUTO(buf) info = BUF_INIT;
	const char *flags;
	char hex[65] = "";

	if (fs_read("/proc/cpuinfo", &info, MAX_CPUINFO, NULL) == 0 &&
	    ((flags = strstr(info.s, "\nflags")) || (flags = strstr(info.s, "\nFeatures"))))
		sha256_hex(flags + 1, strcspn(flags + 1, "\n"), hex);
	buf_addf(out, " on a processor with the features %.16s", hex);
}

/* QEMU promises that a machine of a type can go from an older version to a newer one, but has broken that often enough. */
static int
memory_program(const char *dir, struct arena *a, const char **out, struct error *err)
{
	cJSON *version = NULL, *kvm = NULL;
	const cJSON *v;
	AUTO(buf) text = BUF_INIT;

	if (qmp_ask(dir, "query-version", NULL, ANSWER_MS, &version, err) < 0)
		return -1;
	if (qmp_ask(dir, "query-kvm", NULL, ANSWER_MS, &kvm, err) < 0) {
		cJSON_Delete(version);
		return -1;
	}
	v = cjson_get(version, "qemu");
	buf_addf(&text, "QEMU %d.%d", (int)cJSON_GetNumberValue(cjson_get(v, "major")),
		 (int)cJSON_GetNumberValue(cjson_get(v, "minor")));
	if (cJSON_IsTrue(cjson_get(kvm, "enabled")))
		memory_host_processor(&text);
	cJSON_Delete(version);
	cJSON_Delete(kvm);
	*out = arena_strdup(a, text.s);
	return 0;
}

const char *
qemu_memory_remedy(const char *why)
{
	static const struct {
		const char *part, *remedy;
	} rows[] = {
		{ "VirtFS", "; folders that are mounted by 9p keep it from that: set `mountType: reverse-sshfs`, which restarts it, or unmount them in the guest" },
		{ "vhost-user-fs", "; folders shared by virtiofs keep it from that: set `mountType: reverse-sshfs`, which restarts it" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strstr(why, rows[i].part))
			return rows[i].remedy;
	return "";
}

static int
qemu_memory_check(const char *dir, struct error *err)
{
	cJSON *answer = NULL;
	const cJSON *why;
	int r = 0;

	if (qmp_ask(dir, "query-migrate", NULL, ANSWER_MS, &answer, err) < 0)
		return -1;
	why = cJSON_GetArrayItem(cjson_get(answer, "blocked-reasons"), 0);
	if (cJSON_IsString(why))
		r = error_set(err, ERR_UNSUPPORTED, "its memory cannot be saved: QEMU: %s%s", why->valuestring,
			      qemu_memory_remedy(why->valuestring));
	cJSON_Delete(answer);
	if (r == 0 && qemu_has_live_disks(dir))
		r = error_set(err, ERR_UNSUPPORTED, "its memory cannot be saved: it has disks that were attached while it runs; `limactl restart` makes "
			      "them disks that it starts with");
	if (r == 0 && qemu_has_live_cpus(dir))
		r = error_set(err, ERR_UNSUPPORTED, "its memory cannot be saved: it has processors that were added while it runs; `limactl restart` makes "
			      "them processors that it starts with");
	return r;
}

static int
qemu_memory_go_on(const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *status;

	/* One that is still being saved is called off first; otherwise this does nothing. */
	if (memory_do(dir, "migrate_cancel", NULL, err) < 0 || memory_await(dir, "query-migrate", under_way, NULL, &a, &status, err) < 0)
		return -1;
	return memory_do(dir, "cont", NULL, err);
}

/* Told before each stream: a machine remembers it, and whoever told it last may have been killed. */
static int
memory_apart(const char *dir, bool apart, struct error *err)
{
	return memory_do(dir, "migrate-set-capabilities",
			 apart ? "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}"
			       : "{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":false}]}", err);
}

static int
memory_send(const char *dir, struct error *err)
{
	return memory_do(dir, "migrate-set-parameters", "{\"max-bandwidth\":1099511627776}", err) < 0 ||
		       memory_do(dir, "migrate", "{\"uri\":\"fd:memory\"}", err) < 0
	       ? -1 : 0;
}

static int
qemu_memory_save(const char *dir, bool apart, struct arena *a, const char **program, int *from, struct error *err)
{
	auto_close int fd = -1;

	if (qemu_memory_check(dir, err) < 0 || memory_apart(dir, apart, err) < 0 || memory_program(dir, a, program, err) < 0 || (fd = memory_socket(dir, err)) < 0 ||
	    memory_do(dir, "stop", NULL, err) < 0)
		return -1;
	if (memory_send(dir, err) < 0) {
		qemu_memory_go_on(dir, NULL);
		return -1;
	}
	*from = steal_fd(fd);
	return 0;
}

static int
qemu_memory_saved(const char *dir, const volatile int *cancel, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *status, *why = "";

	if (memory_await(dir, "query-migrate", under_way, cancel, &a, &status, err) < 0)
		return -1;
	if (!strcmp(status, "completed"))
		return 0;
	memory_query(dir, "query-migrate", "error-desc", &a, &why, NULL);
	return error_set(err, ERR_CHILD, "QEMU has not said all of its memory: %s%s%s", status, *why ? ": " : "", why);
}

static int
qemu_memory_load(const char *dir, bool apart, const char *program, int *to, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_close int fd = -1;
	const char *now;

	if (memory_program(dir, &a, &now, err) < 0)
		return -1;
	if (strcmp(now, program) != 0)
		return error_set(err, ERR_UNSUPPORTED, "it was saved by %s, and this is %s", program, now);
	fd = memory_apart(dir, apart, err) < 0 ? -1 : memory_socket(dir, err);
	if (fd < 0 || memory_do(dir, "migrate-incoming", "{\"uri\":\"fd:memory\"}", err) < 0)
		return -1;
	*to = steal_fd(fd);
	return 0;
}

static int
qemu_memory_loaded(const char *dir, const volatile int *cancel, struct error *err)
{
	static const char *const loading[] = { "inmigrate", NULL };
	AUTO(arena) a = { 0 };
	const char *status;

	return memory_await(dir, "query-status", loading, cancel, &a, &status, err);
}

static int
qemu_memory_stand(const char *dir, enum machine_stand *out, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *status;

	if (memory_query(dir, "query-status", "status", &a, &status, err) < 0)
		return -1;
	*out = !strcmp(status, "inmigrate") ? MACHINE_WAITS : !strcmp(status, "running") ? MACHINE_RUNS : MACHINE_STANDS;
	return 0;
}

static int
qemu_memory_park(const char *dir, struct error *err)
{
	auto_free char *socket = xasprintf("%s/" QEMU_PARK_SOCKET, dir);
	const struct sock_wait wait = { .deadline = clock_ms() + ANSWER_MS };

	return sock_connect(socket, &wait, err);
}

const struct driver_memory qemu_memory = {
	.check = qemu_memory_check,
	.save = qemu_memory_save,
	.saved = qemu_memory_saved,
	.load = qemu_memory_load,
	.loaded = qemu_memory_loaded,
	.go_on = qemu_memory_go_on,
	.stand = qemu_memory_stand,
	.park = qemu_memory_park,
	.was = qemu_was,
	.is_of_run = qemu_is_of_run,
	.in_file = true,
};
