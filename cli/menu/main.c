/* lima-menu - a screen of instances (menu.h). `limactl menu` becomes it: $LIMACTL is that program, $LIMA_HOME its home. */
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/os/news.h"
#include "cli/menu/menu.h"

enum { ESCAPE = 27, ESCAPE_MS = 25, QUIET_MS = 100, FOLDERS_MAX = 4096 };

static void
menu_on_news(void *ctx, const struct os_event *e)
{
	(void)ctx, (void)e;
}

/* What comes and goes in the home, and in each instance's folder, where files tell whether it runs. */
static void
news_of_all(struct os_news *news, const struct menu *m, const char *home)
{
	static const char *const none[] = { NULL };
	unsigned what = NEWS_CREATED | NEWS_MOVED_TO | NEWS_MOVED_FROM | NEWS_DELETED;

	os_news_add(news, home, what, none);
	for (size_t i = 0; i < m->n && i < FOLDERS_MAX; i++)
		os_news_add(news, m->rows[i].dir, what, none);
}

static void
read_again(struct menu *m, struct os_news *news, const char *home)
{
	struct error err;

	if (menu_read(m, &err) < 0)
		snprintf(m->note, sizeof m->note, "%s", err.msg);
	else
		news_of_all(news, m, home);
}

/* A start makes some twenty files: what comes together is read once, when it has been quiet for a moment. */
static bool
news_came(struct os_news *news)
{
	struct pollfd p = { .fd = news->fd, .events = POLLIN };
	bool came = false;

	while (poll(&p, 1, came ? QUIET_MS : 0) > 0 && (p.revents & POLLIN)) {
		os_news_take(news, menu_on_news, NULL);
		came = true;
	}
	return came;
}

static bool
is_yes(struct menu *m, const struct menu_key *k, const struct menu_row *r)
{
	int c;

	snprintf(m->note, sizeof m->note, k->question, r->name);
	menu_draw(m);
	nodelay(stdscr, FALSE);
	while ((c = getch()) == KEY_RESIZE)
		menu_draw(m);
	nodelay(stdscr, TRUE);
	*m->note = '\0';
	return c == 'y' || c == 'Y';
}

static void
on_word_key(struct menu *m, int c)
{
	size_t n = strlen(m->words);

	if (c == ESCAPE)
		*m->words = '\0';
	if (c == ESCAPE || c == '\n' || c == KEY_ENTER)
		m->finding = false;
	else if ((c == KEY_BACKSPACE || c == 127 || c == '\b') && n > 0)
		m->words[n - 1] = '\0';
	else if (c >= ' ' && c < 127 && n + 1 < sizeof m->words)
		m->words[n] = (char)c, m->words[n + 1] = '\0';
	menu_find(m);
}

static void
on_action(struct menu *m, const struct menu_key *k)
{
	const struct menu_row *r = menu_chosen(m);

	if (!r || (k->question && !is_yes(m, k, r)))
		return;
	menu_go_away(m, k, r);
}

/* false: it is the end. */
static bool
on_key(struct menu *m, int c, bool *changed)
{
	const struct menu_key *k;

	if (c == KEY_RESIZE)
		return true;
	if (m->finding) {
		on_word_key(m, c);
		return true;
	}
	*m->note = '\0';
	switch (c) {
	case 'q':
		return false;
	case '/':
		m->finding = true;
		return true;
	case ESCAPE:
		*m->words = '\0';
		menu_find(m);
		return true;
	case KEY_UP: case 'k':
		menu_move(m, -1);
		return true;
	case KEY_DOWN: case 'j':
		menu_move(m, 1);
		return true;
	case KEY_PPAGE:
		menu_move(m, -LINES / 2);
		return true;
	case KEY_NPAGE:
		menu_move(m, LINES / 2);
		return true;
	case KEY_HOME: case 'g':
		menu_move(m, -(long)m->nshown);
		return true;
	case KEY_END: case 'G':
		menu_move(m, (long)m->nshown);
		return true;
	default:
		k = menu_key_of(c == KEY_ENTER || c == '\r' ? '\n' : c);
		if (k)
			on_action(m, k);
		*changed |= k != NULL;
		return true;
	}
}

static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	ended = sig;
}

static int
menu_loop(struct menu *m, struct os_news *news, const char *home)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = news->fd, .events = POLLIN } };

	for (;;) {
		bool changed = false;
		int c;

		menu_draw(m);
		if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
			return 1;
		if (ended)
			return 128 + ended;
		while ((c = getch()) != ERR)
			if (!on_key(m, c, &changed))
				return 0;
		if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return 1;
		changed |= news_came(news);
		if (changed)
			read_again(m, news, home);
	}
}

static void
screen_begin(struct menu *m)
{
	struct sigaction end = { .sa_handler = on_signal };

	/* curses leaves signals alone for which there is a handler already, and would end us with a status that says nothing. */
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	m->colours = !getenv("NO_COLOR") && has_colors() && start_color() == OK && use_default_colors() == OK;
	if (m->colours) {
		init_pair(MENU_GREEN, COLOR_GREEN, -1);
		init_pair(MENU_YELLOW, COLOR_YELLOW, -1);
		init_pair(MENU_RED, COLOR_RED, -1);
	}
}

int
main(void)
{
	const char *home = getenv("LIMA_HOME"), *limactl = getenv("LIMACTL");
	AUTO(os_news) news = OS_NEWS_NONE;
	AUTO(menu) m = { .limactl = limactl };
	struct error err;
	int status;

	setlocale(LC_ALL, "");
	if (!home || !limactl || os_news_open(&news, false) < 0) {
		fputs("lima-menu: it is begun by `limactl menu`\n", stderr);
		return 1;
	}
	if (menu_read(&m, &err) < 0) {
		fprintf(stderr, "limactl menu: %s\n", err.msg);
		return 1;
	}
	news_of_all(&news, &m, home);
	screen_begin(&m);
	status = menu_loop(&m, &news, home);
	endwin();
	return status;
}
