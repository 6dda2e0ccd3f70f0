#include "cli/ssh/ssh.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/privilege.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/quote/quote.h"
#include "base/words.h"
#include "cli/away/away.h"
#include "resources/away_guest.h"
#include "resources/ssh_access.h"
#include "state/desired/template/template.h"

extern char **environ;

void
argv_release(struct argv *a)
{
	free(a->v);
	arena_release(&a->arena);
	*a = (struct argv){ 0 };
}

static void
ssh_add(struct argv *a, const char *word)
{
	if (a->n + 1 >= a->cap) {
		a->cap = a->cap ? a->cap * 2 : 32;
		a->v = xrealloc(a->v, a->cap, sizeof *a->v);
	}
	a->v[a->n++] = word;
	a->v[a->n] = NULL;
}

void
argv_add(struct argv *a, const char *word)
{
	ssh_add(a, arena_strdup(&a->arena, word));
}

void
argv_addf(struct argv *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ssh_add(a, arena_vprintf(&a->arena, fmt, ap));
	va_end(ap);
}

void
argv_words(const struct argv *a, struct buf *out)
{
	for (size_t i = 0; i < a->n; i++) {
		if (i)
			buf_addc(out, ' ');
		quote_shell(out, a->v[i]);
	}
}

/* --- the instance --- */

int
guest_look(struct look *l, const char *name, struct instance *out, struct error *err)
{
	struct instance i;
	int away;

	if (name_check(name, err) < 0 || (away = away_guest(l->cli, name, out, err)) < 0)
		return -1;
	if (away)
		return 0;
	instance_look(l, name, &i);
	if (instance_check_known(&i, err) < 0) {
		instance_release(&i);
		return -1;
	}
	if (!i.has_yaml) {
		instance_release(&i);
		return error_set(err, ENOENT, "instance %s does not exist", cli_tick(l->cli, name)),
		       error_hint(err, ", run `limactl create %s` to create a new instance", name);
	}
	if (i.nerrors) {
		AUTO(buf) b = BUF_INIT;

		for (size_t n = 0; n < i.nerrors; n++)
			buf_addf(&b, "%s%s", n ? "\n" : "", i.errors[n]);
		cli_say_with(l->cli, SAY_ERROR, (struct say_field[]){ { .key = "error", .value = b.s }, { 0 } },
			     "Instance `%s` has configuration errors", name);
	}
	if (!i.config) {
		instance_release(&i);
		return error_set(err, ERR_INVALID, "instance %s has no configuration", cli_tick(l->cli, name));
	}
	*out = i;
	return 0;
}

bool
guest_is_down(const struct instance *i)
{
	return instance_is(i, "Stopped") || instance_is(i, "Suspended");
}

int
guest_not_stopped(const struct instance *i, struct error *err)
{
	if (!guest_is_down(i))
		return 0;
	return error_set(err, ENOTCONN, "instance `%s` is %s", i->name, instance_is(i, "Stopped") ? "stopped" : "suspended"),
	       error_hint(err, ", run `limactl start %s` to %s the instance", i->name, instance_is(i, "Stopped") ? "start" : "resume");
}

/* --- ssh --- */

void
ssh_program(const struct cli *c, struct argv *a)
{
	const char *custom = getenv("SSH"), **words;
	struct error err;
	size_t n;

	if (custom && *custom) {
		if (words_split(&a->arena, custom, &words, &n, &err) == 0 && n) {
			for (size_t i = 0; i < n; i++)
				ssh_add(a, words[i]);
			return;
		}
		cli_say(&c->env, SAY_WARN, "$SSH cannot be split into words, falling back to `ssh`");
	}
	ssh_add(a, "ssh");
	a->to_guest = true;
}

const char *
ssh_host(const struct instance *i)
{
	return i->hostname;
}

/* What of an instance's configuration its ssh options are made from. */
static void
spec_of(const struct instance *i, struct arena *a, struct spec *s)
{
	*s = (struct spec){ .name = i->name, .dir = i->dir, .hostname = i->hostname };
	s->user.name = json_text(a, instance_config(i, "user.name"));
	s->ssh.load_dot_ssh = json_true(instance_config(i, "ssh.loadDotSSHPubKeys"));
	s->ssh.forward_agent = json_true(instance_config(i, "ssh.forwardAgent"));
	s->ssh.forward_x11 = json_true(instance_config(i, "ssh.forwardX11"));
	s->ssh.forward_x11_trusted = json_true(instance_config(i, "ssh.forwardX11Trusted"));
}

