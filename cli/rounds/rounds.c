#include "cli/rounds/rounds.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/process.h"
#include "cli/args/edit_flags.h"
#include "cli/args/files.h"
#include "cli/args/flags.h"
#include "cli/plan/plan_file.h"
#include "cli/rounds/round.h"
#include "cli/rounds/watched.h"
#include "cli/run.h"
#include "state/desired/template/name.h"

enum {
	QUIET_MS = 100,			/* so long nothing is saved any more, */
	PATIENCE_MS = 2000,		/* or it is not waited for any longer */
	RESTLESS = 5, RESTLESS_MS = 5 * 60 * 1000,	/* repaired so often within that, it is left */
	CHUNK = 4096,
};

const struct flag rounds_flags[] = {
	{ "watch", 'w', FLAG_BOOL, .about = "Go on: do it again whenever a file is saved, or something of the instances has changed, until Ctrl-C" },
	{ 0 },
};

struct rounds {
	struct cli *c;
	struct watched watched;
	int timer, pipe;		/* of quiet; from the round, which has ended when this has */
	pid_t child;			/* 0: no round is on its way */
	struct buf told;		/* what the round has said, from its last whole word on */
	size_t known;			/* places that were watched when it began */
	int pending;			/* enum watched_event, since then */
	long long since;		/* of the first of them; 0: none */
	bool by_text, steps, called_off;
	bool deaf;			/* to all but texts */
	size_t repaired;
	long long repaired_since;
	sigset_t as_it_was;		/* signals that are let through while it waits */
};

static void
rounds_release(struct rounds *w)
{
	watched_release(&w->watched);
	if (w->timer >= 0)
		close(w->timer);
	if (w->pipe >= 0)
		close(w->pipe);
	buf_release(&w->told);
}

static void
rounds_catch(struct rounds *w)
{
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_BLOCK, &block, &w->as_it_was);
}

/* --- what is watched from the beginning --- */

/* Where nothing was named it is settled now what is meant: a file that is gone for a moment must not make it every instance there is. */
static int
rounds_settle_words(struct cli *c, struct error *err)
{
	struct flag_value *all = flags_long(c->values, "all", strlen("all"));
	char **words;
	size_t n;

	if (cli_given(c, "file"))
		return 0;
	if (files_arguments(c, &words, &n, err) < 0)
		return -1;
	c->args = words;
	c->nargs = (int)n;
	if (!n && all)
		all->b = all->given = true;
	return 0;
}

static int
rounds_watch_word(struct rounds *w, const char *word, struct error *err)
{
	struct stat st;

	if (!strcmp(word, "-"))
		return error_set(err, ERR_INVALID, "--watch: standard input is read once, and cannot be watched; name a file");
	if (name_check(word, NULL) == 0 && instance_exists(w->c, word)) {
		if (edit_given(w->c))
			return error_set(err, ERR_INVALID, "--watch: what changes the instance `%s` would be done again each round; change it without --watch first", word);
		watched_instance(&w->watched, word);
		watched_file(&w->watched, arena_printf(&w->c->arena, "%s/%s/lima.yaml", w->c->env.home, word));
		return 0;
	}
	if (plan_file_is(word))
		return error_set(err, ERR_INVALID, "--watch: %s is a plan, which is walked once; watch the files that it is of", word);
	if (stat(word, &st) == 0 && S_ISDIR(st.st_mode))
		watched_folder(&w->watched, word);
	else
		watched_file(&w->watched, word);
	return 0;
}

/* Of no word every instance is meant, also one that is made later; but where there is none, nothing would ever be told. */
static int
rounds_check_all(const struct rounds *w, struct error *err)
{
	AUTO(names) names = { 0 };

	if (names_list(&names, w->c->env.home, err) < 0)
		return -1;
	return names.n ? 0 : error_set(err, ENOENT, "--watch: there is nothing to watch: no instance in %s, and no " FILES_DEFAULT
				       " in this folder; name a file or a folder", w->c->env.home);
}

