#include "cli/ssh/shell_sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/programs.h"
#include "base/quote/quote.h"
#include "base/semver.h"
#include "base/words.h"
#include "cli/args/ask.h"
#include "cli/ssh/rsync.h"
#include "cli/ssh/ssh.h"

enum { MIN_DEPTH = 4, ITEM_LEN = 12 };

/* --- what may not be --- */

/* /a/b/c is 4: --delete on the way back must never reach a home folder or the root. */
static int
shell_sync_depth(const char *path)
{
	int n = 1;

	for (; *path; path++)
		n += path[0] == '/' && path[1];
	return n;
}

static int
shell_sync_check(struct cli *c, struct instance *i, const char *host_dir, struct error *err)
{
	struct json_span mounts = instance_config(i, "mounts");
	auto_free char *rsync = proc_find("rsync");
	size_t at = 0;

	if (json_each(mounts, &at, NULL).p)
		return error_set(err, ERR_REFUSED, "cannot use `--sync` when the instance has host mounts configured, "
				 "start the instance with `--mount-none` to disable mounts");
	if (strcmp(i->vm_type, "wsl2") == 0)
		return error_set(err, ERR_UNSUPPORTED, "cannot use `--sync` with wsl2 instances");
	if (!rsync) {
		program_missing("rsync", err);
		return error_wrap(err, "--sync");
	}
	if (shell_sync_depth(host_dir) < MIN_DEPTH)
		return error_set(err, ERR_REFUSED, "expected the depth of the host working directory (%s) to be at least %d, "
				 "only got %d (hint: %s)", host_dir, MIN_DEPTH, shell_sync_depth(host_dir), "cd to a deeper directory");
	if (cli_given(c, "workdir"))
		return error_set(err, ERR_INVALID, "cannot use `--workdir` and `--sync` at the same time");
	return 0;
}

int
shell_sync_begin(struct shell_sync *s, struct cli *c, struct instance *i, const char *dir, struct error *err)
{
	const char *home = json_text(&i->arena, instance_config(i, "user.home"));
	auto_free char *real = realpath(dir, NULL);

	if (!real)
		return error_errno(err, "--sync %s", dir);
	if (shell_sync_check(c, i, real, err) < 0)
		return -1;
	if (*home != '/')
		return error_set(err, ERR_INVALID, "user.home of instance `%s` is not an absolute path: %s", i->name, home);
	*s = (struct shell_sync){ c, i, arena_strdup(&i->arena, real), arena_printf(&i->arena, "%s%s", home, real) };
	return 0;
}

/* --- programs --- */

static int
in_guest(const struct shell_sync *s, const char *program, const char *option, struct error *err)
{
	AUTO(argv) a = { 0 };
	AUTO(buf) line = BUF_INIT;

	if (ssh_begin(s->cli, s->instance, &a, err) < 0)
		return -1;
	buf_addf(&line, "%s %s -- ", program, option);
	quote_shell(&line, s->guest_dir);
	argv_add(&a, ssh_host(s->instance));
	argv_add(&a, "--");
	argv_add(&a, line.s);
	return proc_run_argv(&a, &(struct proc_opts){ 0 }, err);
}

/* From 3.2.4 on rsync itself keeps the far side's shell from reading its paths. */
static bool
rsync_quotes(void)
{
	static const char *const argv[] = { "rsync", "--version", NULL };
	static const struct semver need = { { 3, 2, 4 } };
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) number = BUF_INIT;
	const char *v;
	struct semver have;

	if (proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = 10000 }, NULL) < 0 || !(v = strstr(out.s, "version ")))
		return true;
	v += strlen("version ");
	v += *v == 'v';
	buf_add(&number, v, strcspn(v, " \n"));
	return semver_parse(&have, number.s) < 0 || semver_compare(&have, &need) >= 0;
}

static int
rsync_begin(const struct shell_sync *s, struct argv *a, const char *flags, struct error *err)
{
	AUTO(argv) ssh = { 0 };
	AUTO(buf) shell = BUF_INIT;

	if (ssh_begin(s->cli, s->instance, &ssh, err) < 0)
		return -1;
	argv_words(&ssh, &shell);
	argv_add(a, "rsync");
	argv_add(a, flags);
	argv_add(a, "--delete");
	argv_add(a, "-e");
	argv_add(a, shell.s);
	a->to_guest = ssh.to_guest;
	return 0;
}

static void
add_guest(const struct shell_sync *s, struct argv *a)
{
	AUTO(buf) path = BUF_INIT;

	if (rsync_quotes())
		buf_adds(&path, s->guest_dir);
	else
		quote_shell(&path, s->guest_dir);
	argv_addf(a, "%s:%s/", ssh_host(s->instance), path.s);
}

int
shell_sync_in(const struct shell_sync *s, struct error *err)
{
	const struct env *env = &s->cli->env;
	AUTO(argv) a = { 0 };

	cli_say(env, SAY_INFO, "Syncing host current directory(%s) to guest instance...", s->host_dir);
	if (in_guest(s, "mkdir", "-p", err) < 0)
		return error_wrap(err, "make %s in the guest", s->guest_dir);
	if (rsync_begin(s, &a, "-aq", err) < 0)
		return -1;
	argv_add(&a, "--");
	argv_addf(&a, "%s/", s->host_dir);
	add_guest(s, &a);
	if (proc_run_argv(&a, &(struct proc_opts){ 0 }, err) < 0)
		return error_wrap(err, "copy %s into the guest", s->host_dir);
	cli_say(env, SAY_INFO, "Successfully synced host current directory to guest(%s) instance.", s->guest_dir);
	return 0;
}

