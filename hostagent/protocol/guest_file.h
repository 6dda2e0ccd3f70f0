/*
 * hostagent/protocol/guest_file.h - what a file of the guest is, in a word, for comparing it with what was put there.
 *
 * "640 1f2e3d4c5b6a7988": its permissions, and the beginning of the digest of its contents; "gone"; "other": no ordinary file, or more
 * than is read of it. What a guest says is one of these, or nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct error;

#define GUEST_FILE_GONE "gone"

/* A shell's function: `look PATH` says that word, and a newline. Of root's. */
extern const char guest_file_look[];
/* The word for a file that was written of that text with these octal permissions; in `a`. */
const char *guest_file_word(struct arena *a, const char *text, size_t len, const char *permissions);
/* The word at `said`, if it is one; in `a`. NULL: it is none. */
const char *guest_file_read(struct arena *a, const char *said, size_t len);
/*
 * What the file is now, by the host agent's own connection; in `a`. NULL: nobody knows, as the guest does not answer at once, or is not
 * there. Never waits for longer than a moment.
 */
const char *ha_guest_file(const char *dir, const char *path, struct arena *a);
