/*
 * providers/drivers/qemu/args.h - the argument list of a QEMU as it grows, shared by the parts of it.
 *
 *	args.c          the list itself: a word, an option with its value, quoting
 *	argv.c          the machine: memory, processor, firmware, kernel, control; and the order of all
 *	argv_devices.c  what is plugged into it: disks, networks, sound, screen, consoles, folders
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "providers/drivers/qemu/qemu.h"

/* The argument list as it grows. */
struct args {
	const struct qemu_machine *m;
	const struct machine *is;	/* what of it is nobody's in particular */
	const struct qemu_arch *arch;
	struct arena *mem;
	const char **v;		/* on the heap until it is complete */
	size_t n, cap;
	size_t ports;		/* of switches, so far */
};

/* --- args.c */
void args_release(struct args *a);
bool argv_given(const char *s);
void argv_word(struct args *a, const char *s);
/* Options that QEMU takes once: the user's words ($QEMU_SYSTEM_*) win over ours. */
bool argv_taken(const struct args *a, const char *option);
void argv_add_one(struct args *a, const char *option, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A value inside an option list. */
const char *argv_val(struct args *a, const char *s);
const char *argv_in_dir(struct args *a, const char *name);

/* --- argv_devices.c */
void argv_disks(struct args *a);
/* Behind the disks: a snapshot's memory goes to the first drive that can have one. */
void argv_variables(struct args *a);
void argv_tpm(struct args *a);
void argv_network(struct args *a);
void argv_audio(struct args *a);
void argv_video(struct args *a);
void argv_consoles(struct args *a);
void argv_mounts(struct args *a);
