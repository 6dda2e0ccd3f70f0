/* How far the guest's boot is: what the boot scripts leave in their folder, told to the host that wants to know. */
#include "tests/unit/guest_agent.h"

static void
mark(const char *name, const char *text)
{
	auto_free char *path = test_path(name);
	struct error err;

	ok(fs_write(path, text, strlen(text), 0644, &err));
}

static void
begin_marked(struct world *w)
{
	struct error err;

	begin(w);
	host_leave(w);
	agent_stop(w);
	w->marks = test_dir_;
	agent_start(w);
	host_connect(w);
	ok(ga_client_get_info(w->c, &err));
	UNTIL(w, w->infos == 1);
	assert_true(w->info.features & GA_BOOT);
	ok(ga_client_watch(w->c, &err));
}

TEST(what_is_there_is_told_first_and_what_comes_as_it_comes)
{
	struct world w;

	mark("lima-ssh-ready", "iid-1\n");
	begin_marked(&w);
	UNTIL(&w, w.boots >= 1);
	assert_string_equal(w.boot.session, "iid-1");
	assert_string_equal(w.boot.done, "");
	mark("lima-boot-errors", "boot/x.sh: exit status 1; it said: \x1b[2Jno\nanother\n");
	UNTIL(&w, *w.boot.errors);
	mark("lima-boot-done", "iid-1");
	UNTIL(&w, *w.boot.done);
	assert_string_equal(w.boot.done, "iid-1");
	assert_string_equal(w.boot.errors, "boot/x.sh: exit status 1; it said: ?[2Jno\nanother");
	end(&w);
}

TEST(a_mark_that_goes_is_told_too_and_other_files_are_no_news)
{
	auto_free char *done = NULL;
	struct world w;
	unsigned before;

	mark("lima-boot-done", "iid-1\n");
	mark("lima-boot-errors", "");
	begin_marked(&w);
	UNTIL(&w, *w.boot.done);
	assert_string_equal(w.boot.errors, "");
	before = w.boots;
	mark("another", "x");
	/* the same again: no news either */
	mark("lima-boot-done", "iid-1\n");
	done = test_path("lima-boot-done");
	assert_int_equal(unlink(done), 0);
	UNTIL(&w, !*w.boot.done);
	assert_in_range(w.boots, before + 1, before + 2);
	end(&w);
}

TEST(who_did_not_ask_is_not_told_and_where_nobody_looks_it_is_no_feature)
{
	struct world w;
	struct error err;

	mark("lima-boot-done", "iid-1\n");
	begin_informed(&w);
	assert_false(w.info.features & GA_BOOT);
	ok(ga_client_watch(w.c, &err));
	UNTIL(&w, w.events >= 1);
	assert_int_equal(w.boots, 0);
	end(&w);
}
