/* Which conditions are met by what a guest agent tells. */
#include <string.h>

#include "hostagent/ready/readiness_checks.h"
#include "hostagent/ready/readiness_told.h"
#include "providers/launch.h"
#include "tests/unit/test.h"

static struct launch
plain_launch(void)
{
	return (struct launch){ .guest = { .os = "Linux", .iid = "iid-1", .agent_socket = "/x/ga.sock", .install_prefix = "/usr/local" } };
}

static size_t
count_met(const struct readiness_told *t, const struct require_items *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nitems; i++)
		n += readiness_told_meets(t, &r->items[i], "iid-1");
	return n;
}

TEST(a_guest_that_says_that_it_has_booted_needs_no_login)
{
	struct readiness_told t = { .counts = true };
	struct require_items r = { .nitems = 0 };
	struct launch l = plain_launch();

	require_items(&r, &l, false);
	assert_int_equal(r.nitems, 4);
	assert_false(readiness_needs_ssh(&t, &r));
	assert_int_equal(count_met(&t, &r), 0);
	strcpy(t.boot.session, "iid-1");
	assert_int_equal(count_met(&t, &r), 1);
	/* nobody can log in yet */
	strcpy(t.boot.done, "iid-1");
	assert_int_equal(count_met(&t, &r), 2);
	t.sshd = true;
	assert_int_equal(count_met(&t, &r), 3);
	/* the last is the agent's being there */
	r.items[0].met = r.items[1].met = r.items[2].met = r.items[3].met = true;
	assert_false(readiness_needs_ssh(&t, &r));
	arena_release(&r.mem);
}

TEST(what_it_says_of_another_instance_or_where_it_does_not_count_meets_nothing)
{
	struct readiness_told t = { .counts = true, .sshd = true, .boot = { "iid-0", "iid-0", "" } };
	struct require_items r = { .nitems = 0 };
	struct launch l = plain_launch();

	require_items(&r, &l, false);
	assert_int_equal(count_met(&t, &r), 0);
	t.boot = (struct ga_boot){ "iid-1", "iid-1", "" };
	t.counts = false;
	assert_int_equal(count_met(&t, &r), 0);
	assert_true(readiness_needs_ssh(&t, &r));
	arena_release(&r.mem);
}

TEST(what_only_a_login_can_tell_needs_one)
{
	static const struct launch_probe probe = { "p", "true", "h" };
	struct readiness_told t = { .counts = true };
	struct launch with[3] = { plain_launch(), plain_launch(), plain_launch() };

	with[0].guest.sshfs = true;
	with[1].guest.containerd = true;
	with[2].probes = &probe;
	with[2].nprobes = 1;
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		struct require_items r = { .nitems = 0 };

		require_items(&r, &with[i], false);
		assert_true(readiness_needs_ssh(&t, &r));
		arena_release(&r.mem);
	}
}

TEST(an_sshd_is_who_listens_on_its_port)
{
	static const uint8_t any[4] = { 0 };
	struct ga_ports ports = { 0 };
	struct ga_port udp = ga_port_make(GA_UDP, false, any, 22), other = ga_port_make(GA_TCP, false, any, 80), ssh = ga_port_make(GA_TCP, false, any, 22);

	ga_ports_add(&ports, &udp);
	ga_ports_add(&ports, &other);
	assert_false(readiness_told_sshd(&ports));
	ga_ports_add(&ports, &ssh);
	assert_true(readiness_told_sshd(&ports));
	ga_ports_release(&ports);
}
