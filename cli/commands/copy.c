/* limactl copy: files between the host and guests */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/proc.h"
#include "base/programs.h"
#include "cli/args/files.h"
#include "cli/ssh/copy_paths.h"
#include "cli/ssh/copy_program.h"
#include "cli/ssh/copy_sftp.h"
#include "cli/ssh/ssh.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/sftp.h"
#include "providers/ssh/ssh.h"
#include "providers/written.h"

static const struct flag flags[] = {
	{ "recursive", 'r', FLAG_BOOL, .about = "Copy folders with all that is in them" },
	{ "verbose", 'v', FLAG_BOOL, .about = "Tell what is copied" },
	{ "backend", 0, FLAG_STRING, "auto", "Program that copies: scp, rsync, auto", .complete = "auto rsync scp" },
	{ 0 },
};

static void
copy_release(struct copy *k)
{
	for (size_t i = 0; i < k->nguests; i++)
		instance_release(&k->guests[i]);
	if (k->config)
		unlink(k->config);
	free(k->guests);
	free(k->config);
	arena_release(&k->arena);
}

static int
guest_of(struct copy *k, struct look *l, const char *name, struct instance **out, struct error *err)
{
	for (size_t i = 0; i < k->nguests; i++) {
		if (strcmp(k->guests[i].name, name) == 0) {
			*out = &k->guests[i];
			return 0;
		}
	}
	if (guest_look(l, name, &k->guests[k->nguests], err) < 0)
		return -1;
	*out = &k->guests[k->nguests++];
	return guest_not_stopped(*out, err);
}

static int
cmd_copy_parse(struct copy *k, struct error *err)
{
	struct look l;
	int r = 0;

	k->n = (size_t)k->cli->nargs;
	k->v = arena_alloc(&k->arena, k->n * sizeof *k->v);
	k->guests = xcalloc(k->n, sizeof *k->guests);	/* no more than arguments: pointers into it stay */
	look_begin(&l, k->cli);
	for (size_t i = 0; i < k->n && r == 0; i++) {
		k->v[i].at = copy_path_parse(&k->arena, k->cli->args[i]);
		if (k->v[i].at.instance && file_to_name(k->cli, &k->v[i].at.instance, err) < 0)
			r = -1;
		else if (k->v[i].at.instance)
			r = guest_of(k, &l, k->v[i].at.instance, &k->v[i].guest, err);
	}
	look_release(&l);
	return r;
}

static bool
on_host(const char *program)
{
	auto_free char *path = proc_find(program);

	return path != NULL;
}

static size_t
cmd_copy_remotes(const struct copy *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += k->v[i].guest != NULL;
	return n;
}

/* Of an argument that is of this host. */
static const char *
host_path(struct copy *k, const struct side *s)
{
	const char *path = s->at.path;
	auto_free char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

	return cwd ? arena_printf(&k->arena, "%s/%s", cwd, path) : path;
}

/* --- without a program --- */

/* One link a guest: sides of the same guest share it. */
static int
link_to(struct copy *k, struct side *s, struct error *err)
{
	struct instance *i = s->guest;
	auto_free char *known = host_key_known(i->dir);
	struct ssh_target to = { .port = i->status.ssh_port, .user = json_text(&i->arena, instance_config(i, "user.name")) };

	for (struct side *o = k->v; o < s; o++)
		if (o->guest == i && (s->link = o->link))
			return 0;
	to.known_hosts = known;
	to.keys = ssh_keys(k->cli, i, &k->arena, &to.nkeys);
	s->link = sftp_open(&to, k->cli->env.cancel, err);
	return s->link ? 0 : error_wrap(err, "instance `%s`", i->name);
}

static void
unlink_all(struct copy *k)
{
	for (size_t i = 0; i < k->n; i++) {
		bool shared = false;

		for (size_t o = 0; o < i; o++)
			shared |= k->v[o].link == k->v[i].link;
		if (!shared)
			sftp_close(k->v[i].link);
	}
}

static int
by_sftp(struct copy *k, const struct guarded *g, struct error *err)
{
	struct copy_end *ends = arena_alloc(&k->arena, k->n * sizeof *ends);
	struct copy_sftp how = {
		.cli = k->cli, .recursive = cli_bool(k->cli, "recursive"), .verbose = cli_bool(k->cli, "verbose") || k->cli->env.debug,
		.progress = k->cli->stderr_tty && !k->cli->log_json, .guarded = g,
	};
	int r = cli_lazy(k->cli, err);

	for (size_t i = 0; i < k->n && r == 0; i++) {
		if (k->v[i].guest)
			r = link_to(k, &k->v[i], err);
		/* A relative path begins at the home folder. */
		ends[i] = (struct copy_end){ k->v[i].link, !k->v[i].guest ? host_path(k, &k->v[i]) :
								   strncmp(k->v[i].at.path, "~/", 2) == 0 ? k->v[i].at.path + 2 :
													    k->v[i].at.path };
	}
	if (r == 0)
		r = copy_sftp(&how, ends, k->n, err);
	if (k->cli->lazy)
		unlink_all(k);
	return r;
}

/* --- */

