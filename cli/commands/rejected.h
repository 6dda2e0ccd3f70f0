/*
 * cli/commands/rejected.h - an edited lima.yaml that is refused: the old one stays, and what was typed is not lost.
 *
 * It can be opened again at once, or is kept as $LIMA_HOME/_state/rejected/NAME.yaml, the last one of each name. `name` is the
 * instance's, or the path of a file that was edited.
 */
#pragma once

struct cli;
struct error;
struct template;

/* Keeps it; err, which says why it is refused, says where then. -1 */
int rejected_keep(struct cli *c, const char *name, const struct template *t, struct error *err);
/*
 * Asks whoever sits at the terminal what is to become of it. 1: the editor is to open again, and err is still why; else it is kept
 * or thrown away, and err says so: -1. Where nobody can be asked it is kept.
 */
int rejected_ask(struct cli *c, const char *name, const struct template *t, struct error *err);
/* An edit of that name was taken: what was kept of an earlier one is of no use any more. */
void rejected_forget(struct cli *c, const char *name);
/* Comment lines for the head of the text that is opened again; in c->arena. */
const char *rejected_head(struct cli *c, const struct error *why);
