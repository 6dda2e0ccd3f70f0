/*
 * guest/init/accounts.h - edits of /etc/passwd, group and shadow, and of other files by line.
 *
 * Pure: the old text in, the new text out; lines that are none of our business are
 * kept byte for byte. Callers check names and paths first.
 */
#pragma once
#include <stdbool.h>

struct buf;

struct account {
	const char *name, *comment, *home, *shell;
	unsigned uid, gid;
};

/* A name that every tool accepts: [A-Za-z_][A-Za-z0-9_.-]*, at most 32 long. */
bool account_name_ok(const char *s);
/* An absolute path of printable characters without ':' and without ".." */
bool account_path_ok(const char *s);
/* A host name: letters, digits, '-' and '.', at most 64. */
bool host_name_ok(const char *s);

/* The user's line as wanted, in its old place or at the end. Of the comment only what may stand there is used. */
void passwd_set(const char *old, const struct account *a, struct buf *out);
/* A line without password for a user that has none yet. */
void shadow_set(const char *old, const char *name, struct buf *out);
/* A group of that name and number; its members stay. */
void group_set(const char *old, const char *name, unsigned gid, struct buf *out);
/* `user` in, or not in, the member list of an existing group. */
void group_set_member(const char *old, const char *group, const char *user, bool in, struct buf *out);
/* The number of the group `name`; if there is none, `wanted` or the first free one from 1000 on. */
unsigned group_choose(const char *text, const char *name, unsigned wanted);

/* /etc/hosts: ours are the lines that name host.lima.internal, and the one of 127.0.1.1. gateway may be "". */
void hosts_set(const char *old, const char *hostname, const char *gateway, struct buf *out);
/* /etc/environment: everything between the #LIMA-START and #LIMA-END lines is replaced by `block` (which has the marks). */
void environment_set(const char *old, const char *block, struct buf *out);
/* authorized_keys: the key's line is appended unless it is there. */
void line_add(const char *old, const char *line, struct buf *out);
