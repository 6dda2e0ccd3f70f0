/*
 * base/view.h - folders of the host as somebody else is to see them: parts of them are not there, or nothing can be changed.
 *
 *	fork();
 *	if (view_begin() == 0)
 *		folder = view_folder(folder, &(struct view){ .hidden = paths, .nhidden = n });
 *
 * For a child after fork() that is about to become another program: the view is a mount name space of its own (mount_namespaces(7)), and
 * whatever it becomes cannot leave it. macOS has none. Root needs CAP_SYS_ADMIN for it; others make a user name space first, in which files of other
 * users look like nobody's. Neither is possible in many containers, nor once Landlock has been put on.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Where the last folder of a view is for a program that takes a name: nothing that serves files has another use for it. */
#define VIEW_PLACE "/sys/firmware"

struct view {
	/* Absolute, no links: files and folders that are empty in the view, and cannot be moved, nor the folders above them. What a folder is in itself stays. */
	const char *const *hidden;
	size_t nhidden;
	bool read_only;			/* also what is mounted below it; Linux 5.12 */
};

/* Could a child of this process have one? Tried by a child. */
bool view_possible(void);
/* What of `path` is below the folder, without a slash in front; NULL: nothing. */
const char *view_path_below(const char *folder, const char *path);
/* Is something of `hidden` below the folder at `path` (no links), which is not in there itself? */
bool view_hides(const struct view *v, const char *path);

/* Only system calls, here and below. -1 with errno. */
int view_begin(void);
/* O_PATH of the same folder, which was opened before view_begin(), in the view. -1 with errno; ESTALE: it has been moved meanwhile. */
int view_folder(int folder, const struct view *v);
/* The folder of that name is empty for this process, by its own name; nothing happens where there is none. -1 with errno. */
int view_cover(const char *path);
