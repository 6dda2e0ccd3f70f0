/* cli/view/drift_view.h - `plan --drift`: what changed behind our back, alone, with the two ways out of it. */
#pragma once

struct cli;
struct engine;
struct error;
struct run;

/* As run.shows: prints it, as text or as the JSON of a plan. The exit status: with --detailed-exitcode 2 if there is any. */
int drift_view_print(struct cli *c, const struct run *r, struct engine *e, struct error *err);
