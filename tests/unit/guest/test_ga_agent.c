/* Who may talk to the guest agent, how it bears it, and what it does for the host: clock and file events. */
#include <poll.h>
#include <termios.h>

#include "guest/agent/h2_preface.h"
#include "tests/unit/guest_agent.h"

TEST(the_socket_is_for_its_owner_only)
{
	struct world w;
	struct stat st;

	begin(&w);
	assert_int_equal(stat(w.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	end(&w);
}

TEST(clock_is_set_only_when_it_is_off)
{
	struct world w;
	struct error err;

	begin(&w);
	fake_now = (struct timespec){ 1700000000, 50000000 };
	fake_set = (struct timespec){ 0 };
	ok(ga_client_sync_time(w.c, &(struct timespec){ 1700000000, 0 }, &err));
	UNTIL(&w, w.answered);
	assert_int_equal(w.answer.drift_ms, 50);
	assert_false(w.answer.adjusted);
	assert_int_equal(fake_set.tv_sec, 0);
	w.answered = false;
	ok(ga_client_sync_time(w.c, &(struct timespec){ 1700003600, 7 }, &err));
	UNTIL(&w, w.answered);
	assert_int_equal(w.answer.drift_ms, -3599950);
	assert_true(w.answer.adjusted);
	assert_int_equal(fake_set.tv_sec, 1700003600);
	assert_int_equal(fake_set.tv_nsec, 7);
	w.answered = false;
	ok(ga_client_sync_time(w.c, &(struct timespec){ -5, 0 }, &err));
	UNTIL(&w, w.answered);
	assert_false(w.answer.adjusted);
	assert_string_equal(w.answer.error, "Operation not permitted");
	end(&w);
}

TEST(file_events_set_the_time_of_what_exists)
{
	auto_free char *path = test_file("watched", "x", 1), *none = test_path("none"), *last = test_file("last", "x", 1);
	auto_free char *devious = xasprintf("%s/../%s", path, strrchr(path, '/') + 1);
	struct stat st;
	struct world w;
	struct error err;

	begin(&w);
	ok(ga_client_inotify(w.c, path, &(struct timespec){ 1600000000, 5 }, &err));
	ok(ga_client_inotify(w.c, none, &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, "relative", &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, devious, &(struct timespec){ 1600000001, 0 }, &err));
	ok(ga_client_inotify(w.c, last, &(struct timespec){ 1600000002, 0 }, &err));
	do {	/* there is no answer: the last one done means that all are */
		step(&w);
		assert_int_equal(stat(last, &st), 0);
	} while (st.st_mtime != 1600000002);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1600000000);
	assert_int_equal(st.st_mtim.tv_nsec, 5);
	assert_int_equal(st.st_atim.tv_sec, 1600000000);
	assert_false(fs_exists(none));
	end(&w);
}

static bool
hung_up(int fd)
{
	struct pollfd p = { fd, POLLRDHUP, 0 };

	return poll(&p, 1, 0) == 1;
}

TEST(garbage_on_the_socket_harms_nobody_else)
{
	struct world w;
	struct error err;
	int fd;

	begin_informed(&w);
	fd = dial_unix(w.path);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	ok(ga_client_get_info(w.c, &err));
	UNTIL(&w, w.infos == 2 && hung_up(fd));
	close(fd);
	end(&w);
}

TEST(idle_connections_make_room_for_new_ones)
{
	struct world w;
	struct error err;
	int fds[40];

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial_unix(w.path);
	ok(ga_client_get_info(w.c, &err));	/* the one in use is not among those that go */
	UNTIL(&w, w.infos == 2);
	UNTIL(&w, hung_up(fds[20]));
	assert_false(hung_up(fds[39]) || w.lost);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	end(&w);
}

TEST(the_host_learns_that_the_agent_ends)
{
	struct world w;
	struct error err;

	begin_informed(&w);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events);
	server_free(w.server);
	w.server = NULL;
	UNTIL(&w, w.lost);
	host_leave(&w);
	assert_int_equal(w.watches_ended, 1);
	assert_string_equal(w.why.text, "left");
	assert_false(fs_exists(w.path));
	end(&w);
}