/* What the guest has, into a folder of the host; `itemized`: only told, not done. */
static int
shell_sync_fetch(const struct shell_sync *s, const char *to, struct buf *itemized, struct error *err)
{
	AUTO(argv) a = { 0 };

	if (rsync_begin(s, &a, itemized ? "-ahn" : "-aq", err) < 0)
		return -1;
	rsync_wary(&a);
	if (itemized)
		argv_add(&a, "--itemize-changes");
	argv_add(&a, "--");
	add_guest(s, &a);
	argv_addf(&a, "%s/", to);
	return proc_run_argv(&a, &(struct proc_opts){ .out = itemized }, err);
}

/* --- the way back --- */

struct sync_changes
sync_changes_count(const char *text)
{
	struct sync_changes n = { 0 };
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len < ITEM_LEN)
			continue;
		if (strncmp(text, "*deleting", 9) == 0)
			n.deleted++;
		else if (strchr("<>c", text[0]))
			text[2] == '+' ? n.added++ : n.modified++;
		else if (text[0] == '.')
			n.metadata += strspn(text + 2, ".") < strcspn(text + 2, " ");
	}
	return n;
}

static int
shell_sync_page(const struct shell_sync *s, const char *file, struct error *err)
{
	static const char *usual[] = { "less", "-R" };
	const char *pager = getenv("PAGER"), *less = getenv("LESS"), **words;
	AUTO(argv) a = { 0 };
	size_t n = 0;
	bool raw = less && strpbrk(less, "rR"), is_less;

	if (!pager || words_split(&a.arena, pager, &words, &n, NULL) < 0 || n == 0)
		words = usual, n = ARRAY_LEN(usual);
	is_less = strcmp(strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0], "less") == 0;
	for (size_t i = 0; i < n; i++) {
		argv_add(&a, words[i]);
		raw |= i && (strncasecmp(words[i], "--raw-control-chars", 19) == 0 || strcasecmp(words[i], "-r") == 0);
	}
	if (is_less && !raw)
		argv_add(&a, "-R");
	argv_add(&a, file);
	return run_argv(s->cli, &a, err) < 0 ? -1 : 0;
}

/* Compares the host's folder with a copy of the guest's; both, and the resulting text, are below `dir`. */
static int
view_in(const struct shell_sync *s, const char *dir, struct error *err)
{
	auto_free char *copy = xasprintf("%s/guest", dir), *file = xasprintf("%s/changes.diff", dir);
	const char *const diff[] = { "diff", "-ruN", "--color=always", s->host_dir, copy, NULL };
	AUTO(buf) text = BUF_INIT;
	struct error why = { 0 };

	if (fs_mkdirs(copy, 0700, err) < 0 || shell_sync_fetch(s, copy, NULL, err) < 0)
		return -1;
	/* diff exits with 1 when there are differences. */
	if (proc_run(diff, &(struct proc_opts){ .out = &text, .keep_out = true }, &why) < 0 && why.code != ERR_CHILD)
		return error_set(err, why.code, "%s", why.msg);
	return fs_write(file, text.s, text.len, 0600, err) < 0 ? -1 : shell_sync_page(s, file, err);
}

static int
shell_sync_view(const struct shell_sync *s, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *dir = xasprintf("%s/lima-sync.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	int r;

	if (!mkdtemp(dir))
		return error_errno(err, "make %s", dir);
	r = view_in(s, dir, err);
	fs_remove_tree(dir, NULL);
	return r;
}

/* 1: take them, 0: do not, -1 */
static int
shell_sync_decide(const struct shell_sync *s, const struct sync_changes *n, struct error *err)
{
	static const char *const choices[] = { "Accept", "No", "View the changed contents" };
	const char *title = arena_printf(&s->instance->arena, "Accept the changes? (added: %u, deleted: %u, modified: %u, metadata: %u)",
					 n->added, n->deleted, n->modified, n->metadata);

	for (;;) {
		int k = ask_choice(s->cli, title, choices, ARRAY_LEN(choices), err);

		if (k < 2)
			return k < 0 ? error_wrap(err, "the guest's copy stays in %s", s->guest_dir) : k == 0;
		if (shell_sync_view(s, err) < 0)
			return -1;
	}
}

/* 1: there is something to fetch, and it is wanted */
static int
shell_sync_wanted(const struct shell_sync *s, struct error *err)
{
	AUTO(buf) items = BUF_INIT;
	struct sync_changes n;

	if (!s->cli->tty)
		return 1;
	if (shell_sync_fetch(s, s->host_dir, &items, err) < 0)
		return -1;
	n = sync_changes_count(items.s);
	if (n.added || n.deleted || n.modified || n.metadata)
		return shell_sync_decide(s, &n, err);
	cli_say(&s->cli->env, SAY_INFO, "No changes detected");
	return 0;
}

int
shell_sync_back(const struct shell_sync *s, struct error *err)
{
	int r = shell_sync_wanted(s, err);

	if (r < 0)
		return -1;
	if (r) {
		if (shell_sync_fetch(s, s->host_dir, NULL, err) < 0)
			return error_wrap(err, "copy %s back (the guest's copy stays in %s)", s->host_dir, s->guest_dir);
		cli_say(&s->cli->env, SAY_INFO, "Successfully synced back the changes to host.");
	}
	if (in_guest(s, "rm", "-rf", err) < 0)
		return error_wrap(err, "remove %s of the guest", s->guest_dir);
	return 0;
}
