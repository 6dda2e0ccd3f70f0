/*
 * tests/engine/memory_vfs.h - SQLite's files in shared memory: as safe against SIGKILL as real ones, and without a system call.
 *
 * For one process at a time: a child that is killed leaves to its parent what it had written. The database and its journal
 * are told apart by their names; nothing else is opened.
 */
#pragma once
#include <stddef.h>

/* Becomes the default of this process and its children. */
void memory_vfs_start(void);
void memory_vfs_end(void);
/* The database is a copy of that, and has no journal; len 0: there is none. */
void memory_vfs_reset(const void *database, size_t len);
/* What the database is now; borrowed. */
const void *memory_vfs_database(size_t *len);
