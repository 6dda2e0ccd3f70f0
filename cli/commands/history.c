/* limactl history: what the journal has of the runs that changed something */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/view/table.h"
#include "resources/generation.h"
#include "state/observed/state.h"

static const struct flag flags[] = {
	{ "json", 0, FLAG_BOOL, .about = "An object a line" },
	{ "limit", 'n', FLAG_INT, "20", .about = "The last so many runs; 0: all that are kept" },
	{ 0 },
};

struct history {
	struct cli *cli;
	struct table table;
	int64_t first;			/* the run whose steps are shown */
	size_t shown;
};

static const char *
time_text(struct arena *a, int64_t ms, const char *format, bool utc)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	if (!(utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) || !strftime(text, sizeof text, format, &tm))
		return "";
	return arena_strdup(a, text);
}

/* What is not over may be going on just now, or was killed: the journal cannot tell. */
static const char *
took_text(struct arena *a, int64_t began, int64_t ended)
{
	return ended < 0 ? "-" : arena_printf(a, "%.1f s", (double)(ended - began) / 1e3);
}

static void
add_times(struct buf *b, struct arena *a, int64_t began, int64_t ended)
{
	quote_json_member(b, "began", time_text(a, began, "%Y-%m-%dT%H:%M:%SZ", true));
	if (ended < 0)
		return;
	quote_json_member(b, "ended", time_text(a, ended, "%Y-%m-%dT%H:%M:%SZ", true));
	buf_addf(b, ",\"ms\":%" PRId64, ended - began);
}

static int
run_json(struct history *h, const struct state_run *r)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "{\"run\":%" PRId64, r->id);
	add_times(&b, &h->cli->arena, r->began_ms, r->ended_ms);
	quote_json_member(&b, "command", r->command);
	if (r->ended_ms >= 0)
		quote_json_member(&b, "outcome", r->outcome);
	buf_addf(&b, ",\"steps\":%d,\"failed\":%d}", r->steps, r->failed);
	cli_print_line(b.s);
	return 0;
}

static int
run_row(void *ctx, const struct state_run *r)
{
	struct history *h = ctx;
	struct arena *a = &h->cli->arena;

	h->shown++;
	if (cli_bool(h->cli, "json"))
		return run_json(h, r);
	table_cellf(&h->table, "%" PRId64, r->id);
	table_cell(&h->table, time_text(a, r->began_ms, "%Y-%m-%d %H:%M:%S", false));
	table_cell(&h->table, took_text(a, r->began_ms, r->ended_ms));
	table_cellf(&h->table, "%d", r->steps);
	table_cell(&h->table, r->command);
	table_cell(&h->table, r->ended_ms < 0 ? "did not end" : r->outcome);
	return 0;
}

static int
history_step_json(struct history *h, const struct state_step *s)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "{\"run\":%" PRId64, h->first);
	quote_json_member(&b, "verb", s->verb);
	quote_json_member(&b, "type", s->type);
	quote_json_member(&b, "name", s->name);
	quote_json_member(&b, "why", s->why);
	add_times(&b, &h->cli->arena, s->began_ms, s->ended_ms);
	if (*s->error)
		quote_json_member(&b, "error", s->error);
	buf_addc(&b, '}');
	cli_print_line(b.s);
	return 0;
}

static int
step_row(void *ctx, const struct state_step *s)
{
	struct history *h = ctx;

	h->shown++;
	if (cli_bool(h->cli, "json"))
		return history_step_json(h, s);
	table_cell(&h->table, s->verb);
	table_cell(&h->table, s->type);
	table_cell(&h->table, s->name);
	table_cell(&h->table, took_text(&h->cli->arena, s->began_ms, s->ended_ms));
	table_cell(&h->table, s->why);
	table_cell(&h->table, *s->error ? s->error : s->ended_ms < 0 ? "did not end" : "done");
	return 0;
}

static void
begin_table(struct history *h, const char *const *head, size_t n)
{
	table_begin(&h->table, n);
	for (size_t i = 0; i < n; i++)
		table_cell(&h->table, head[i]);
}

static void
history_print_table(struct history *h)
{
	AUTO(buf) out = BUF_INIT;

	if (h->shown && !cli_bool(h->cli, "json")) {
		table_fit(&h->table, table_terminal(), (const int[]){ TABLE_NARROW, -1 });
		table_print(&h->table, &out);
		cli_print(stdout, out.s, out.len);
	}
	table_release(&h->table);
}

static int
history_newest(void *ctx, const struct state_run *r)
{
	*(int64_t *)ctx = r->id;
	return 0;
}

static int
show_runs(struct history *h, struct state *s, struct error *err)
{
	static const char *const head[] = { "RUN", "WHEN", "TOOK", "STEPS", "COMMAND", "OUTCOME" };
	int64_t last = 0, limit = cli_int(h->cli, "limit");
	int r;

	if (limit > 0 && state_run_last(s, &last, err) < 0)
		return -1;
	begin_table(h, head, ARRAY_LEN(head));
	r = state_runs(s, limit > 0 ? last - limit + 1 : 0, INT64_MAX, run_row, h, err);
	history_print_table(h);
	return r;
}

