#include "cli/menu/menu.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

enum { NAME_LEAST = 8, STATUS_WIDE = 10, CPUS_WIDE = 5, BYTES_WIDE = 9, ARCH_WIDE = 8, SSH_WIDE = 16, BLANK = 1 };

/* In the order in which they go where the screen is narrow, the last first; the name has what the others leave. */
static const struct menu_column {
	const char *head;
	int wide;
	size_t at;		/* of the text in a row */
} columns[] = {
	{ "STATUS", STATUS_WIDE, offsetof(struct menu_row, status) },
	{ "SSH", SSH_WIDE, offsetof(struct menu_row, ssh) },
	{ "CPUS", CPUS_WIDE, offsetof(struct menu_row, cpus) },
	{ "MEMORY", BYTES_WIDE, offsetof(struct menu_row, memory) },
	{ "DISK", BYTES_WIDE, offsetof(struct menu_row, disk) },
	{ "ARCH", ARCH_WIDE, offsetof(struct menu_row, arch) },
};

/* How many of them there is room for, and what is left for the name. */
static size_t
columns_fit(int width, int *name)
{
	size_t n = ARRAY_LEN(columns);

	for (;; n--) {
		*name = width - 2;
		for (size_t i = 0; i < n; i++)
			*name -= columns[i].wide + BLANK;
		if (*name >= NAME_LEAST || n == 0)
			return n;
	}
}

static const char *
column_text(const struct menu_column *c, const struct menu_row *r)
{
	return *(const char *const *)((const char *)r + c->at);
}

/* As much of it as there is room for: the last column of a screen is never written, since some terminals would scroll. */
static void
draw_text(int y, int x, int wide, const char *text)
{
	if (wide > 0 && y >= 0 && y < LINES && x < COLS)
		mvaddnstr(y, x, text, wide < COLS - x ? wide : COLS - x);
}

static attr_t
menu_status_look(const struct menu *m, const char *status)
{
	bool runs = !strcmp(status, "Running"), broken = !strcmp(status, "Broken"), stopped = !strcmp(status, "Stopped");

	if (!m->colours)
		return runs ? A_BOLD : A_NORMAL;
	return (attr_t)COLOR_PAIR(runs ? MENU_GREEN : broken ? MENU_RED : stopped ? 0 : MENU_YELLOW);
}

static void
draw_row(const struct menu *m, int y, const struct menu_row *r, size_t ncolumns, int name)
{
	int x = 2 + name + BLANK;
	bool chosen = r == menu_chosen(m);

	if (chosen)
		attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	draw_text(y, 0, 2, chosen ? "> " : "  ");
	draw_text(y, 2, name, r->name);
	for (size_t i = 0; i < ncolumns; i++) {
		attr_t look = i == 0 && !chosen ? menu_status_look(m, r->status) : A_NORMAL;

		attron(look);
		draw_text(y, x, columns[i].wide, column_text(&columns[i], r));
		attroff(look);
		x += columns[i].wide + BLANK;
	}
	attroff(A_REVERSE);
}

static void
draw_head(const struct menu *m, size_t ncolumns, int name)
{
	char counts[64];
	int x = 2 + name + BLANK;

	snprintf(counts, sizeof counts, m->nshown == m->n ? "%zu instance%s" : "%zu of them shown", m->nshown == m->n ? m->n : m->nshown, m->n == 1 ? "" : "s");
	draw_text(0, 0, COLS, "limactl menu");
	draw_text(0, COLS - (int)strlen(counts) > 13 ? COLS - (int)strlen(counts) : 13, COLS, counts);
	attron(A_BOLD);
	draw_text(1, 2, name, "NAME");
	for (size_t i = 0; i < ncolumns; i++) {
		draw_text(1, x, columns[i].wide, columns[i].head);
		x += columns[i].wide + BLANK;
	}
	attroff(A_BOLD);
}

/* Where the next key of the legend goes, and, if there is a place for it, its words. */
static void
draw_key(int *y, int *x, bool drawn, const char *label, const char *about)
{
	int wide = (int)(strlen(label) + 1 + strlen(about));

	if (*x > 0 && *x + wide > COLS) {
		++*y;
		*x = 0;
	}
	if (drawn) {
		attron(A_BOLD);
		draw_text(*y, *x, COLS, label);
		attroff(A_BOLD);
		draw_text(*y, *x + (int)strlen(label) + 1, COLS, about);
	}
	*x += wide + 2;
}

/* From the line `y` on; how many lines they take at this width. */
static int
draw_keys(int y, bool drawn)
{
	int x = 0, from = y;

	for (size_t i = 0; i < menu_nkeys; i++)
		draw_key(&y, &x, drawn, menu_keys[i].label, menu_keys[i].about);
	draw_key(&y, &x, drawn, "/", "find");
	draw_key(&y, &x, drawn, "q", "quit");
	return y - from + 1;
}

static void
draw_note(const struct menu *m, int y)
{
	const struct menu_row *r = menu_chosen(m);
	char words[MENU_WORDS + 8];

	if (m->finding || (*m->words && !*m->note)) {
		snprintf(words, sizeof words, "/%s%s", m->words, m->finding ? "_" : "");
		draw_text(y, 0, COLS, words);
	} else {
		draw_text(y, 0, COLS - 1, *m->note || !r ? m->note : r->trouble);
	}
}

void
menu_draw(struct menu *m)
{
	int below = draw_keys(0, false), height = LINES - 2 - 1 - below, name;
	size_t ncolumns = columns_fit(COLS, &name), rows;

	if (height < 1)
		height = LINES > 3 ? LINES - 3 : 1;
	rows = (size_t)height;
	if (m->at < m->top)
		m->top = m->at;
	if (m->at >= m->top + rows)
		m->top = m->at - rows + 1;
	erase();
	draw_head(m, ncolumns, name);
	for (size_t i = 0; i < rows && m->top + i < m->nshown; i++)
		draw_row(m, 2 + (int)i, m->shown[m->top + i], ncolumns, name);
	if (!m->n)
		draw_text(3, 2, COLS, "There is no instance yet: `limactl start NAME` makes one.");
	else if (!m->nshown)
		draw_text(3, 2, COLS, "None has these words.");
	draw_note(m, 2 + height);
	if (LINES - 3 - below >= 1)
		draw_keys(3 + height, true);
	move(m->finding ? 2 + height : m->nshown ? 2 + (int)(m->at - m->top) : 0, m->finding ? (int)strlen(m->words) + 1 : 0);
	refresh();
}
