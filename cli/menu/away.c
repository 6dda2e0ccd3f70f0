#include "cli/menu/menu.h"

#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"

enum { MOST_WORDS = 8 };

extern char **environ;

/* In the foreground, with the terminal: its status, or what a shell would say of its signal; -1 with errno. */
static int
menu_away_run(const char *const argv[])
{
	struct sigaction ours = { .sa_handler = SIG_IGN }, was;
	posix_spawnattr_t how;
	sigset_t reset;
	int why, status = 0;
	pid_t pid;

	sigemptyset(&reset);
	sigaddset(&reset, SIGINT);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigdefault(&how, &reset);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
	/* Ctrl-C is for what runs, and not for the menu that waits for it. */
	sigaction(SIGINT, &ours, &was);
	why = posix_spawnp(&pid, argv[0], NULL, &how, (char *const *)(uintptr_t)argv, environ);
	while (!why && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &was, NULL);
	posix_spawnattr_destroy(&how);
	if (why) {
		errno = why;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
menu_away_wait(int status)
{
	int c;

	if (status < 0)
		fprintf(stderr, "%s\n", strerror(errno));
	else if (status > 0)
		fprintf(stderr, "(status %d)\n", status);
	fputs("Enter goes back to the menu. ", stderr);
	while ((c = getchar()) != EOF && c != '\n')
		;
	clearerr(stdin);
}

/* The guest writes into one of them, so the pager may neither run anything nor pass anything on to the terminal. */
static int
menu_away_logs(const struct menu_row *r)
{
	static const char *const files[] = { "ha.stderr.log", "serial.log" };
	static const char *const pager[] = { "env", "-u", "LESS", "-u", "LESSOPEN", "LESSSECURE=1", "less", "--" };
	const char *argv[ARRAY_LEN(pager) + ARRAY_LEN(files) + 1] = { 0 };
	AUTO(arena) a = { 0 };
	size_t n = 0;

	for (; n < ARRAY_LEN(pager); n++)
		argv[n] = pager[n];
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *path = arena_printf(&a, "%s/%s", r->dir, files[i]);

		if (fs_exists(path))
			argv[n++] = path;
	}
	if (n > ARRAY_LEN(pager))
		return menu_away_run(argv);
	fprintf(stderr, "%s has no log: it was never started.\n", r->name);
	return 1;
}

static int
menu_away_command(const struct menu *m, const struct menu_key *k, const struct menu_row *r)
{
	const char *argv[MOST_WORDS] = { m->limactl };
	size_t n = 1;

	for (size_t i = 0; k->words[i] && n < MOST_WORDS - 2; i++)
		argv[n++] = k->words[i];
	argv[n] = r->name;
	fputs("$ limactl", stderr);
	for (size_t i = 1; argv[i]; i++)
		fprintf(stderr, " %s", argv[i]);
	fputc('\n', stderr);
	return menu_away_run(argv);
}

void
menu_go_away(struct menu *m, const struct menu_key *k, const struct menu_row *r)
{
	int status;

	def_prog_mode();
	endwin();
	status = k->words ? menu_away_command(m, k, r) : menu_away_logs(r);
	if (status != 0 || !k->returns)
		menu_away_wait(status);
	reset_prog_mode();
	clearok(stdscr, TRUE);
	if (status == 0)
		snprintf(m->note, sizeof m->note, "%s %s: done", k->about, r->name);
	else
		snprintf(m->note, sizeof m->note, "%s %s: status %d", k->about, r->name, status);
}