static int
rounds_watch_words(struct rounds *w, struct error *err)
{
	auto_free char *config = xasprintf("%s/_config", w->c->env.home);
	size_t n = 0;
	char *const *files = cli_list(w->c, "file", &n);

	if (!w->c->nargs && !n && rounds_check_all(w, err) < 0)
		return -1;
	for (int i = 0; i < w->c->nargs; i++)
		if (rounds_watch_word(w, w->c->args[i], err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (rounds_watch_word(w, files[i], err) < 0)
			return -1;
	watched_folder(&w->watched, config);
	return 0;
}

/* --- a round --- */

static int
rounds_child(struct rounds *w, int out, int (*go)(struct cli *c, struct error *err), bool first)
{
	struct round r = { .out = out, .first = first, .began_ms = clock_ms() };
	struct cli *c = w->c;
	struct error err = { 0 };
	int status;

	os_process_follow_parent(SIGTERM);
	sigprocmask(SIG_SETMASK, &w->as_it_was, NULL);
	c->began_ms = r.began_ms;
	c->round = &r;
	status = run_timeout(c, &err) < 0 ? -1 : go(c, &err);
	c->round = NULL;
	if (status < 0) {
		if (err.code == ERR_CANCELLED && !*c->env.cancel)
			round_tell(&r, ROUND_CALLED_OFF, "");
		cli_say(&c->env, SAY_ERROR, "%s", err.msg);
		status = cli_failed_status(c, &err);
	}
	round_release(&r);
	return status;
}

/* 0 in the process that watches; 1 in the round's, with its write end in *out. */
static int
rounds_begin(struct rounds *w, int *out, struct error *err)
{
	int ends[2];

	watched_again(&w->watched);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, "pipe");
	fflush(NULL);
	w->known = w->watched.n;
	w->by_text = !w->pending || w->pending & WATCHED_TEXT;
	w->pending = 0;
	w->since = 0;
	w->steps = false;
	w->child = fork();
	if (w->child == 0) {
		close(ends[0]);
		*out = ends[1];
		return 1;
	}
	close(ends[1]);
	w->pipe = ends[0];
	if (w->child < 0)
		return error_errno(err, "fork");
	return 0;
}

static void
rounds_word(struct rounds *w, const char *word)
{
	switch (*word) {
	case ROUND_FILE:
		watched_file(&w->watched, word + 1);
		break;
	case ROUND_INSTANCE:
		watched_instance(&w->watched, word + 1);
		break;
	case ROUND_STEPS:
		w->steps = true;
		break;
	case ROUND_CALLED_OFF:
		w->called_off = true;
		break;
	default:
		break;
	}
}

static void
rounds_listen(struct rounds *w)
{
	size_t at = 0, end;
	ssize_t n;

	buf_reserve(&w->told, CHUNK);
	n = read(w->pipe, w->told.s + w->told.len, CHUNK);
	if (n <= 0 && !(n < 0 && errno == EINTR)) {
		close(w->pipe);
		w->pipe = -1;
		return;
	}
	w->told.len += n > 0 ? (size_t)n : 0;
	while (at < w->told.len && (end = strnlen(w->told.s + at, w->told.len - at)) < w->told.len - at) {
		rounds_word(w, w->told.s + at);
		at += end + 1;
	}
	memmove(w->told.s, w->told.s + at, w->told.len - at);
	w->told.len -= at;
}

/* --- when the next one is due --- */

static void
rounds_due_in(struct rounds *w, long long ms)
{

	os_timer_set(w->timer, ms);
}

static void
rounds_note(struct rounds *w, int happened)
{
	long long now = clock_ms(), left;

	if (happened & WATCHED_TEXT) {
		w->deaf = false;
		w->repaired = 0;
	}
	if (w->deaf)
		happened &= ~WATCHED_WORLD;
	if (!happened)
		return;
	w->pending |= happened;
	w->since = w->since ? w->since : now;
	left = w->since + PATIENCE_MS - now;
	if (!w->child)
		rounds_due_in(w, left < 1 ? 1 : left < QUIET_MS ? left : QUIET_MS);
}

/* What does not stay as it is wanted is not started for ever. */
static void
rounds_count(struct rounds *w)
{
	long long now = clock_ms();

	if (w->by_text || !w->steps)
		return;
	if (!w->repaired || now - w->repaired_since > RESTLESS_MS) {
		w->repaired = 0;
		w->repaired_since = now;
	}
	if (++w->repaired < RESTLESS)
		return;
	w->deaf = true;
	cli_say(&w->c->env, SAY_WARN, "repaired %d times within %lld s, and it does not stay so: it is left as it is until a file is saved", (int)w->repaired,
		(now - w->repaired_since + 999) / 1000);
}

/* What the round itself has changed, and what nobody watched when it read it, is looked at once more, and in silence. */
static void
rounds_over(struct rounds *w, int status)
{
	int again = w->pending;

	w->child = 0;
	watched_again(&w->watched);
	rounds_count(w);
	if (status != 0) {
		w->deaf = true;
		again &= ~WATCHED_WORLD;
	} else if (w->watched.n > w->known) {
		again |= WATCHED_WORLD;
	}
	w->pending = 0;
	w->since = 0;
	rounds_note(w, again);
}

static void
rounds_reap(struct rounds *w)
{
	int status = 0;

	while (waitpid(w->child, &status, 0) < 0 && errno == EINTR)
		;
	rounds_over(w, WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* --- waiting --- */

/* True: the next round is due. A signal just ends the wait. */
static bool
rounds_wait(struct rounds *w)
{
	auto_free struct pollfd *v = xcalloc(w->watched.n + 4, sizeof *v);
	size_t watched = watched_poll(&w->watched, v), n = watched;
	int happened;

	v[n++] = (struct pollfd){ .fd = w->timer, .events = POLLIN };
	v[n++] = (struct pollfd){ .fd = w->pipe, .events = POLLIN };
	if (ppoll(v, n, NULL, &w->as_it_was) < 0)
		return false;
	if (v[watched + 1].revents)
		rounds_listen(w);
	/* what has happened meanwhile is noted before the round is said to be over */
	happened = watched_read(&w->watched, v, watched);
	rounds_note(w, happened);
	if (w->child && w->pipe < 0)
		rounds_reap(w);
	return v[watched].revents && os_timer_rang(w->timer) && !w->child && w->pending;
}

/* A terminal has told the round itself; whoever sends a signal to this process alone means both. */
static int
rounds_end(struct rounds *w)
{
	int sig = *w->c->env.cancel;

	if (w->child) {
		kill(w->child, sig);
		while (waitpid(w->child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return 128 + sig;
}

static int
rounds_follow(struct rounds *w, int (*go)(struct cli *c, struct error *err), struct error *err)
{
	bool first = true, due = true;
	int out = -1;

	for (;;) {
		int forked = due ? rounds_begin(w, &out, err) : 0;

		if (forked < 0)
			return -1;
		if (forked)
			return rounds_child(w, out, go, first);
		if (first)
			cli_say(&w->c->env, SAY_INFO, "Watching: what is saved, and what changes, is brought to what is wanted; Ctrl-C ends that");
		first = false;
		do
			due = rounds_wait(w);
		while (!due && !*w->c->env.cancel && !(w->called_off && !w->child));
		if (*w->c->env.cancel)
			return rounds_end(w);
		if (w->called_off)
			return 1;
	}
}

int
rounds_run(struct cli *c, int (*go)(struct cli *c, struct error *err), struct error *err)
{
	static const char *const once[] = { "undo", "destroy", "replace", "adopt-drift" };
	AUTO(rounds) w = { .c = c, .timer = os_timer_open(), .pipe = -1, .told = BUF_INIT, .watched = { .news = OS_NEWS_NONE } };

	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (cli_given(c, once[i]))
			return error_set(err, ERR_INVALID, "--%s is for once, and --watch does it again each round; leave one of them out", once[i]);
	if (cli_bool(c, "json"))
		return error_set(err, ERR_INVALID, "--json is about one run, and --watch makes many; --log-format json has their steps");
	if (w.timer < 0)
		return error_errno(err, "a timer");
	if (watched_open(&w.watched, c->env.home, err) < 0 || rounds_settle_words(c, err) < 0 || rounds_watch_words(&w, err) < 0)
		return -1;
	cli_deadline(c, 0);
	rounds_catch(&w);
	return rounds_follow(&w, go, err);
}
