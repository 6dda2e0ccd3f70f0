/* A command that is carried out on the host that has what it names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/engine_conf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "cli/away/away.h"
#include "cli/run.h"
#include "providers/cluster.h"
#include "resources/away_files.h"
#include "state/desired/fleet/fleet.h"

enum { ENGINE_MAX = 1 << 20, STATUS_SIGNAL = 128 };

const char *
away_node(struct cli *c, const char *name, const char **fleet)
{
	struct away_member m;

	if (!*name || *name == '.' || *name == '_' || strchr(name, '/') || instance_exists(c, name) ||
	    away_member_read(c->env.home, name, &c->arena, &m, NULL) < 0 || !*m.node)
		return NULL;
	*fleet = m.fleet;
	return m.node;
}

bool
away_is_command(const struct cli *c, const char *name)
{
	return !strcmp(c->command->name, name) && !c->command->parent;
}

/* --- the way there --- */

static size_t
away_count(const char *const *v)
{
	size_t n = 0;

	while (v[n])
		n++;
	return n;
}

/* ssh, and limactl with these words as its last one. A terminal is one there, too. */
static char **
away_argv(struct cli *c, const char *const *ssh, char **words, int n)
{
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	size_t nssh = away_count(ssh), at = 0;
	char **argv = arena_alloc(&c->arena, (nssh + 3) * sizeof *argv);
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "limactl");
	for (int i = 0; i < n; i++) {
		buf_addc(&b, ' ');
		quote_shell(&b, words[i]);
	}
	argv[at++] = arena_strdup(&c->arena, ssh[0]);
	argv[at++] = tty ? "-t" : "-T";
	for (size_t i = 1; i < nssh; i++)
		argv[at++] = (char *)(uintptr_t)ssh[i];
	argv[at] = arena_strdup(&c->arena, b.s);
	return argv;
}

static int
away_wait(char **argv, int *status, struct error *err)
{
	pid_t pid = fork();
	int got;

	if (pid < 0)
		return error_errno(err, "fork");
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &got, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, "wait for %s", argv[0]);
	*status = WIFEXITED(got) ? WEXITSTATUS(got) : STATUS_SIGNAL + WTERMSIG(got);
	return 0;
}

static int
away_conf(struct cli *c, const char *fleet, struct engine_conf *out, struct error *err)
{
	auto_free char *path = away_engine_path(c->env.home, fleet);
	AUTO(buf) text = BUF_INIT;

	if (fs_read(path, &text, ENGINE_MAX, err) < 0)
		return error_wrap(err, "the engine of the fleet `%s` is not known here; `limactl apply` of its file tells", fleet);
	if (!away_engine_parse(text.s, text.len, &c->arena, out))
		return error_set(err, ERR_INVALID, "%s: is not readable; `limactl apply` of the fleet's file writes it anew", path);
	return 0;
}

int
away_open(struct cli *c, const char *fleet, struct cluster *out, struct error *err)
{
	struct engine_conf *conf = arena_alloc(&c->arena, sizeof *conf);
	const struct cluster_engine *engine;

	if (away_conf(c, fleet, conf, err) < 0)
		return -1;
	engine = cluster_find(conf->type);
	if (engine && engine->lazy && cli_lazy(c, err) < 0)
		return -1;
	return cluster_open(out, conf, c->env.home, c->env.version, c->env.cancel, err);
}

/* --- a command about members --- */

static bool
away_is_named(const struct away_words *w, const char *word, const char *node)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i].name, word) && strcmp(w->v[i].node, node) != 0)
			return true;
	return false;
}

/* What it was given, without the names of what is on other nodes. Behind the first positional, or `--`, nothing names an instance. */
static char **
away_rest(struct cli *c, const struct away_words *w, const char *node, int *n)
{
	char **v = arena_alloc(&c->arena, ((size_t)c->nraw + 1) * sizeof *v);
	bool names = true;

	*n = 0;
	for (int i = 0; i < c->nraw; i++) {
		names &= strcmp(c->raw[i], "--") != 0;
		if (!names || !away_is_named(w, c->raw[i], node))
			v[(*n)++] = c->raw[i];
	}
	return v;
}

static int
away_on_node(struct cli *c, const struct away_words *w, size_t i, int *status, struct error *err)
{
	const struct cluster_machine m = { .name = w->v[i].name, .node = w->v[i].node };
	struct cluster_endpoint way;
	AUTO(cluster) cluster = { 0 };
	char **words;
	int n;

	if (away_open(c, w->v[i].fleet, &cluster, err) < 0 || cluster.engine->endpoint(&cluster, &m, &c->arena, &way, err) < 0)
		return -1;
	words = away_rest(c, w, m.node, &n);
	return away_wait(away_argv(c, way.argv, words, n), status, err);
}

