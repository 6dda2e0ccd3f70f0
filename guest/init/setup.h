/*
 * guest/init/setup.h - the guest's own files, brought to what cidata wants.
 *
 * All of it is done at every boot and changes only what differs, so that a user's own
 * edits of these files stay.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct cidata;

struct setup_user {
	const char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
};

void setup_host(const struct cidata *c);		/* hostname, /etc/hosts, machine-id */
void setup_environment(const struct cidata *c);		/* /etc/environment */
/* The user, its group, home, keys and right to sudo. False: cidata names none that is possible (said). */
bool setup_account(const struct cidata *c, struct setup_user *u);
/* Small files of our own, such as the markers in /run: replaced whole. */
void setup_write(const char *path, const char *text, mode_t mode);
