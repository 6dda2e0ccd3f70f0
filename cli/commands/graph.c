/* limactl graph: what there is and is to be, and what needs what */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/proc.h"
#include "base/programs.h"
#include "cli/args/desired_args.h"
#include "cli/look/dot.h"
#include "cli/look/look.h"
#include "cli/run.h"
#include "cli/view/wrong.h"

enum { DRAW_MS = 120000 };

static const struct flag flags[] = {
	{ "output", 'o', FLAG_STRING, .about = "Write to this file, and not to stdout; one that ends in .svg is drawn", .complete = "@file" },
	{ "fold", 0, FLAG_INT, "12", .about = "Above so many instances each is one node; 0: never" },
	{ "set", 0, FLAG_ARRAY, .about = "As if the lima.yaml were changed by a yq expression: '.cpus=4' (repeatable)", .complete = "@set" },
	{ 0 },
};

static bool
graph_is_drawn(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".svg");
}

static int
graph_draw(struct cli *c, const struct buf *text, struct buf *svg, struct error *err)
{
	static const char *const argv[] = { "dot", "-Tsvg", NULL };
	auto_free char *dot = proc_find("dot");

	if (!dot)
		return program_missing("dot", err);
	return proc_run(argv, &(struct proc_opts){ .input = text->s, .input_len = text->len, .out = svg, .timeout_ms = DRAW_MS, .cancel = c->env.cancel }, err);
}

static int
graph_show(struct cli *c, const struct run *r, struct engine *e, struct error *err)
{
	AUTO(buf) text = BUF_INIT, plain = BUF_INIT, svg = BUF_INIT;
	long long fold = cli_int(c, "fold");
	bool drawn = graph_is_drawn(cli_str(c, "output"));

	(void)r;
	dot_text(&text, &e->graph, fold > 0 ? (size_t)fold : 0);
	secrets_hide(&c->secrets, text.s, NULL, &plain);
	if ((drawn && graph_draw(c, &plain, &svg, err) < 0) || look_write(c, drawn ? &svg : &plain, err) < 0)
		return -1;
	return e->nwrong ? wrong_say(c, e, err) : 0;
}

static int
graph_run(struct cli *c, struct error *err)
{
	AUTO(goals) g = { 0 };
	struct run run;

	if (cli_int(c, "fold") < 0)
		return error_set(err, ERR_INVALID, "--fold %lld: must not be negative", cli_int(c, "fold"));
	if (desired_args(c, &g, err) < 0)
		return -1;
	run = goals_run(&g);
	run.dry = run.keep_going = true;
	run.shows = graph_show;
	return run_engine(c, &run, err);
}

const struct command command_graph = {
	.name = "graph",
	.group = GROUP_ADVANCED,
	.args = "[FILE.yaml|URL|INSTANCE...]",
	.about = "Draw what needs what, and what apply would do to it, in Graphviz' language or as SVG",
	.details = "What is named is what `plan` takes. A node is a resource, TYPE.NAME; an arrow leads to what waits for that which it comes from.\n"
		   "A box is as wanted, an ellipse is to be created, an octagon changed, a double one remade, a dashed box removed. Of more\n"
		   "than a dozen instances each is one node. SVG is drawn by Graphviz' dot. Nothing is changed.",
	.example = "limactl graph web.yaml | less\nlimactl graph -o web.svg web\nlimactl graph --fold 0 --set '.cpus=4' web db",
	.complete = "@instance @file",
	.flags = flags,
	.max_args = -1,
	.strict = true,
	.run = graph_run,
};