int
ssh_options(const struct cli *c, const struct instance *i, struct arena *a, bool ask, const char *const **out, struct error *err)
{
	struct spec spec;

	spec_of(i, a, &spec);
	if (i->proxy)
		return away_guest_options(a, &c->env, &spec, i->proxy, out, err);
	return ssh_access_options(a, &c->env, &spec, i->status.ssh_port, ask, out, err);
}

const char *const *
ssh_keys(const struct cli *c, const struct instance *i, struct arena *a, size_t *n)
{
	struct spec spec;

	spec_of(i, a, &spec);
	return ssh_access_keys(a, &c->env, &spec, n);
}

int
ssh_add_options(const struct cli *c, const struct instance *i, struct argv *a, struct error *err)
{
	const char *const *options;

	if (i->status.ssh_port <= 0)
		return error_set(err, ENOENT, "instance `%s` has no ssh port yet; `limactl start %s` gives it one", i->name, i->name);
	if (ssh_options(c, i, &a->arena, false, &options, err) < 0)
		return -1;
	ssh_add(a, "-F");
	ssh_add(a, "/dev/null");
	for (; *options; options++) {
		ssh_add(a, "-o");
		ssh_add(a, *options);
	}
	return 0;
}

int
ssh_begin(const struct cli *c, const struct instance *i, struct argv *a, struct error *err)
{
	ssh_program(c, a);
	return ssh_add_options(c, i, a, err);
}

/* --- running things on our own terminal --- */

/*
 * What speaks with a guest, and may stay as the master of further connections for as long as the guest runs: none of the shell's
 * tokens is in it, and it becomes nobody else. A program of the user's own ($SSH) gets all, since we do not know what it needs.
 */
static char **
environment_of(const struct argv *a)
{
	static const char *const for_ssh[] = {
		"SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER", "TERM", "COLORTERM", "KRB5CCNAME",
		"KRB5_CONFIG", "GPG_TTY", "SHELL", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS", "LIMA_HOME", NULL,
	};
	char **all;
	size_t n = 0;

	if (a->to_guest) {
		privilege_no_new();
		return environment_kept(for_ssh);
	}
	while (environ[n])
		n++;
	all = xcalloc(n + 1, sizeof *all);
	memcpy(all, environ, n * sizeof *all);
	return all;
}

int
proc_run_argv(const struct argv *a, const struct proc_opts *o, struct error *err)
{
	auto_free char **env = environment_of(a);
	struct proc_opts own = *o;

	own.env = env;
	return proc_run(a->v, &own, err);
}

int
exec_argv(const struct argv *a, struct error *err)
{
	auto_free char **env = environment_of(a);

	/* A signal that is ignored here would stay ignored in ssh. */
	signal(SIGPIPE, SIG_DFL);
	execvpe(a->v[0], (char *const *)a->v, env);
	return errno == ENOENT ? program_missing(a->v[0], err) : error_errno(err, "%s", a->v[0]);
}

/* 1 when it is over, 0 when a signal came */
static int
ssh_wait_for(pid_t pid, int *status, struct error *err)
{
	if (waitpid(pid, status, 0) == pid)
		return 1;
	return errno == EINTR ? 0 : error_errno(err, "wait for process %d", (int)pid);
}

int
run_argv(const struct cli *c, const struct argv *a, struct error *err)
{
	auto_free char **env = environment_of(a);
	posix_spawnattr_t attr;
	sigset_t defaults;
	pid_t pid;
	int r, status = 0;

	(void)c;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	r = posix_spawnp(&pid, a->v[0], NULL, &attr, (char *const *)a->v, env);
	posix_spawnattr_destroy(&attr);
	if (r == ENOENT)
		return program_missing(a->v[0], err);
	if (r) {
		errno = r;
		return error_errno(err, "%s", a->v[0]);
	}
	while ((r = ssh_wait_for(pid, &status, err)) == 0)
		;
	if (r < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
