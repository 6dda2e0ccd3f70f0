#include "resources/away_guest.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "hostagent/protocol/probe.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/ssh_config.h"
#include "resources/away_told.h"
#include "resources/ssh_access.h"

enum {
	SSH_PORT = 22, SOCKET_MAX = 80 /* ssh puts 17 characters behind it first, and the kernel takes 107 */, KNOWN_MAX = 1 << 16,
	READY_S = 600, ASK_MS = 60000, PAUSE_MS = 1000, TICK_MS = 50, NOT_YET = 75, SSH_FAILED = 255,
};

/* Whatever name it is asked for by: the file is one guest's. */
int
away_guest_known(const char *dir, const char *host_key, struct error *err)
{
	auto_free char *path = xasprintf("%s/" HOST_KEY_KNOWN, dir), *line = xasprintf("* %s\n", host_key);
	AUTO(buf) is = BUF_INIT;

	if (fs_read_if(path, &is, KNOWN_MAX, NULL) == 1 && !strcmp(is.s, line))
		return 0;
	return fs_mkdirs(dir, 0700, err) < 0 ? -1 : fs_write(path, line, strlen(line), 0600, err);
}

int
away_guest_options(struct arena *a, const struct env *env, const struct spec *spec, const char *proxy, const char *const **out, struct error *err)
{
	struct ssh_config config = {
		.hostname = spec->hostname, .address = spec->hostname, .port = SSH_PORT, .user = spec->user.name, .proxy = proxy,
		.known_hosts = arena_printf(a, "%s/" HOST_KEY_KNOWN, spec->dir), .control_path = arena_printf(a, "%s/ssh.sock", spec->dir),
		.forward_agent = spec->ssh.forward_agent, .forward_x11 = spec->ssh.forward_x11, .forward_x11_trusted = spec->ssh.forward_x11_trusted,
	};

	if (strlen(config.control_path) > SOCKET_MAX)
		config.control_path = "none";
	config.keys = ssh_access_keys(a, env, spec, &config.nkeys);
	ssh_features_usual(&config.features);
	return ssh_config_options(&config, a, out, err);
}

/* --- is it ready? --- */

struct asking {
	const struct env *env;
	const struct spec *spec;	/* its `dir` is the member's folder */
	const char *node;
	struct arena *a;
	const char *const *options;
	long long end;			/* in clock_ms() */
};

/* Did we give it its key, so that it was told ours? */
static bool
asking_is_ours(const char *dir, const char *host_key)
{
	auto_free char *path = xasprintf("%s/" HOST_KEY_FILE, dir);
	AUTO(host_key) key = { 0 };

	return host_key_load(&key, path, NULL) == 0 && !strcmp(key.public, host_key);
}

/* The last line that has `word` in it; "": none. Blank ones do not count. */
static const char *
asking_line(const struct asking *q, const struct buf *said, const char *word)
{
	const char *last = "";

	for (const char *s = said->s; s && *s; s += strcspn(s, "\r\n"), s += strspn(s, "\r\n")) {
		const char *line = arena_printf(q->a, "%.*s", (int)strcspn(s, "\r\n"), s);

		if (line[strspn(line, " ")] && strstr(line, word))
			last = line;
	}
	return last;
}

/* The exit status of `command` there, which reads `input`; -1: ssh itself failed, which it says in `said`. */
static int
asking_run(const struct asking *q, const char *command, const char *input, struct buf *said, int *status, struct error *err)
{
	size_t n = 0;
	const char **argv;
	struct proc_opts o = { .input = input, .input_len = strlen(input), .out = said, .both = true, .keep_out = true, .timeout_ms = ASK_MS, .status = status,
			       .cancel = q->env->cancel };

	while (q->options[n])
		n++;
	argv = arena_alloc(q->a, (2 * n + 9) * sizeof *argv);
	n = 0;
	argv[n++] = "ssh";
	argv[n++] = "-F";
	argv[n++] = "/dev/null";
	for (size_t i = 0; q->options[i]; i++) {
		argv[n++] = "-o";
		argv[n++] = q->options[i];
	}
	argv[n++] = "-o";
	argv[n++] = "LogLevel=ERROR";
	argv[n++] = q->spec->hostname;
	argv[n++] = "--";
	argv[n++] = command;
	*status = -1;
	buf_truncate(said, 0);
	if (proc_run(argv, &o, err) == 0)
		*status = 0;
	return *status < 0 || *status == SSH_FAILED ? -1 : 0;
}