/* Folders that guests write, these and others: where files go there is not for their links to say. */
static void
guests_write(const struct copy *k, struct guarded *g)
{
	written_guard(k->cli->env.home, g);
	for (size_t i = 0; i < k->nguests; i++) {
		struct json_span mounts = instance_config(&k->guests[i], "mounts"), m;
		size_t at = 0;

		while ((m = json_each(mounts, &at, NULL)).p)
			if (json_true(json_at(m, "writable")))
				guarded_add(g, json_text(&k->guests[i].arena, json_at(m, "location")));
	}
}

/* The folder that files are copied into, or the one that a file is: before a program goes there by name. */
static int
cmd_copy_check_target(struct copy *k, const struct guarded *g, struct error *err)
{
	const char *path = host_path(k, &k->v[k->n - 1]), *name;
	auto_close int fd = -1;
	struct error why = { 0 };

	if (k->v[k->n - 1].guest || !g->n)
		return 0;
	fd = guarded_folder(g, path, 0, &why);
	if (fd < 0 && why.code != ELOOP)
		fd = guarded_parent(g, path, 0, &name, &why);
	return fd < 0 && why.code == ELOOP ? error_set(err, ELOOP, "%s", why.msg) : 0;
}

/* Goes something to where a guest can put a link meanwhile, or, for scp, which follows any, comes from there? */
static bool
cmd_copy_is_contested(struct copy *k, const struct guarded *g, bool sources)
{
	for (size_t i = sources ? 0 : k->n - 1; i < k->n; i++)
		if (!k->v[i].guest && guarded_covers(g, host_path(k, &k->v[i])))
			return true;
	return false;
}

/* Fills `a` with the words of the program to run; with none if it is ourselves, who alone go by descriptors where guests write. */
static int
cmd_copy_choose(struct copy *k, const struct guarded *g, struct argv *a, struct error *err)
{
	const char *backend = cli_str(k->cli, "backend");
	bool scp = strcmp(backend, "scp") == 0, contested = cmd_copy_is_contested(k, g, scp);

	if (contested && (scp || strcmp(backend, "rsync") == 0))
		cli_say(&k->cli->env, SAY_WARN, "%s follows links that a guest may put meanwhile into a folder that it writes; "
			"without --backend none is followed", backend);

	if (strcmp(backend, "sftp") == 0)
		return 0;
	if (strcmp(backend, "rsync") == 0) {
		if (!on_host("rsync"))
			return program_missing("rsync", err);
		return copy_program_in_guests(k, err) < 0 ? -1 : copy_program_rsync(k, a, err);
	}
	if (strcmp(backend, "scp") == 0)
		return copy_program_scp(k, a, err);
	if (!contested && cmd_copy_remotes(k) <= 1 && on_host("rsync") && copy_program_in_guests(k, NULL) == 0)
		return copy_program_rsync(k, a, err);
	return !cmd_copy_is_contested(k, g, true) && on_host("scp") ? copy_program_scp(k, a, err) : 0;
}

static int
cmd_copy_copy(struct copy *k, struct error *err)
{
	AUTO(argv) a = { 0 };
	AUTO(guarded) g = { 0 };

	if (cmd_copy_parse(k, err) < 0 || copy_program_config(k, err) < 0)
		return -1;
	guests_write(k, &g);
	if (cmd_copy_check_target(k, &g, err) < 0 || cmd_copy_choose(k, &g, &a, err) < 0)
		return -1;
	cli_say(&k->cli->env, SAY_DEBUG, "using copy tool `%s`", a.n ? a.v[0] : "sftp");
	a.to_guest = !getenv("SSH");
	return !a.n ? by_sftp(k, &g, err) : run_argv(k->cli, &a, err);
}

static int
cmd_copy_run(struct cli *c, struct error *err)
{
	const char *backend = cli_str(c, "backend");
	struct copy k = { .cli = c };
	int r;

	if (strcmp(backend, "auto") != 0 && strcmp(backend, "rsync") != 0 && strcmp(backend, "scp") != 0 &&
	    strcmp(backend, "sftp") != 0)
		return error_set(err, ERR_INVALID, "invalid backend %s, must be one of: scp, rsync, sftp, auto", cli_tick(c, backend));
	r = cmd_copy_copy(&k, err);
	copy_release(&k);
	return r;
}

const struct command command_copy = {
	.name = "copy",
	.aliases = "cp",
	.group = GROUP_ADVANCED,
	.args = "SOURCE ... TARGET",
	.about = "Copy files between host and guest",
	.details = "INSTANCE:PATH is in a guest, any other path on this host. Several sources go into the folder TARGET.\n"
		   "Without --backend it is rsync that copies, where the host and the guest have it, scp where there is that,\n"
		   "and else limactl itself (sftp), which shows on a terminal how far it is. What comes from a guest is never more than\n"
		   "bytes: no set-user-ID bits or devices, and with rsync no links that lead out of what is copied (-v names them).\n"
		   "In folders that a guest writes limactl copies itself, and follows no link there.",
	.example = "limactl copy notes.txt default:/tmp/\n"
		   "limactl copy -r default:/etc/apt ./apt\n"
		   "limactl copy --backend=scp a:/tmp/x b:/tmp/",
	.complete = "@instance:",
	.flags = flags,
	.min_args = 2,
	.max_args = -1,
	.quick = false,
	.run = cmd_copy_run,
};
