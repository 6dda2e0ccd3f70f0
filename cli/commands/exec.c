/* limactl exec: one command in several guests, side by side */
#include "cli/commands/exec.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/commands/start_for.h"
#include "cli/ssh/guest_command.h"

enum { JOBS_MAX = 1000, COPY_SIZE = 64 << 10 };

static const struct flag flags[] = {
	{ "jobs", 'j', FLAG_INT, "32", "Instances at the same time", 0, NULL },
	{ "timeout", 0, FLAG_DURATION, .about = "End what still runs after so long; its exit status is then 124" },
	{ "fail-fast", 0, FLAG_BOOL, .about = "Once it failed in one, end it in the others, and begin it nowhere else" },
	{ "stdin", 'i', FLAG_BOOL, .about = "Read our input to its end first, and give all of it to each" },
	{ "", .include = guest_command_flags },
	{ 0 },
};

static int
exec_prepare(struct cli *c, struct instance *i, char *const *words, size_t n, struct argv *a, struct error *err)
{
	AUTO(buf) script = BUF_INIT;

	if (guest_not_stopped(i, err) < 0 || (cli_bool(c, "reconnect") && guest_command_drop_master(c, i, err) < 0) ||
	    guest_command_script(c, i, NULL, words, n, &script, err) < 0)
		return -1;
	return guest_command_ssh(c, i, script.s, false, a, err);
}

static int
exec_add(struct cli *c, const char *name, char *const *words, size_t n, struct many_guest *out, struct error *err)
{
	AUTO(instance) i = { 0 };

	out->name = name;
	if (guest_command_look(c, name, &i, err) < 0)
		return -1;
	if (guest_is_down(&i) && cli_bool(c, "start")) {
		instance_release(&i);
		if (start_for(c, name, err) < 0 || guest_command_look(c, name, &i, err) < 0)
			return -1;
	}
	return exec_prepare(c, &i, words, n, &out->argv, err);
}

int
exec_in_all(struct cli *c, const char *const *names, size_t n, char *const *words, size_t nwords, const struct many_opts *o,
	    struct error *err)
{
	struct many_guest *v = xcalloc(n, sizeof *v);
	int status = 0;

	for (size_t i = 0; i < n && status == 0; i++)
		status = exec_add(c, names[i], words, nwords, &v[i], err);
	if (status == 0)
		status = many_run(c, v, n, o, err);
	for (size_t i = 0; i < n; i++)
		argv_release(&v[i].argv);
	free(v);
	return status;
}

/* Our input, in a file without a name, which each can read from its beginning. */
static int
exec_keep_input(FILE *to, struct error *err)
{
	auto_free char *room = xcalloc(1, COPY_SIZE);
	ssize_t n;

	while ((n = read(STDIN_FILENO, room, COPY_SIZE)) > 0)
		if (fwrite(room, 1, (size_t)n, to) != (size_t)n)
			break;
	if (n != 0 || fflush(to) != 0)
		return error_errno(err, "--stdin");
	return 0;
}

static int
exec_go(struct cli *c, char *const *words, size_t nwords, struct many_opts *o, struct error *err)
{
	const char *const *names;
	size_t n;

	if (many_names(c, (const char *const *)c->args, (size_t)c->dash_at, &names, &n, err) < 0)
		return -1;
	return exec_in_all(c, names, n, words, nwords, o, err);
}

static int
exec_run(struct cli *c, struct error *err)
{
	long long jobs = cli_int(c, "jobs"), ns = cli_int(c, "timeout");
	struct many_opts o = { .jobs = (size_t)jobs, .timeout_ms = ns / 1000000, .fail_fast = cli_bool(c, "fail-fast") };
	FILE *input;
	int status;

	if (c->dash_at < 1 || c->dash_at >= c->nargs)
		return error_set(err, ERR_INVALID, "which instances, and which command? `limactl exec INSTANCE... -- COMMAND...`");
	if (jobs < 1 || jobs > JOBS_MAX)
		return error_set(err, ERR_INVALID, "--jobs must be between 1 and %d", JOBS_MAX);
	if (cli_given(c, "timeout") && o.timeout_ms < 1)
		return error_set(err, ERR_INVALID, "--timeout must be longer than nothing");
	if (!cli_bool(c, "stdin"))
		return exec_go(c, c->args + c->dash_at, (size_t)(c->nargs - c->dash_at), &o, err);
	input = tmpfile();
	if (!input)
		return error_errno(err, "--stdin");
	o.input = fileno(input);
	status = exec_keep_input(input, err) < 0 ? -1 : exec_go(c, c->args + c->dash_at, (size_t)(c->nargs - c->dash_at), &o, err);
	fclose(input);
	return status;
}

const struct command command_exec = {
	.name = "exec",
	.group = GROUP_BASIC,
	.args = "INSTANCE|fleet/NAME... -- COMMAND...",
	.about = "Run one command in several instances, side by side",
	.details = "Instances are named one by one, apart by commas, by a glob, or as a fleet. Nothing is run before all of them are\n"
		   "known to be there. The command runs as with `limactl shell`; each line that it says has the name of its instance\n"
		   "in front, on the stream that it came from, also if there is only one.\n"
		   "\n"
		   "The exit status is 0 if it is 0 in each, else the highest of theirs: 124 of one that --timeout has ended, 255 of one that ssh could\n"
		   "not reach. The last line on stderr names those where it failed. With --fail-fast the first failure ends the rest.\n"
		   "--timeout holds for our own reader, too: what he has not taken by then is lost, and the exit status is 124.\n"
		   "\n"
		   "Nobody has our input, unless --stdin gives the whole of it to each.",
	.example = "limactl exec fleet/bench -- systemctl is-system-running\n"
		   "limactl exec --fail-fast --timeout 5m 'web-*' -- make -C /src test\n"
		   "limactl exec --stdin web db -- sudo tee /etc/motd <motd",
	.complete = "@instance",
	.flags = flags,
	.max_args = -1,
	.dash_command = true,
	.quick = true,
	.run = exec_run,
};
