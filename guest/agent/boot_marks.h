/*
 * guest/agent/boot_marks.h - how far the guest's boot is, by what the boot scripts leave in /run.
 *
 * The folder is watched while somebody watches: nothing is asked for again and again.
 */
#pragma once
#include "guest/agent/loop.h"
#include "guest/wire/ga_msg.h"

struct boot_marks;

struct boot_watcher {
	struct boot_watcher *next;
	/* It is another now; read boot_marks_now(). */
	void (*changed)(struct boot_watcher *w);
};

/* NULL: the folder cannot be watched here. */
struct boot_marks *boot_marks_new(struct loop *l, const char *dir);
void boot_marks_free(struct boot_marks *b);
void boot_marks_add(struct boot_marks *b, struct boot_watcher *w);
void boot_marks_remove(struct boot_marks *b, struct boot_watcher *w);
/* As it was when it was last looked at; it is looked at when the first watcher comes. */
const struct ga_boot *boot_marks_now(const struct boot_marks *b);