/* A node that does not let us in will not do so a minute later. */
static bool
asking_is_shut_out(const struct asking *q, const struct buf *said)
{
	const char *s = said->s ? said->s : "";

	return strstr(s, q->node) && (strstr(s, "Permission denied") || strstr(s, "host key is known") || strstr(s, "IDENTIFICATION HAS CHANGED") ||
				      strstr(s, "Could not resolve"));
}

/* False: too late, or cancelled. */
static bool
asking_pause(const struct asking *q)
{
	for (int ms = 0; ms < PAUSE_MS && !*q->env->cancel && clock_ms() < q->end; ms += TICK_MS)
		poll(NULL, 0, TICK_MS);
	return !*q->env->cancel && clock_ms() < q->end;
}

/* Until `command` is content. What it said is in `said`. */
static int
asking_until(const struct asking *q, const char *what, const char *command, const char *input, struct buf *said, struct error *err)
{
	struct error why = { 0 };
	int status;

	for (;;) {
		int r = asking_run(q, command, input, said, &status, &why);

		if (r == 0 && status == 0)
			return 0;
		if (why.code == ENOENT)
			return error_set(err, ENOENT, "%s", why.msg);
		if (r < 0 && asking_is_shut_out(q, said))
			return error_set(err, ERR_REFUSED, "it runs, but node `%s` does not let us in, so nobody sees when it is ready: %s; `ssh %s` must work without "
					 "a question (`engine.sshUser` says as whom)", q->node, asking_line(q, said, q->node), q->node);
		if (!asking_pause(q))
			break;
	}
	if (*q->env->cancel)
		return error_set(err, ERR_CANCELLED, "cancelled; its guest goes on");
	return error_set(err, ETIMEDOUT, "%s was not seen in time%s%s", what, status == NOT_YET ? "" : ": ", status == NOT_YET ? "" : asking_line(q, said, ""));
}

static int
asking_boot(const struct asking *q, void (*warn)(void *ctx, const char *text), void *ctx, struct error *err)
{
	static const char command[] = "[ -e /run/lima-boot-done ] || exit 75; [ ! -s /run/lima-boot-errors ] || cat /run/lima-boot-errors";
	AUTO(buf) said = BUF_INIT;

	if (asking_until(q, "the end of its boot scripts", command, "", &said, err) < 0)
		return -1;
	for (const char *s = said.s; s && *s; s += strcspn(s, "\n"), s += *s == '\n')
		if (*s != '\n')
			warn(ctx, arena_printf(q->a, "%.*s", (int)strcspn(s, "\n"), s));
	return 0;
}

static int
asking_probes(const struct asking *q, struct error *err)
{
	for (size_t i = 0; i < q->spec->nprobes; i++) {
		const struct spec_probe *p = &q->spec->probes[i];
		AUTO(buf) words = BUF_INIT, said = BUF_INIT;

		probe_interpreter(&words, p->script);
		if (asking_until(q, arena_printf(q->a, "probe `%s`", p->description), words.s, p->script, &said, err) < 0)
			return *p->hint ? error_wrap(err, "%s", p->hint) : -1;
	}
	return 0;
}

int
away_guest_ready(const struct env *env, struct cluster *c, const struct spec *spec, void (*warn)(void *ctx, const char *text), void *ctx,
		 struct error *err)
{
	auto_free char *dir = away_guest_dir(env->home, spec->name);
	const struct cluster_machine m = { .name = spec->name, .node = spec->away->node };
	struct spec s = *spec;
	AUTO(arena) a = { 0 };
	struct asking q = { .env = env, .spec = &s, .a = &a, .end = clock_ms() + (env->ready_timeout_s ? env->ready_timeout_s : READY_S) * 1000LL };
	struct cluster_endpoint way;

	if (c->engine->endpoint(c, &m, &a, &way, err) < 0)
		return -1;
	if (!asking_is_ours(dir, way.host_key))
		return 0;
	s.dir = dir;
	s.user.name = way.user;
	s.ssh.forward_agent = s.ssh.forward_x11 = false;
	q.node = way.node;
	if (away_guest_known(dir, way.host_key, err) < 0 || away_guest_options(&a, env, &s, way.proxy, &q.options, err) < 0 ||
	    asking_boot(&q, warn, ctx, err) < 0 || asking_probes(&q, err) < 0)
		return -1;
	return 0;
}
