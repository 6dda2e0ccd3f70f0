/* cli/view/reach.h - what instances that a plan makes get of this host (spec_reach()), told before it is done. */
#pragma once

struct buf;
struct cJSON;
struct cli;
struct plan;

void reach_text(struct buf *out, const struct plan *p);	/* a line each */
void reach_json(struct cJSON *root, const struct plan *p);	/* "reach": {"NAME": "..."} */
void reach_say(const struct cli *c, const struct plan *p);	/* for who does not show the plan */
