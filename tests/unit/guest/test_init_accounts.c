#include "guest/init/accounts.h"
#include "tests/unit/test.h"

static const struct account user = { .name = "lima", .comment = "A: User\n", .home = "/home/lima.guest", .shell = "/bin/bash", .uid = 501, .gid = 1000 };

TEST(a_user_is_appended_and_then_kept_in_its_place)
{
	static const char old[] = "root:x:0:0:root:/root:/bin/sh\nlimax:x:7:7::/:/bin/sh";
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	passwd_set(old, &user, &a);
	assert_string_equal(a.s, "root:x:0:0:root:/root:/bin/sh\nlimax:x:7:7::/:/bin/sh\nlima:x:501:1000:A User:/home/lima.guest:/bin/bash\n");
	passwd_set(a.s, &user, &b);
	assert_string_equal(a.s, b.s);
}

TEST(a_changed_user_is_rewritten_once)
{
	AUTO(buf) a = BUF_INIT;

	passwd_set("lima:x:1:1::/old:/bin/sh\nb:x:2:2::/:/bin/sh\nlima:x:3:3::/older:/bin/sh\n", &user, &a);
	assert_string_equal(a.s, "lima:x:501:1000:A User:/home/lima.guest:/bin/bash\nb:x:2:2::/:/bin/sh\n");
}

TEST(a_password_that_is_there_stays)
{
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	shadow_set("lima:$y$secret:1:::::\n", "lima", &a);
	assert_string_equal(a.s, "lima:$y$secret:1:::::\n");
	shadow_set("", "lima", &b);
	assert_string_equal(b.s, "lima:*:19000:0:99999:7:::\n");
}

TEST(groups_keep_their_members)
{
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	group_set("sudo:x:27:\nlima:x:5:alice,bob\n", "lima", 1000, &a);
	assert_string_equal(a.s, "sudo:x:27:\nlima:x:1000:alice,bob\n");
	group_set("sudo:x:27:\n", "lima", 1000, &b);
	assert_string_equal(b.s, "sudo:x:27:\nlima:x:1000:\n");
}

TEST(a_member_comes_and_goes)
{
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) c = BUF_INIT;
	AUTO(buf) d = BUF_INIT;

	group_set_member("sudo:x:27:\nx:x:1:lima\n", "sudo", "lima", true, &a);
	assert_string_equal(a.s, "sudo:x:27:lima\nx:x:1:lima\n");
	group_set_member("sudo:x:27:alice,lima,limax\n", "sudo", "lima", true, &b);
	assert_string_equal(b.s, "sudo:x:27:alice,limax,lima\n");
	group_set_member("sudo:x:27:alice,lima,limax\n", "sudo", "lima", false, &c);
	assert_string_equal(c.s, "sudo:x:27:alice,limax\n");
	group_set_member("broken\nsudo:x\n", "sudo", "lima", true, &d);
	assert_non_null(strstr(d.s, "broken\n"));
}

TEST(a_group_number_is_never_somebody_elses)
{
	static const char text[] = "root:x:0:\nsudo:x:27:\nusers:x:1000:\nlima:x:1234:\nbad:x:\n";

	assert_int_equal(group_choose(text, "lima", 501), 1234);
	assert_int_equal(group_choose(text, "other", 501), 501);
	assert_int_equal(group_choose(text, "other", 27), 1001);
	assert_int_equal(group_choose(text, "other", 1000), 1001);
	assert_int_equal(group_choose("", "other", 27), 27);
}

TEST(names_and_paths_that_would_break_a_file_are_refused)
{
	assert_true(account_name_ok("lima"));
	assert_true(account_name_ok("_a-b.c1"));
	assert_false(account_name_ok(""));
	assert_false(account_name_ok("1a"));
	assert_false(account_name_ok("-a"));
	assert_false(account_name_ok("a:b"));
	assert_false(account_name_ok("a b"));
	assert_false(account_name_ok("a\nroot"));
	assert_false(account_name_ok("abcdefghijklmnopqrstuvwxyzabcdefg"));
	assert_true(account_path_ok("/home/lima.guest"));
	assert_false(account_path_ok("home"));
	assert_false(account_path_ok("/home/../etc"));
	assert_false(account_path_ok("/home/.."));
	assert_true(account_path_ok("/home/..x"));
	assert_false(account_path_ok("/a:b"));
	assert_false(account_path_ok("/a\nb"));
	assert_true(host_name_ok("lima-x.internal"));
	assert_false(host_name_ok("-x"));
	assert_false(host_name_ok("a b"));
	assert_false(host_name_ok(""));
}

TEST(hosts_has_our_lines_once)
{
	static const char old[] = "127.0.0.1\tlocalhost\n10.0.0.1 host.lima.internal x\n127.0.1.1 old\n1.2.3.4 mine # host.lima.internal\n";
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	hosts_set(old, "lima-x", "192.168.5.2", &a);
	assert_string_equal(a.s, "127.0.0.1\tlocalhost\n1.2.3.4 mine # host.lima.internal\n127.0.1.1\tlima-x\n192.168.5.2\thost.lima.internal\n");
	hosts_set(a.s, "lima-x", "192.168.5.2", &b);
	assert_string_equal(a.s, b.s);
}

TEST(the_block_of_environment_is_replaced)
{
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) c = BUF_INIT;

	environment_set("MINE=1\n#LIMA-START\nOLD=1\n#LIMA-END\nALSO=2\n", "#LIMA-START\nNEW=1\n#LIMA-END\n", &a);
	assert_string_equal(a.s, "MINE=1\nALSO=2\n#LIMA-START\nNEW=1\n#LIMA-END\n");
	environment_set(a.s, "#LIMA-START\nNEW=1\n#LIMA-END\n", &b);
	assert_string_equal(a.s, b.s);
	environment_set("#LIMA-START\nA=1\nB=2\n", "", &c);
	assert_string_equal(c.s, "#LIMA-START\nA=1\nB=2\n");
}

TEST(a_line_is_added_once)
{
	AUTO(buf) a = BUF_INIT;
	AUTO(buf) b = BUF_INIT;

	line_add("one\ntwo", "three", &a);
	assert_string_equal(a.s, "one\ntwo\nthree\n");
	line_add("one\nthree\n", "three", &b);
	assert_string_equal(b.s, "one\nthree\n");
}
