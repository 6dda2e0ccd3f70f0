/*
 * cli/rounds/watched.h - what `apply --watch` rests on, by events of the kernel: texts of the user's, folders of instances, and the
 * processes that serve them.
 *
 * A file is watched by its folder, so an editor that saves by another name, and a file that is gone for a moment, are events like any
 * other; of a folder that is not there, the one above it. Whatever was named stays watched: watched_again() is to be called when
 * folders may have come and gone.
 */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/os/news.h"
#include "base/process.h"
#include "cli/view/tail.h"

struct error;

enum watched_event {
	WATCHED_TEXT = 1,	/* somebody has saved */
	WATCHED_WORLD = 2,	/* something of an instance is another */
};

struct watched {
	struct os_news news;
	const char *home;
	struct watched_place {
		enum { PLACE_FILE, PLACE_FOLDER, PLACE_INSTANCE } kind;
		char *path;		/* of an instance its folder */
		struct process agent;	/* of an instance that runs */
		struct tail events;	/* what its agent says */
	} *v;
	size_t n, cap;
	struct watched_dir {
		int wd;			/* of the kernel's */
		size_t place;		/* whose this is */
		char *name;		/* what counts in it; NULL: all that its place is about */
	} *dirs;
	size_t ndirs, dirs_cap;
};

int watched_open(struct watched *w, const char *home, struct error *err);
void watched_release(struct watched *w);
/* A text; a folder with texts; an instance by its name. Named twice is once. They count from the next watched_again() on. */
void watched_file(struct watched *w, const char *path);
void watched_folder(struct watched *w, const char *path);
void watched_instance(struct watched *w, const char *name);
/* What is there now is watched, what is not by the folder above it. */
void watched_again(struct watched *w);
/* What to poll for, appended to `v`, which has room for w->n + 1; how many. */
size_t watched_poll(const struct watched *w, struct pollfd *v);
/* What has happened, of enum watched_event: 0 is nothing that counts. Never waits. */
int watched_read(struct watched *w, const struct pollfd *v, size_t n);
