/* networks.yaml. */
#include "state/desired/spec/networks.h"
#include "tests/unit/test.h"

static void
put(const char *home, const char *text)
{
	auto_free char *dir = xasprintf("%s/_config", home);
	auto_free char *path = xasprintf("%s/networks.yaml", dir);
	struct error err;

	ok(fs_mkdirs(dir, 0755, &err));
	ok(fs_write(path, text, strlen(text), 0644, &err));
}

TEST(none_is_the_default)
{
	auto_free char *home = test_path("none");
	AUTO(networks) n = { 0 };
	AUTO(buf) text = BUF_INIT;
	AUTO(networks) same = { 0 };
	struct error err;

	ok(networks_load(&n, home, &err));
	assert_int_equal(n.n, 4);
	assert_string_equal(n.v[0].name, "bridged");
	assert_string_equal(networks_find(&n, "user-v2")->gateway, "192.168.104.1");
	assert_string_equal(n.group, "admin");
	assert_null(networks_find(&n, "nothing"));
	networks_default_text(&text);
	put(home, text.s);
	ok(networks_load(&same, home, &err));
	assert_int_equal(same.n, 4);
}

TEST(a_usernet_of_ones_own_replaces_the_built_in_one)
{
	auto_free char *home = test_path("own");
	AUTO(networks) n = { 0 };
	AUTO(networks) m = { 0 };
	AUTO(networks) empty = { 0 };
	struct error err;

	put(home, "networks: {mine: {mode: user-v2, gateway: 10.1.2.1, netmask: 255.255.255.0}}\nunknown: 1\n");
	ok(networks_load(&n, home, &err));
	assert_int_equal(n.n, 1);
	put(home, "networks: {user-v2: {mode: user-v2}, other: }\n");
	ok(networks_load(&m, home, &err));
	assert_int_equal(m.n, 2);
	assert_string_equal(networks_find(&m, "user-v2")->gateway, "192.168.104.1");
	put(home, "");
	ok(networks_load(&empty, home, &err));
	assert_int_equal(empty.n, 1);
}

TEST(where_guests_may_connect_to)
{
	auto_free char *home = test_path("rules");
	AUTO(networks) n = { 0 };
	struct networks bad;
	struct error err;

	put(home, "networks:\n  a: {mode: user-v2, gateway: 10.1.2.1, egress: [10.0.0.0/8, 1.2.3.4], hostLoopback: false}\n"
		  "  b: {mode: user-v2, gateway: 10.1.3.1, netmask: 255.255.0.0, egress: none}\n  c: {mode: user-v2, gateway: 10.1.4.1, egress: []}\n");
	ok(networks_load(&n, home, &err));
	assert_string_equal(networks_find(&n, "a")->egress, "10.0.0.0/8 1.2.3.4");
	assert_false(networks_find(&n, "a")->host_loopback);
	assert_string_equal(networks_find(&n, "b")->egress, "none");
	assert_true(networks_find(&n, "b")->host_loopback);
	assert_string_equal(networks_find(&n, "c")->egress, "none");
	assert_string_equal(networks_host(&n.arena, networks_find(&n, "a")), "10.1.2.2");
	assert_string_equal(networks_host(&n.arena, networks_find(&n, "b")), "10.1.0.2");
	put(home, "networks: {a: {mode: user-v2, hostLoopback: maybe}}\n");
	not_ok(networks_load(&bad, home, &err), "hostLoopback: must be true or false");
}

TEST(what_is_refused)
{
	auto_free char *home = test_path("bad");
	struct networks n;
	struct error err;

	put(home, "networks:\n  a:\n    gateway: 1.2.3\n");
	not_ok(networks_load(&n, home, &err), "networks.yaml:3:14: gateway: must be an IP address");
	put(home, "networks: [1]\n");
	not_ok(networks_load(&n, home, &err), "networks.yaml:1:11: networks: must be a mapping");
	put(home, "networks: {a: 1}\n");
	not_ok(networks_load(&n, home, &err), "must be a mapping");
	put(home, "- 1\n");
	not_ok(networks_load(&n, home, &err), "must be a mapping");
	put(home, "a: [\n");
	not_ok(networks_load(&n, home, &err), "networks.yaml:");
}
