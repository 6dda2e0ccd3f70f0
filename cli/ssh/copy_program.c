#include "cli/ssh/copy_program.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/ssh/copy_paths.h"
#include "cli/ssh/rsync.h"
#include "cli/ssh/ssh.h"

static int
copy_program_add_host(struct copy *k, const struct instance *i, struct buf *b, struct error *err)
{
	const char *const *options;

	if (ssh_options(k->cli, i, &k->arena, false, &options, err) < 0)
		return -1;
	buf_addf(b, "Host %s\n", ssh_host(i));
	for (; *options; options++)
		buf_addf(b, "  %s\n", *options);
	return 0;
}

int
copy_program_config(struct copy *k, struct error *err)
{
	auto_close int fd = -1;
	AUTO(buf) b = BUF_INIT;
	const char *tmp = getenv("TMPDIR");

	if (k->nguests < 2)
		return 0;
	for (size_t i = 0; i < k->nguests; i++)
		if (copy_program_add_host(k, &k->guests[i], &b, err) < 0)
			return -1;
	k->config = xasprintf("%s/lima-copy.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	fd = mkstemp(k->config);
	if (fd < 0)
		return error_errno(err, "make %s", k->config);
	return fs_write_all(fd, b.s, b.len) == 0 ? 0 : (error_errno(err, "write %s", k->config), fs_explain_full(err, k->config));
}

static void
copy_program_add_path(struct argv *a, struct side *s)
{
	if (s->guest)
		argv_addf(a, "%s:%s", ssh_host(s->guest), s->at.path);
	else
		argv_add(a, s->at.path);
}

static int
copy_program_ssh(struct copy *k, struct argv *a, struct error *err)
{
	if (!k->config)
		return k->nguests ? ssh_add_options(k->cli, &k->guests[0], a, err) : 0;
	argv_add(a, "-F");
	argv_add(a, k->config);
	return 0;
}

int
copy_program_scp(struct copy *k, struct argv *a, struct error *err)
{
	bool verbose = cli_bool(k->cli, "verbose") || k->cli->env.debug;

	argv_add(a, "scp");
	if (copy_program_ssh(k, a, err) < 0)
		return -1;
	argv_add(a, verbose ? "-v" : "-q");
	if (cli_bool(k->cli, "recursive"))
		argv_add(a, "-r");
	argv_add(a, "-3");
	argv_add(a, "--");
	for (size_t i = 0; i < k->n; i++)
		copy_program_add_path(a, &k->v[i]);
	return 0;
}

/* ssh and its options are one word, which rsync splits again. */
static int
copy_program_shell(struct copy *k, struct argv *a, struct error *err)
{
	AUTO(argv) ssh = { 0 };
	AUTO(buf) b = BUF_INIT;

	ssh_program(k->cli, &ssh);
	if (copy_program_ssh(k, &ssh, err) < 0)
		return -1;
	argv_words(&ssh, &b);
	argv_add(a, "-e");
	argv_add(a, b.s);
	return 0;
}

int
copy_program_rsync(struct copy *k, struct argv *a, struct error *err)
{
	bool verbose = cli_bool(k->cli, "verbose") || k->cli->env.debug;

	argv_add(a, "rsync");
	argv_add(a, "-a");
	if (!k->v[k->n - 1].guest && k->nguests)
		rsync_wary(a);
	argv_add(a, verbose ? "-v" : "-q");
	if (verbose)
		argv_add(a, "--progress");
	if (cli_bool(k->cli, "recursive")) {
		struct copy_path *paths = arena_alloc(&k->arena, k->n * sizeof *paths);

		argv_add(a, "-r");
		for (size_t i = 0; i < k->n; i++)
			paths[i] = k->v[i].at;
		copy_slashes(&k->arena, paths, k->n);
		for (size_t i = 0; i < k->n; i++)
			k->v[i].at = paths[i];
	}
	if (k->nguests && copy_program_shell(k, a, err) < 0)
		return -1;
	argv_add(a, "--");
	for (size_t i = 0; i < k->n; i++)
		copy_program_add_path(a, &k->v[i]);
	return 0;
}

int
copy_program_in_guests(struct copy *k, struct error *err)
{
	for (size_t i = 0; i < k->nguests; i++) {
		AUTO(argv) a = { 0 };
		struct error why;

		if (ssh_begin(k->cli, &k->guests[i], &a, err) < 0)
			return -1;
		argv_add(&a, ssh_host(&k->guests[i]));
		argv_add(&a, "command -v rsync >/dev/null 2>&1");
		if (proc_run_argv(&a, &(struct proc_opts){ .timeout_ms = 30000 }, &why) == 0)
			continue;
		if (why.code == ERR_CHILD)	/* ssh's own exit status for what it could not do is 255 */
			return error_set(err, ENOENT, "the guest of %s has no rsync, or cannot be asked (%s); install it there, or leave "
					 "--backend out", cli_tick(k->cli, k->guests[i].name), why.msg);
		return error_set(err, why.code, "%s", why.msg);
	}
	return 0;
}
