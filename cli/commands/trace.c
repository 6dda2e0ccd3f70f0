/* limactl trace: a run for Perfetto and chrome://tracing */
#include "base/auto.h"
#include "base/buf.h"
#include "cli/look/look.h"
#include "cli/look/trace.h"

static const struct flag flags[] = {
	{ "output", 'o', FLAG_STRING, .about = "Write to this file, and not to stdout", .complete = "@file" },
	{ 0 },
};

static int
trace_show(struct cli *c, const struct story *s, struct error *err)
{
	AUTO(buf) out = BUF_INIT;

	trace_text(&out, s);
	return look_write(c, &out, err);
}

static int
trace_run(struct cli *c, struct error *err)
{
	return look_at_run(c, c->nargs ? c->args[0] : NULL, trace_show, err);
}

const struct command command_trace = {
	.name = "trace",
	.group = GROUP_ADVANCED,
	.args = "[RUN]",
	.about = "Print a run as a Chrome trace, for ui.perfetto.dev or chrome://tracing",
	.details = "RUN is a number of `limactl history`; without one it is the newest run. A row of the picture is an instance, with its steps,\n"
		   "what they waited for, and the phases of its last boot; the first row is the critical path: what the run lasted for.",
	.example = "limactl trace -o run.json\nlimactl trace 42 | jq '.traceEvents | length'",
	.flags = flags,
	.max_args = 1,
	.quick = true,
	.run = trace_run,
};
