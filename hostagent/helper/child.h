/*
 * hostagent/helper/child.h - a program that is started for the guest: without our environment, and with the privileges it is given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

struct child_words {
	const char *program;	 /* a full path; NULL: argv[0] is one */
	const char *const *argv; /* NULL-terminated */
	const char *log;	 /* stdout and stderr, truncated; NULL: stderr is nothing */
	int socket;		 /* without `log`: its stdin and stdout */
	const int *folders;		/* it is to have from SFTPD_FOLDER_FD on */
	size_t nfolders;
	const struct view *view;	/* as it is to see them (base/view.h); NULL: as they are */
	bool by_name;			/* it has the one of them at VIEW_PLACE instead */
	const char *const *covered;	/* with a view: empty folders for it, by their own names; NULL at the end */
	const char *const *files;	/* all that it can open (providers/launch.h); none: what it is allowed to anyway */
	size_t nfiles;
	uint64_t capabilities;	 /* at most; base/privilege.h */
	bool no_set_id;		 /* it gives no file a set-user-ID bit (base/syscalls.h) */
	unsigned user;		 /* whom root becomes, user and group; 0: nobody else */
};

/* In a session of its own, with none of our descriptors. Its number; -1. */
pid_t helper_child_start(const struct child_words *w, struct error *err);