/* The two ends of something without connections: a terminal that changes nothing, as a virtio port. */
static int
make_port(char name[64], int *keep)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ptsname_r(master, name, 64), 0);
	*keep = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(*keep, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(*keep, TCSANOW, &raw), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	return master;
}

/*
 * A new host takes the port, is informed and watches. The port may still hold what the agent had to say to the host
 * before: then the new one breaks off, as it must, and begins anew. An agent that missed its beginning says nothing,
 * however long it is waited for.
 */
static void
host_begins(struct world *w, int master)
{
	struct error err;

	for (;;) {
		host_take(w, master);
		w->infos = w->events = 0;
		ok(ga_client_get_info(w->c, &err));
		UNTIL(w, w->infos || w->lost);
		if (!w->lost)
			ok(ga_client_watch(w->c, &err));
		UNTIL(w, w->events || w->lost);
		if (!w->lost)
			return;
		loop_unwatch(&w->loop, &w->w);
		ga_client_free(steal(w->c), "lost");
	}
}

TEST(a_virtio_port_has_no_connections)
{
	static const char zeros[2048];
	struct error err;
	struct world w = { .path = test_path("s"), .state = test_path("ports"), .limit = { .fire = time_is_up } };
	AUTO(buf) all = BUF_INIT;
	char name[64], goaway[64];
	int keep, master = make_port(name, &keep);
	const size_t cut = 3 * PREFACE_LEN + 9 + 5;
	struct ga_client *c;
	const uint8_t *out;
	size_t n;

	w.port = name;
	ok(loop_init(&w.loop, &err));
	agent_start(&w);
	/* a host that was there before it: it learns that its agent is another one now */
	assert_int_equal(read(master, goaway, sizeof goaway), 17);
	assert_int_equal(goaway[3], 7);
	/* what was there before the host: rubbish, and a preface that was cut off */
	assert_int_equal(write(master, "rubbish PRI * HTTP/2.0\r\n", 24), 24);
	host_begins(&w, master);
	/* another host on the same port, without a word of farewell from the first, in the middle of a frame */
	assert_int_equal(write(master, "\0\1\0\0", 4), 4);
	loop_unwatch(&w.loop, &w.w);
	ga_client_free(steal(w.c), "gone");
	assert_int_equal(w.watches_ended, 1);
	host_begins(&w, master);
	/* one that was in the middle of a long frame, which would take the preface for its rest: zeros end it */
	assert_int_equal(write(master, "\0\x40\0\0\0\0\0\0\1", 9), 9);
	loop_unwatch(&w.loop, &w.w);
	ga_client_free(steal(w.c), "gone");
	for (int i = 0; i < 9; i++) {	/* a terminal takes 4 KiB */
		step(&w);
		assert_int_equal(write(master, zeros, sizeof zeros), sizeof zeros);
	}
	/* what the agent had to say to that one is read by nobody; it may be a moment late */
	for (int quiet = 0; quiet < 10; quiet++) {
		step(&w);
		while (read(master, goaway, sizeof goaway) > 0)
			quiet = 0;
	}
	/* and hosts that have begun and gone while the agent was stopped */
	host_take(&w, master);
	ok(ga_client_get_info(w.c, &err));
	n = ga_client_output(w.c, &out);
	buf_add(&all, PREFACE PREFACE "\0\0\0\4\0\0\0\0\0" PREFACE, 3 * PREFACE_LEN + 9);
	buf_add(&all, (const char *)out, n);
	ga_client_sent(w.c, n);
	/* what is read may end anywhere: here, where the last host's preface is taken for a frame of the one before */
	loop_unwatch(&w.loop, &w.w);
	c = steal(w.c);
	assert_int_equal(write(master, all.s, cut), cut);
	step(&w);
	assert_int_equal(write(master, all.s + cut, all.len - cut), all.len - cut);
	w.c = c;
	loop_watch(&w.loop, &w.w, EPOLLIN);
	w.info.features = 0;
	UNTIL(&w, w.info.features || w.lost);
	assert_false(w.lost);
	/* who speaks there is the host, and may run commands */
	assert_true(w.info.features & GA_EXEC);
	close(keep);
	end(&w);
}
