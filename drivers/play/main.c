/*
 * lima-driver-play [--machine OPTIONS] [--hang|--die|--lie|--flood|--refuse METHOD]... --inst-dir DIR - an external driver that plays.
 *
 * For tests: over the wire of a real one it runs lima-fake-machine, of the same build, with these options. What it does wrong:
 * --hang: no answer; --die: it ends; --lie: an answer that is not one; --flood: far more than anybody can take, into the log and
 * the connection; --refuse: an error, with control characters in it. --moves: its guest's address is not known before it runs.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "drivers/serve/serve.h"
#include "drivers/wire/driver_msg.h"
#include "guest/wire/grpc.h"
#include "providers/line_talk.h"

enum { ANSWER_MS = 5000, WRONGS = 8, WORDS = 32, LIST_MAX = 64 << 10, FLOOD = 8 << 20 };

enum wrong { HANG, DIE, LIE, FLOODS, REFUSE };

struct play {
	char *machine;			/* options of it */
	const char *dir;
	bool moves;
	struct { enum wrong how; const char *method; } wrong[WRONGS];
	size_t nwrongs;
	bool configured;
};

static void
play_info(void *ctx, const char *dir, struct buf *json)
{
	struct play *p = ctx;

	p->dir = dir;
	buf_addf(json, "{\"name\":\"a player\",\"vsockPort\":0,\"virtioPort\":\"\",\"features\":{\"dynamicSSHAddress\":%s}}", p->moves ? "true" : "false");
}

static void
play_json_free(cJSON **v)
{
	cJSON_Delete(*v);
}

/* What a driver needs of it has to be there, as upstream has it. */
static int
play_configure(void *ctx, const char *json, size_t len, struct buf *filled, struct error *err)
{
	static const char *const wanted[] = { "name", "dir", "vmType", "arch", "cpus", "memory", "sshLocalPort", "config" };
	__attribute__((cleanup(play_json_free))) cJSON *v = cJSON_ParseWithLength(json, len);
	struct play *p = ctx;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!cJSON_GetObjectItemCaseSensitive(v, wanted[i]))
			return error_set(err, EINVAL, "the instance has no `%s`", wanted[i]);
	p->configured = true;
	buf_add(filled, json, len);
	return 0;
}

static int
play_validate(void *ctx, struct error *err)
{
	struct play *p = ctx;

	return p->configured ? 0 : error_set(err, EINVAL, "asked before it was configured");
}

