/* Which drives may hang, from mountinfo as proc(5) describes it. */
#include "base/mounts.h"
#include "tests/unit/test.h"

#define ROOT "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"

TEST(drives_of_this_host_do_not_hang)
{
	assert_false(mounts_may_hang("/home/u/.lima", ROOT "30 27 0:9 / /home rw shared:1 - xfs /dev/vdb rw\n"));
	assert_false(mounts_may_hang("/home/u/.lima", ""));
}

TEST(what_a_server_answers_for_may_hang)
{
	assert_true(mounts_may_hang("/home/u/.lima", ROOT "30 27 0:9 / /mnt/a rw shared:1 - fuse.sshfs u@h: rw\n"));
	assert_true(mounts_may_hang("/home/u/.lima", "30 27 0:9 / /mnt/a rw - nfs4 h:/x rw\n" ROOT));
	/* also below the home, where an instance may lie; names that begin alike are others */
	assert_true(mounts_may_hang("/home/u/.lima", ROOT "30 27 0:9 / /home/u/.lima/b rw - fuse.sshfs u@h: rw\n"));
	assert_true(mounts_may_hang("/home/u/.lima", ROOT "30 27 0:9 / /home/u/.lim rw - fuse.sshfs u@h: rw\n"));
}

TEST(the_systems_own_and_what_the_home_is_on_do_not_count)
{
	assert_false(mounts_may_hang("/home/u/.lima", ROOT "30 27 0:9 / /home rw - nfs4 h:/home rw\n"));
	assert_false(mounts_may_hang("/home/u/.lima", "1 0 0:9 / / rw - 9p root rw\n"));
	assert_false(mounts_may_hang("/home/u/.lima", ROOT "31 27 0:9 / /sys/fs/fuse/connections rw - fusectl fusectl rw\n"
						      "32 27 0:9 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n"
						      "33 27 0:9 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n"));
}

TEST(lines_that_make_no_sense_are_passed_over)
{
	assert_false(mounts_may_hang("/h", "\n - \n- fuse\nx - fuse y\n1 2 3 - fuse x\n"));
}
