/*
 * resources/away_files.h - what is kept on this host of fleets whose members are on others: in $LIMA_HOME/_engines.
 *
 *	FLEET.engine	what the fleet file says of its engine, so that `list` and `shell` need no fleet file
 *	NAME.member	of a member: its fleet and node, and the job that is on its way, with its id, from before it is submitted on
 *
 * Nothing in them is a secret, and all of it can be had again: by an apply of the fleet file, and from the nodes.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/engine_conf.h"

struct arena;
struct buf;
struct error;

struct away_member {
	const char *fleet, *node;	/* "": there is no such file */
	const char *key, *id;		/* of a job that may be on its way; "": none, or without an id */
};

/* 0 also where there is none. */
int away_member_read(const char *home, const char *name, struct arena *a, struct away_member *out, struct error *err);
int away_member_write(const char *home, const char *name, const struct away_member *m, struct error *err);
int away_member_remove(const char *home, const char *name, struct error *err);

void away_engine_text(const struct engine_conf *conf, struct buf *out);
/* What away_engine_text() said; false: it is nothing of that kind. */
bool away_engine_parse(const char *text, size_t len, struct arena *a, struct engine_conf *out);
char *away_engine_path(const char *home, const char *fleet);	/* to be freed */