static _Noreturn void
play_become(struct play *p)
{
	auto_free char *pidfile = xasprintf("%s/fake.pid", p->dir), *control = xasprintf("%s/fake.sock", p->dir), *console = xasprintf("%s/serial.log", p->dir);
	char self[PATH_MAX] = "", *slash, *save = NULL;
	auto_free char *program = NULL;
	char *argv[WORDS + 8] = { NULL, (char *)"--pidfile", pidfile, (char *)"--control", control, (char *)"--console", console };
	size_t n = 7;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (readlink("/proc/self/exe", self, sizeof self - 1) > 0 && (slash = strrchr(self, '/')))
		*slash = '\0';
	argv[0] = program = xasprintf("%s/../libexec/lima/lima-fake-machine", self);
	for (char *w = strtok_r(p->machine, " ", &save); w && n < WORDS; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	close_range(3, ~0U, 0);
	execv(program, argv);
	_exit(127);
}

static int
play_spawn(void *ctx, struct process *machine, struct error *err)
{
	pid_t pid = fork();

	if (pid == 0)
		play_become(ctx);
	if (pid < 0)
		return error_errno(err, "fork");
	*machine = (struct process){ .pid = pid, .fd = pidfd_open(pid, 0) };
	return machine->fd < 0 ? error_errno(err, "process %d", (int)pid) : 0;
}

static int
play_tell(struct play *p, const char *words, struct error *err)
{
	auto_free char *socket = xasprintf("%s/fake.sock", p->dir);
	char line[LINE_TALK_MAX];
	auto_close int fd = line_talk(socket, "the machine", words, ANSWER_MS, line, err);

	return fd < 0 ? -1 : 0;
}

/* The guest is asked by its socket as soon as this has returned. */
static int
play_start(void *ctx, struct process *machine, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	struct error why;

	if (play_spawn(ctx, machine, err) < 0)
		return -1;
	for (int i = 0; i < 2500 && play_tell(ctx, "up\n", &why) < 0; i++) {
		if (process_wait(machine, 0, NULL) == 1) {
			process_release(machine);
			*machine = (struct process){ .fd = -1 };
			return error_set(err, ERR_CHILD, "the machine has ended at once");
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int
play_button(void *ctx, struct error *err)
{
	return play_tell(ctx, "button\n", err);
}

static int
play_quit(void *ctx, struct error *err)
{
	return play_tell(ctx, "quit\n", err);
}

static int
play_snapshots(void *ctx, struct buf *out, struct error *err)
{
	struct play *p = ctx;
	auto_free char *path = xasprintf("%s/play.tags", p->dir);
	AUTO(buf) tags = BUF_INIT;

	if (fs_read_if(path, &tags, LIST_MAX, err) < 0)
		return -1;
	if (tags.len)
		buf_adds(out, "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\n");
	for (char *save = NULL, *t = strtok_r(tags.s, "\n", &save); t; t = strtok_r(NULL, "\n", &save))
		buf_addf(out, "--        %s 1 MiB 2026-01-01 00:00:00 00:00:00.000\n", t);
	return 0;
}

static int
play_snapshot(void *ctx, enum snapshot_verb verb, const char *tag, struct error *err)
{
	struct play *p = ctx;
	auto_free char *path = xasprintf("%s/play.tags", p->dir), *line = xasprintf("%s\n", tag);
	AUTO(buf) tags = BUF_INIT;
	char *at;

	if (fs_read_if(path, &tags, LIST_MAX, err) < 0)
		return -1;
	at = tags.len ? strstr(tags.s, line) : NULL;
	if (verb != SNAPSHOT_SAVE && !at)
		return error_set(err, ENOENT, "there is no snapshot %s", tag);
	if (verb == SNAPSHOT_SAVE) {
		buf_adds(&tags, line);
	} else if (verb == SNAPSHOT_DELETE) {
		memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
		buf_truncate(&tags, strlen(tags.s));
	}
	return fs_write(path, tags.s, tags.len, 0600, err);
}

static void
play_flood(struct grpc_stream *s)
{
	static char much[1 << 16];

	memset(much, 'x', sizeof much);
	for (int i = 0; i < FLOOD / (int)sizeof much; i++)
		if (write(2, much, sizeof much) < 0)
			break;
	for (int i = 0; i < FLOOD / (int)sizeof much; i++)
		grpc_send(s, &(struct iovec){ much, sizeof much }, 1);
}

static bool
play_misbehave(void *ctx, struct grpc_stream *s, const char *method)
{
	static const struct grpc_stream_ops none = { 0 };
	static const uint8_t lie[] = { 0x0a, 0x7f, 'x' };
	struct play *p = ctx;

	for (size_t i = 0; i < p->nwrongs; i++) {
		if (strcmp(p->wrong[i].method, method))
			continue;
		switch (p->wrong[i].how) {
		case HANG:
			grpc_accept(s, &none, NULL);
			return true;
		case DIE:
			_exit(7);
		case LIE:
			grpc_accept(s, &none, NULL);
			grpc_send(s, &(struct iovec){ (void *)(uintptr_t)lie, sizeof lie }, 1);
			grpc_finish(s, GRPC_OK, "");
			return true;
		case FLOODS:
			grpc_accept(s, &none, NULL);
			play_flood(s);
			return true;
		case REFUSE:
			grpc_finish(s, GRPC_UNKNOWN, "not \033[31mtoday");
			return true;
		}
	}
	return false;
}

int
main(int argc, char **argv)
{
	static const char *const wrongs[] = { [HANG] = "--hang", [DIE] = "--die", [LIE] = "--lie", [FLOODS] = "--flood", [REFUSE] = "--refuse" };
	static const struct serve_ops ops = {
		.name = "play", .info = play_info, .configure = play_configure, .validate = play_validate, .start = play_start,
		.press_button = play_button, .quit = play_quit, .snapshots = play_snapshots, .snapshot = play_snapshot, .misbehave = play_misbehave,
	};
	struct play p = { .machine = (char[1]){ "" } };
	char *rest[3] = { argv[0] };
	int n = 1;

	for (int i = 1; i < argc && n < 3; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(wrongs) && strcmp(argv[i], wrongs[k]))
			k++;
		if (k < ARRAY_LEN(wrongs) && i + 1 < argc && p.nwrongs < WRONGS) {
			p.wrong[p.nwrongs].how = (enum wrong)k;
			p.wrong[p.nwrongs++].method = argv[++i];
		} else if (!strcmp(argv[i], "--machine") && i + 1 < argc) {
			p.machine = argv[++i];
		} else if (!strcmp(argv[i], "--moves")) {
			p.moves = true;
		} else {
			rest[n++] = argv[i];
		}
	}
	return serve(&ops, &p, n, rest);
}
