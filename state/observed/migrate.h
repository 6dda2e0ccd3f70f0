/* state/observed/migrate.h - what migrations do that SQL cannot say. Inside their transaction. */
#pragma once

struct error;
struct state;

/* From the packed needs and stands_on of version 1 to rows of `edge`; the two columns go. */
int migrate_edges(struct state *s, struct error *err);
