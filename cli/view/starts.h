/* cli/view/starts.h - how machines that ask for `warmStart` start by a plan: from a saved one, to be saved, or cold, and why. */
#pragma once

struct buf;
struct cJSON;
struct env;
struct plan;

void starts_text(struct buf *out, const struct env *env, const struct plan *p);	/* a line for each */
void starts_json(struct cJSON *root, const struct env *env, const struct plan *p);	/* "starts": {"NAME": {"how", "machine", "why"}} */
