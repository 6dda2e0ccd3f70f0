#include "guest/init/scan.h"
#include "tests/unit/test.h"

#define KEYS(text, k) scan_authorized_keys(text, sizeof(text) - 1, k)
#define NET(text, n) scan_network(text, sizeof(text) - 1, n)

TEST(keys_of_the_user_are_found)
{
	static const char text[] =
	    "#cloud-config\n"
	    "users:\n"
	    "  - name: \"u\"\n"
	    "    ssh-authorized-keys:\n"
	    "      - \"ssh-ed25519 AAAA a@b\"\n"
	    "      # a comment\n"
	    "      - ssh-rsa BBBB plain # said of it\n"
	    "      - 'ssh-rsa CCCC it''s'\n"
	    "      - \"ssh-rsa DDDD \\\"q\\\" \\u00e9\\x41\"\n"
	    "write_files:\n"
	    " - \"ssh-rsa EEEE not a key\"\n";
	struct scan_keys k = { .n = 0 };

	KEYS(text, &k);
	assert_int_equal(k.n, 4);
	assert_string_equal(k.v[0], "ssh-ed25519 AAAA a@b");
	assert_string_equal(k.v[1], "ssh-rsa BBBB plain");
	assert_string_equal(k.v[2], "ssh-rsa CCCC it's");
	assert_string_equal(k.v[3], "ssh-rsa DDDD \"q\" \xc3\xa9" "A");
	scan_keys_release(&k);
}

TEST(a_key_cannot_smuggle_a_second_line)
{
	static const char text[] = "ssh-authorized-keys:\n- \"ssh-rsa A\\nssh-rsa B\"\n- \"ssh-rsa C\\x0ax\"\n- \"open\n- \"bad \\q\"\n- \"\"\n- \"ok\"\n";
	struct scan_keys k = { .n = 0 };

	KEYS(text, &k);
	assert_int_equal(k.n, 1);
	assert_string_equal(k.v[0], "ok");
	scan_keys_release(&k);
}

TEST(no_more_keys_than_there_is_room_for)
{
	AUTO(buf) b = BUF_INIT;
	struct scan_keys k = { .n = 0 };

	buf_adds(&b, "ssh_authorized_keys:\n");
	for (int i = 0; i < SCAN_KEYS_MAX + 20; i++)
		buf_addf(&b, "- k%d\n", i);
	scan_authorized_keys(b.s, b.len, &k);
	assert_int_equal(k.n, SCAN_KEYS_MAX);
	scan_keys_release(&k);
}

TEST(escapes_at_the_very_end_do_not_read_on)
{
	static const char *const ends[] = { "- \"\\", "- \"\\x", "- \"\\x4", "- \"\\u12", "- \"\\U0001f60", "- '", "- \"", "-", "- " };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		auto_free char *head = xasprintf("ssh-authorized-keys:\n%s", ends[i]);
		size_t len = strlen(head);
		auto_free char *exact = memcpy(xcalloc(1, len), head, len);	/* no NUL behind: the sanitizer sees a step too far */
		struct scan_keys k = { .n = 0 };

		scan_authorized_keys(exact, len, &k);
		assert_int_equal(k.n, 0);
	}
}

TEST(scalars_stand_at_the_margin)
{
	static const char text[] = "instance-id: iid-1\n nested:\n  local-hostname: wrong\nlocal-hostname: \"lima-x\"\n";
	auto_free char *name = scan_scalar(text, sizeof text - 1, "local-hostname");

	assert_string_equal(name, "lima-x");
	assert_null(scan_scalar(text, sizeof text - 1, "hostname"));
	assert_null(scan_scalar("a:\n", 3, "a"));
	assert_null(scan_scalar("", 0, "a"));
}

TEST(interfaces_with_address_metric_and_name_servers)
{
	static const char text[] =
	    "version: 2\n"
	    "ethernets:\n"
	    "  eth0:\n"
	    "    match:\n"
	    "      macaddress: '52:55:55:86:4b:01'\n"
	    "    dhcp4: true\n"
	    "    set-name: eth0\n"
	    "    dhcp4-overrides:\n"
	    "      route-metric: 200\n"
	    "    dhcp-identifier: mac\n"
	    "    nameservers:\n"
	    "      addresses:\n"
	    "      - 192.168.5.3\n"
	    "      - \"fd00::1\"\n"
	    "      - not;an;address\n"
	    "  lima0:\n"
	    "    match:\n"
	    "      macaddress: '52:55:55:86:4B:02'\n"
	    "    dhcp4-overrides:\n"
	    "      route-metric: 100\n"
	    "other:\n"
	    "  eth9:\n"
	    "    match:\n"
	    "      macaddress: '52:55:55:86:4b:03'\n";
	struct scan_net n;

	NET(text, &n);
	assert_int_equal(n.n, 2);
	assert_string_equal(n.nic[0].name, "eth0");
	assert_memory_equal(n.nic[0].mac, "\x52\x55\x55\x86\x4b\x01", 6);
	assert_int_equal(n.nic[0].metric, 200);
	assert_string_equal(n.nic[1].name, "lima0");
	assert_memory_equal(n.nic[1].mac, "\x52\x55\x55\x86\x4b\x02", 6);
	assert_int_equal(n.nic[1].metric, 100);
	assert_int_equal(n.n_dns, 2);
	assert_string_equal(n.dns[0], "192.168.5.3");
	assert_string_equal(n.dns[1], "fd00::1");
}

TEST(impossible_interfaces_are_left_out)
{
	static const char text[] =
	    "ethernets:\n"
	    "  ../../etc:\n    match:\n      macaddress: '52:55:55:86:4b:01'\n"
	    "  averyveryverylongname:\n    match:\n      macaddress: '52:55:55:86:4b:02'\n"
	    "  eth1:\n    match:\n      macaddress: '52:55:55:86:4b'\n"
	    "  eth2:\n    match:\n      macaddress: '52:55:55:86:4b:03:04'\n"
	    "  eth3:\n    dhcp4: true\n"
	    "  eth4:\n    match:\n      macaddress: 52:55:55:86:4b:05\n";
	struct scan_net n;

	NET(text, &n);
	assert_int_equal(n.n, 1);
	assert_string_equal(n.nic[0].name, "eth4");
	NET("ethernets:", &n);
	assert_int_equal(n.n, 0);
	NET("", &n);
	assert_int_equal(n.n, 0);
}

TEST(mounts_are_rows_of_four)
{
	static const char text[] =
	    "mounts:\n"
	    "- [lima-0123456789abcdef, /mnt/with space, virtiofs, \"rw,nofail\", \"0\", \"0\"]\n"
	    "- [short, /x]\n"
	    "- not a row\n"
	    "- [\"a,b\", '/y', 9p, \"ro,trans=virtio\", \"0\", \"0\"]\n"
	    "timezone: UTC\n"
	    "- [c, /z, 9p, rw]\n";
	struct scan_mounts m = { .n = 0 };

	scan_mounts(text, sizeof text - 1, &m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].tag, "lima-0123456789abcdef");
	assert_string_equal(m.v[0].target, "/mnt/with space");
	assert_string_equal(m.v[0].type, "virtiofs");
	assert_string_equal(m.v[0].options, "rw,nofail");
	assert_string_equal(m.v[1].tag, "a,b");
	assert_string_equal(m.v[1].target, "/y");
	assert_string_equal(m.v[1].options, "ro,trans=virtio");
	scan_mounts_release(&m);
}
