/*
 * cli/view/disagree.h - two who want another value of one key: who set it last, and who sets it now, with both ways out.
 *
 * Of each instance whose lima.yaml a plan changes. A file and the instance's own copy are told of in texts.h; this is about commands,
 * hands, clients and fleets.
 */
#pragma once

struct buf;
struct cJSON;
struct cli;
struct engine;

/* A line for each such key. */
void disagree_text(struct cli *c, const struct engine *e, struct buf *out);
/* The same, as "disagreements" of `root`: left out where there are none. */
void disagree_json(struct cli *c, const struct engine *e, struct cJSON *root);
