/* What base/os/ promises, on the system that this is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/clock.h"
#include "base/os/host.h"
#include "base/os/news.h"
#include "base/os/place.h"
#include "base/os/poller.h"
#include "base/os/process.h"
#include "tests/unit/test.h"

enum { LONG_MS = 60000 };

static bool
comes(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, LONG_MS) == 1;
}

static void
os_note(void *ctx, const struct os_event *e)
{
	struct os_event *last = ctx;

	*last = *e;
	/* Where names are told it is that one. */
	if (e->name)
		assert_string_equal(e->name, "fresh");
}

TEST(news_are_of_the_folder_that_was_asked_for)
{
	auto_free char *dir = test_path("news"), *file = xasprintf("%s/fresh", dir);
	AUTO(os_news) n = OS_NEWS_NONE;
	struct os_event last = { 0 };
	int number;

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(os_news_open(&n, false), 0);
	number = os_news_add(&n, dir, NEWS_CREATED | NEWS_FOLDER_ONLY, NULL);
	assert_true(number >= 0);
	assert_int_equal(os_news_take(&n, os_note, &last), -1);
	assert_int_equal(errno, EAGAIN);
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_true(comes(n.fd));
	assert_int_equal(os_news_take(&n, os_note, &last), 0);
	assert_int_equal(last.folder, number);
	assert_false(last.gone);
	/* What is watched already has the number that it had, and a file is no folder. */
	assert_int_equal(os_news_add(&n, dir, NEWS_CREATED | NEWS_FOLDER_ONLY, NULL), number);
	assert_int_equal(os_news_add(&n, file, NEWS_CREATED | NEWS_FOLDER_ONLY, NULL), -1);
}

TEST(an_ended_child_is_told_of_until_it_is_reaped)
{
	pid_t pid = fork();
	auto_close int end = -1;
	siginfo_t si = { 0 };

	if (pid == 0)
		_exit(7);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	end = os_process_end(pid);
	assert_true(end >= 0 && comes(end) && comes(end));
	assert_int_equal(os_process_start(pid), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(os_process_signal(end, pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(os_process_start(getpid()) > 0);
}

TEST(a_place_is_reached_by_no_link)
{
	auto_free char *dir = test_path("place"), *link = xasprintf("%s/link", dir), *sub = xasprintf("%s/sub", dir);
	auto_close int top = -1, place = -1;
	char text[64] = "";

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(symlink("sub", link), 0);
	top = open(dir, os_place_followed | O_DIRECTORY);
	assert_true(top >= 0);
	assert_int_equal(os_place_below(top, "link/..", O_RDONLY), -1);
	assert_int_equal(os_place_below(top, "link", O_RDONLY | O_DIRECTORY), -1);
	assert_int_equal(os_place_below(top, "../place", O_RDONLY), -1);
	/* The link itself can be held, and says where it leads. */
	place = openat(top, "link", os_place_flags);
	assert_true(place >= 0);
	assert_int_equal(os_place_link(place, text, sizeof text - 1), 3);
	assert_string_equal(text, "sub");
}

TEST(timers_and_descriptors_are_told_by_one_that_can_be_polled)
{
	auto_close int timer = os_timer_open(), poller = os_poller_open();
	struct os_ready ready[4];
	int mine;

	assert_int_equal(os_poller_add(poller, timer, POLLER_IN, &mine), 0);
	assert_int_equal(os_poller_take(poller, ready, 4), 0);
	os_timer_set(timer, 1);
	assert_true(comes(poller));
	assert_int_equal(os_poller_take(poller, ready, 4), 1);
	assert_ptr_equal(ready[0].ctx, &mine);
	assert_int_equal(ready[0].what, POLLER_IN);
	assert_true(os_timer_rang(timer));
	assert_int_equal(os_poller_take(poller, ready, 4), 0);
}

TEST(the_machine_is_known)
{
	assert_true(os_host_processors() >= 1);
	assert_true(os_host_memory(false) >= os_host_memory(true));
	assert_int_equal(access(os_host_own_path(), X_OK), 0);
}
