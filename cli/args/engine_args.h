/*
 * cli/args/engine_args.h - engines of fleets on the command line: what there is on the hosts of one.
 */
#pragma once
#include "providers/cluster.h"

struct cli;
struct error;

/*
 * Opens the engine, and looks at all its nodes at once. Of a node that does not answer `why` says since when, which is noted in
 * $LIMA_HOME/_engines while it lasts. Both are to be released.
 */
int engine_look(struct cli *c, const struct engine_conf *conf, struct cluster *cluster, struct cluster_view *view, struct error *err);
