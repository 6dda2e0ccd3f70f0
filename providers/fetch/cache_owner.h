/*
 * providers/fetch/cache_owner.h - whose is what lies in the cache?
 *
 * What somebody else can write he can make say whatever he likes, the note that it was checked included. So a folder or
 * file of the cache counts only if it is ours, or root's, and nobody else can write to it: neither group nor others.
 */
#pragma once
#include <stdbool.h>

/* The folder itself, no link to one. */
bool cache_folder_is_ours(const char *path);
/* An ordinary file, no link to one. */
bool cache_file_is_ours(const char *path);
/*
 * Can a cache be kept at `cache`, which need not exist? All folders in it that are there, and all on the way to it, must be
 * ours; one on the way may be open to all if it is sticky, as /tmp is.
 */
bool cache_place_is_ours(const char *cache);
