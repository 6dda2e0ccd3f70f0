/*
 * base/sandbox.h - a child that is to read what a stranger made, and can do nothing else.
 *
 * Two kinds: a program that is started in it (proc_opts.sandbox), and a part of ours after fork() that only computes
 * (unpacking). Root's has no capability but those to open its files. What this kernel cannot refuse stays possible: Landlock came with Linux 5.13, and
 * macOS has nothing of the kind: there only the bound of a file's size holds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct error;

struct sandbox {
	/* Paths of files and folders, NULL-terminated, or NULL: none. Links are followed now, by the parent. */
	const char *const *readable;
	const char *const *writable;	/* read, written, cut; nothing is made or removed beside them */
	uint64_t max_file_bytes;	/* no file grows beyond; writing more fails with EFBIG. 0: no bound */
	uint64_t max_memory_bytes;	/* of addresses. 0: no bound */
	/*
	 * false: for a program, which may read what programs need to start, and lacks the calls that reach beyond itself:
	 * sockets, other processes, mounts. true: open files, memory and the clock, and not one call more.
	 */
	bool computes;
};

/* The parent's part: the rules as a descriptor, to close; -1 with err; -2: this kernel has none to give. `program`: a path, or NULL. */
int sandbox_rules(const struct sandbox *s, const char *program, struct error *err);
/* The child's part, after fork(): only calls that are allowed there. -1 with errno. There is no way back. */
int sandbox_enter(const struct sandbox *s, int rules);
