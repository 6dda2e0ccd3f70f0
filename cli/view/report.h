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
#include <stddef.h>

#include "cli/cli.h"

struct cJSON;
struct engine;
struct error;

struct report {
	struct cJSON *steps, *instances; /* NULL: it never came to a plan */
	long long began_ms;
	size_t done, failed, cancelled, skipped;
};

/* --junit, of each command that may start a guest. */
extern const struct flag report_flags[];

/*
 * The body of a command, with a report of all that the engine does in it: prints and writes what the command was told to, however `go`
 * ends. Its status, or -1 with `err`, also when the report cannot be written.
 */
int report_run(struct cli *c, int (*go)(struct cli *c, struct error *err), struct error *err);
/*
 * What has become of the steps of a plan, and of what its instances are waited for with; before the engine is released. A further plan
 * of the same command adds to it.
 */
void report_take(struct report *r, const struct engine *e);
