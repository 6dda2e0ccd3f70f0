/*
 * cli/view/report.h - what a run has come to, for programs: `apply --json` ends with it, `--junit FILE` is made of it.
 *
 * {"result": {"status", "seconds", "error", "lines", "counts": {"done", "failed", "cancelled", "skipped"},
 *	"steps": [{"instance", "type", "name", "action", "status", "seconds", "error", "lines"}],
 *	"instances": [{"name", "error", "conditions": [{"group", "what", "probe", "state", "seconds", "said"}]}]}}
 * `lines` are what an error has behind its first line: what a guest's console said last.
 * The status of the run is done, failed or cancelled; that of a step is done, failed, cancelled or skipped.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cJSON;
struct cli;
struct engine;
struct error;

struct report {
	struct cJSON *steps, *instances; /* NULL: it never came to a plan */
	long long began_ms;
	size_t done, failed, cancelled, skipped;
};

void report_begin(struct report *r);
/* What has become of the steps of a plan, and of what its instances are waited for with; before the engine is released. */
void report_take(struct report *r, const struct engine *e);
/*
 * The run has come to its end, well or with `err`: prints and writes what the command was told to. The status, or -1 with `err`, also
 * when that cannot be written.
 */
int report_finish(struct cli *c, struct report *r, int status, struct error *err);
void report_release(struct report *r);
