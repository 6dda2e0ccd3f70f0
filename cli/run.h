/*
 * cli/run.h - a goal handed to the engine: the one way by which commands change anything.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "cli/cli.h"
#include "reconciler/engine.h"

struct run {
	struct ask *asks;
	size_t nasks;
	bool dry;		/* plan: print, do not walk */
	bool quiet;		/* do not print the plan before the walk: start, stop, ... */
	bool json;
	bool detailed_exitcode;
	bool ask_first;		/* confirm on a terminal */
};

/* Locks, looks, plans, prints, walks. The exit status, or -1. */
int run_engine(struct cli *c, const struct run *r, struct error *err);
extern const struct flag run_flags[];	/* -j, --keep-going, --no-wait, --timeout */
