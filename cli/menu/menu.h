/*
 * cli/menu/menu.h - a screen of instances: what it holds, and its parts.
 *
 * One thread. Strings of rows are in `mem`, and last until the instances are read again. Errors are for the last line of the screen; only one
 * of the terminal ends the program.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct error;

enum { MENU_WORDS = 128, MENU_NOTE = 1100 };
enum { MENU_GREEN = 1, MENU_YELLOW, MENU_RED };	/* pairs of colours */

struct menu_row {
	const char *name, *dir, *status, *cpus, *memory, *disk, *arch, *ssh, *trouble;	/* as they are shown; "" where unknown */
};

struct menu {
	const char *limactl;		/* the program that began this one */
	struct arena mem;
	struct menu_row *rows;		/* all of them */
	size_t n;
	const struct menu_row **shown;	/* those that have the words looked for */
	size_t nshown;
	size_t at, top;			/* in `shown`: the chosen one, and the first on the screen */
	char words[MENU_WORDS];		/* looked for; "" for all */
	bool finding;			/* keys are words now */
	bool colours;
	char note[MENU_NOTE];		/* the last line */
};

void menu_release(struct menu *m);
/* NULL: there is none. */
const struct menu_row *menu_chosen(const struct menu *m);

/* Reads the instances anew. The chosen one stays chosen, by its name. */
int menu_read(struct menu *m, struct error *err);
/* Which of them are shown, by m->words. */
void menu_find(struct menu *m);
void menu_move(struct menu *m, long by);

void menu_draw(struct menu *m);

/* What a key does. */
struct menu_key {
	int key;
	const char *label, *about;	/* as the screen names them */
	const char *const *words;	/* of limactl, before the name; NULL: the program `pager` on the instance's logs */
	const char *question;		/* to be answered with y first, "%s" for the name; NULL: none */
	bool returns;			/* to the screen, at once, where all went well */
};
extern const struct menu_key menu_keys[];
extern const size_t menu_nkeys;
const struct menu_key *menu_key_of(int key);

/* Leaves the terminal to what the key does for the chosen one; back when it has ended. */
void menu_go_away(struct menu *m, const struct menu_key *k, const struct menu_row *r);