static int
away_named(struct cli *c, struct away_words *w, struct error *err)
{
	int n = c->command->stop_at_first_arg && c->nargs ? 1 : c->command->dash_command && c->dash_at > 0 ? c->dash_at : c->nargs;

	if (c->command->names && n > c->command->names)
		n = c->command->names;
	w->v = arena_alloc(&c->arena, ((size_t)n + 1) * sizeof *w->v);
	for (int i = 0; i < n; i++) {
		const char *fleet, *node = away_node(c, c->args[i], &fleet);

		if (node) {
			w->v[w->n].name = c->args[i];
			w->v[w->n].fleet = fleet;
			w->v[w->n++].node = node;
		}
	}
	if (w->n && w->n < (size_t)n)
		return error_set(err, ERR_INVALID, "`%s` is on another host, and not all that is named is: give two commands", w->v[0].name);
	return w->n > 0;
}

static int
away_tells(struct cli *c, const char *fleet, bool *out, struct error *err)
{
	struct engine_conf conf;
	const struct cluster_engine *engine;

	if (away_conf(c, fleet, &conf, err) < 0)
		return -1;
	engine = cluster_find(conf.type);
	*out = engine && engine->tells;
	return 0;
}

/* No limactl is there: what goes into the guest goes by ssh from here, and what is about the machine is a goal of ours. */
static int
away_by_us(struct cli *c, const struct away_words *w, int *status, struct error *err)
{
	if (away_goes_in(c))
		return 0;
	if (!away_poses(c))
		return error_set(err, ERR_UNSUPPORTED, "`%s` is on the node `%s` of a cluster, where no limactl is; what there is for it: shell, exec, copy, list, "
				 "start, stop and delete", w->v[0].name, w->v[0].node);
	*status = away_pose(c, w, err);
	return *status < 0 ? -1 : 1;
}

int
away_command(struct cli *c, int *status, struct error *err)
{
	struct away_words w = { 0 };
	int any;

	if (!c->command->complete || !command_has_word(c->command->complete, "@instance") || !c->nargs)
		return 0;
	any = away_named(c, &w, err);
	if (any <= 0)
		return any;
	/* what is wanted of a member stands in its fleet's file; and `list` looks by itself */
	if (away_is_command(c, "apply") || away_is_command(c, "plan"))
		return error_set(err, ERR_INVALID, "`%s` is a member of the fleet `%s`, on the host `%s`: give the fleet's file", w.v[0].name, w.v[0].fleet, w.v[0].node);
	if (away_is_command(c, "list"))
		return 0;
	for (size_t i = 0; i < w.n; i++) {
		bool tells = false;

		if (away_tells(c, w.v[i].fleet, &tells, err) < 0)
			return -1;
		if (tells)
			return away_by_us(c, &w, status, err);
	}
	*status = 0;
	for (size_t i = 0; i < w.n; i++) {
		bool done = false;
		int one = 0;

		for (size_t k = 0; k < i; k++)
			done |= !strcmp(w.v[k].node, w.v[i].node) && !strcmp(w.v[k].fleet, w.v[i].fleet);
		if (!done && away_on_node(c, &w, i, &one, err) < 0)
			return -1;
		*status = one ? one : *status;
	}
	return 1;
}

/* --- a host that is in no fleet --- */

int
away_host(struct cli *c, const char *host, char **words, int n, struct error *err)
{
	struct engine_host h = { .name = "host", .host_key = "" };
	const struct engine_conf conf = { .type = "hosts", .fleet = "", .hosts = &h, .nhosts = 1, .url = "" };
	const struct cluster_machine m = { .name = "", .node = "host" };
	struct cluster_endpoint way;
	AUTO(cluster) cluster = { 0 };
	int status;

	if (!fleet_read_ssh(&c->arena, host, &h))
		return error_set(err, ERR_INVALID, "--host %s: must be `ssh://[USER@]ADDRESS[:PORT]`", host);
	if (cluster_open(&cluster, &conf, c->env.home, c->env.version, NULL, err) < 0 || cluster.engine->endpoint(&cluster, &m, &c->arena, &way, err) < 0 ||
	    away_wait(away_argv(c, way.argv, words, n), &status, err) < 0)
		return -1;
	return status;
}
