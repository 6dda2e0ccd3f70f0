/*
 * providers/written.h - the folders of this host that guests of this home have been given to write: HOME/_guests/written.
 *
 * What is in such a folder can be a link that a guest has put there, also of another instance, and also of one that is
 * stopped or gone. So a folder that was once on the list stays on it; and the list is not in _state, which may be deleted at any
 * time, as nobody could tell it anew.
 */
#pragma once
#include <stddef.h>

struct error;
struct guarded;

#define WRITTEN_FILE "_guests/written"

/* Before a guest gets them. The file is there afterwards, also with none. */
int written_add(const char *home, const char *const *folders, size_t n, struct error *err);
/* All of them (base/guarded.h). Where the list cannot be read each folder may be one of them, so that no link is followed anywhere. */
void written_guard(const char *home, struct guarded *g);
/*
 * May the file or folder of that path be opened by its name? -1 with ELOOP: a link that a guest can have put there is in
 * the way. What is not there may.
 */
int written_check(const char *home, const char *path, struct error *err);
/* Appends the content of a file, at most `max` bytes, read behind the same check. */
struct buf;
int written_read(const char *home, const char *path, struct buf *out, size_t max, struct error *err);
