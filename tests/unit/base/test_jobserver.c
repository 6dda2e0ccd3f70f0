/* GNU make's jobserver, in both forms. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/jobserver.h"
#include "tests/unit/test.h"

/* Two tokens can be taken, and both are there again at the end. */
static void
takes_two(const char *flags, int in)
{
	struct jobserver j;
	char back[4];

	setenv("MAKEFLAGS", flags, 1);
	assert_true(jobserver_join(&j));
	assert_true(jobserver_take(&j));
	assert_true(jobserver_take(&j));
	assert_false(jobserver_take(&j));
	jobserver_give(&j);
	assert_true(jobserver_take(&j));
	jobserver_release(&j);
	assert_int_equal(read(in, back, sizeof back), 2);
	assert_true((back[0] == 'x' && back[1] == '+') || (back[0] == '+' && back[1] == 'x'));
}

TEST(a_fifo_by_its_name)
{
	auto_free char *path = test_path("fifo"), *flags = xasprintf(" -j3 --jobserver-auth=fifo:%s -- A=1", path);
	auto_close int fd = -1;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK);
	assert_int_equal(write(fd, "x+", 2), 2);
	takes_two(flags, fd);
}

TEST(a_pipe_by_its_descriptors)
{
	auto_free char *flags = NULL, *old = NULL;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	flags = xasprintf("-j --jobserver-auth=-2,-2 --jobserver-auth=%d,%d", ends[0], ends[1]);
	old = xasprintf("--jobserver-fds=%d,%d -j", ends[0], ends[1]);
	assert_int_equal(write(ends[1], "x+", 2), 2);
	takes_two(flags, ends[0]);
	assert_int_equal(write(ends[1], "x+", 2), 2);
	takes_two(old, ends[0]);
	/* others read make's end as before: whoever takes from it waits */
	assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	close(ends[0]);
	close(ends[1]);
}

TEST(none_where_make_handed_on_none)
{
	struct jobserver j;

	unsetenv("MAKEFLAGS");
	assert_false(jobserver_join(&j));
	setenv("MAKEFLAGS", "-j4 --jobserver-auth=98,99", 1);
	assert_false(jobserver_join(&j));
	setenv("MAKEFLAGS", "-j4 --jobserver-auth=0,1", 1);	/* files, not make's pipe */
	assert_false(jobserver_join(&j));
	setenv("MAKEFLAGS", "--jobserver-auth=fifo:/nonexistent", 1);
	assert_false(jobserver_join(&j));
	setenv("MAKEFLAGS", "--jobserver-auth=fifo:/dev/null", 1);
	assert_false(jobserver_join(&j));
	assert_false(jobserver_take(&j));
	jobserver_give(&j);
	jobserver_release(&j);
}
