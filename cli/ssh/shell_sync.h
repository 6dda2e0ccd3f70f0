/*
 * cli/ssh/shell_sync.h - `shell --sync DIR`: a folder of the host goes along into the guest, and what a command
 * changed there comes back.
 *
 * For guests that mount nothing: what runs inside can touch its copy only, and with a terminal the user sees what
 * changed before the host's files do. rsync does the copying, over the instance's own SSH (upstream's way, so that
 * the folder in the guest is the same one: the guest user's home + the host's path).
 */
#pragma once
#include "cli/view/instance.h"

struct error;

struct shell_sync {
	struct cli *cli;
	struct instance *instance;
	const char *host_dir;	/* absolute, links resolved */
	const char *guest_dir;
};

/* Fills `s`, or says why not: mounts, no rsync, a folder too near the root, --workdir. Strings live in i's arena. */
int shell_sync_begin(struct shell_sync *s, struct cli *c, struct instance *i, const char *dir, struct error *err);
int shell_sync_in(const struct shell_sync *s, struct error *err);
/* Once the command has succeeded: back at once, or with a terminal as the user decides; then the guest's copy goes. */
int shell_sync_back(const struct shell_sync *s, struct error *err);

/* What `rsync --itemize-changes` tells of a run. */
struct sync_changes {
	unsigned added, deleted, modified, metadata;
};
struct sync_changes sync_changes_count(const char *itemized);
