#include "base/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

/* In a child: the number of the first thing that was not as it should be; 0: all was. */
static int
try_set_id(const char *file, const char *fresh)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscalls_lose_set_id() < 0)
		return 1;
	if (chmod(file, 04755) == 0 || errno != EPERM)
		return 2;
	if (fchmod(fd, 02755) == 0 || errno != EPERM)
		return 3;
	if (fchmodat(AT_FDCWD, file, 06755, 0) == 0 || errno != EPERM)
		return 4;
	if (open(fresh, O_CREAT | O_WRONLY | O_CLOEXEC, 04755) >= 0 || errno != EPERM)
		return 5;
	if (mknod(fresh, S_IFREG | 04755, 0) == 0 || errno != EPERM)
		return 6;
	/* and what everybody does goes on, with whatever mode */
	for (mode_t mode = 0; mode <= 01777; mode++)
		if (fchmod(fd, mode) < 0)
			return 7;
	return chmod(file, 0600) == 0 && open(fresh, O_CREAT | O_WRONLY | O_CLOEXEC, 0664) >= 0 ? 0 : 8;
}

TEST(no_file_gets_the_bits_of_another_user)
{
	auto_free char *file = test_file("mine", "hello", 5), *fresh = xasprintf("%s.new", file);
	struct stat st;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_set_id(file, fresh));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}
