/*
 * cli/away/errand.h - what the engine of a fleet wants of this host, which is one of its hosts: each job by itself, all of them in one run.
 *
 * What became of a job is said in the log as soon as it is known, in an event with the fields `job`, `end` (done, failed, left, stale) and `error`.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct error;

struct errand_job {
	const char *name, *goal;	/* "running", "stopped", "absent" */
	const char *note;		/* as resources/engine_note.h has it */
	long long expects;		/* the generation that it rests on */
	const char *const *after;	/* members that it depends on */
	size_t nafter;
	const char *text;		/* its lima.yaml */
	bool told;
};

struct errand {
	const char *fleet;
	struct errand_job *jobs;
	size_t n;
};

/* From standard input, in c->arena. */
int errand_read(struct cli *c, struct errand *out, struct error *err);
/* The lima.yaml of the only job is standard input. */
int errand_read_text(struct cli *c, struct errand_job *job, struct error *err);
/* The exit status, or -1; with one job the error is the job's, else each is told by itself. */
int errand_run(struct cli *c, struct errand *x, struct error *err);