static int
show_steps(struct history *h, struct state *s, const char *arg, struct error *err)
{
	static const char *const head[] = { "STEP", "TYPE", "NAME", "TOOK", "WHY", "OUTCOME" };
	int64_t there = 0;
	char *end;
	int r;

	errno = 0;
	h->first = strtoll(arg, &end, 10);
	if (errno || *end || end == arg || h->first <= 0)
		return error_set(err, ERR_INVALID, "%s: a run is a number of the first column of `limactl history`", cli_tick(h->cli, arg));
	if (state_runs(s, h->first, h->first, history_newest, &there, err) < 0)
		return -1;
	if (!there)
		return error_set(err, ENOENT, "there is no run %s", arg), error_hint(err, "; `limactl history --limit=0` lists those that are kept");
	begin_table(h, head, ARRAY_LEN(head));
	r = state_run_steps(s, h->first, step_row, h, err);
	history_print_table(h);
	return r;
}

/* --- generations of an instance --- */

static const char *
generation_disk_text(struct history *h, const struct generations *all, const struct generation *g)
{
	struct generation_disk d = generation_disk(all, g);
	struct arena *a = &h->cli->arena;

	if (d.file == g)
		return size_text(a, g->bytes);
	if (d.snapshot == g)
		return "snapshot";
	return d.file || d.snapshot ? arena_printf(a, "that of %d", d.snapshot ? d.snapshot->number : d.file->number) : "the present one";
}

static void
generation_json(struct history *h, const struct generations *all, const struct generation *g)
{
	AUTO(buf) b = BUF_INIT;

	buf_addf(&b, "{\"generation\":%d", g->number);
	quote_json_member(&b, "made", time_text(&h->cli->arena, g->when_s * 1000, "%Y-%m-%dT%H:%M:%SZ", true));
	buf_addf(&b, ",\"before_run\":%" PRId64 ",\"bytes\":%" PRIu64, g->run, g->bytes);
	quote_json_member(&b, "disk", generation_disk_text(h, all, g));
	buf_addc(&b, '}');
	cli_print_line(b.s);
}

static int
show_generations(struct history *h, const char *name, struct error *err)
{
	static const char *const head[] = { "GENERATION", "MADE", "BEFORE RUN", "DISK" };
	auto_free char *dir = xasprintf("%s/%s", h->cli->env.home, name);
	AUTO(generations) all = { 0 };

	if (generations_read(&all, dir, err) < 0)
		return -1;
	begin_table(h, head, ARRAY_LEN(head));
	for (size_t i = 0; i < all.n; i++) {
		const struct generation *g = &all.v[i];

		h->shown++;
		if (cli_bool(h->cli, "json")) {
			generation_json(h, &all, g);
			continue;
		}
		table_cellf(&h->table, "%d", g->number);
		table_cell(&h->table, time_text(&h->cli->arena, g->when_s * 1000, "%Y-%m-%d %H:%M:%S", false));
		table_cellf(&h->table, "%" PRId64, g->run);
		table_cell(&h->table, generation_disk_text(h, &all, g));
	}
	history_print_table(h);
	return 0;
}

static int
history_show(struct cli *c, struct state *s, struct error *err)
{
	struct history h = { .cli = c };

	if (c->nargs && instance_exists(c, c->args[0]))
		return show_generations(&h, c->args[0], err);
	return c->nargs ? show_steps(&h, s, c->args[0], err) : show_runs(&h, s, err);
}

static int
run_history(struct cli *c, struct error *err)
{
	const struct state_opts o = { .flags = STATE_READ, .cancel = c->env.cancel };
	struct state *s;
	int r;

	if (state_open(&s, c->env.home, &o, err) < 0)
		return -1;
	r = history_show(c, s, err);
	/* Of a damaged one there is no history; the next who writes begins another */
	if (r < 0 && state_heal(s, NULL) == 1)
		r = history_show(c, s, err);
	state_close(s);
	return r;
}

const struct command command_history = {
	.name = "history",
	.group = GROUP_ADVANCED,
	.args = "[RUN|INSTANCE]",
	.about = "Show what was done here: the runs that changed something, the steps of one, or how an instance was before",
	.details = "Of the last 1,000 runs all is kept. A run that did not end is one that goes on, or that was killed.\n"
		   "Of an instance these are its generations: the lima.yaml that it had before a run, and its disk where that was at risk.\n"
		   "`limactl apply --undo RUN` goes back to what there was before that run.",
	.example = "limactl history\nlimactl history --limit=100 --json\nlimactl history 42\nlimactl history web",
	.complete = "@instance",
	.flags = flags,
	.max_args = 1,
	.quick = true,
	.run = run_history,
};
