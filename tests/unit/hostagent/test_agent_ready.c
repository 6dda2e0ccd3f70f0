/* When a guest is ready, and what is said of one that does not get ready in time. */
#include "hostagent/protocol/ha_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/agent.h"

static void
waits_for(struct machine *m, const char *what)
{
	struct ha_info i = { .waiting_for = "" };
	struct error err;

	for (int n = 0; n < 1000; n++) {
		AUTO(arena) a = { 0 };

		ok(ha_info(m->dir, &a, &i, &err));
		if (strcmp(i.waiting_for, what) == 0)
			return;
		usleep(10000);
	}
	fail_msg("it never waits for %s", what);
}

TEST(is_ready_when_all_is_there)
{
	static const struct launch_probe probes[] = {
		{ "first", "#!/bin/sh\n[ \"$FOO\" = \"a b\" ] || FOO=\"a b\"; test -e /run/first\n", "hint" },
		{ "second", "#!/usr/bin/env sh\nread -r x <&0; echo \"$x\" >&2\n", "hint" },
	};
	AUTO(arena) a = { 0 };
	struct sshd s = guest("g");
	auto_free char *events = NULL, *log = NULL, *first = test_path("g/first"), *p = NULL;
	struct launch_probe mine[2];
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "g-vm");
	use_guest(&m, &s);
	memcpy(mine, probes, sizeof mine);
	mine[0].script = p = xasprintf("#!/bin/sh\ntest -e %s\n", first);
	m.l.probes = mine;
	m.l.nprobes = 2;
	set_marker("g", "lima-ssh-ready", "iid-0\n");
	ok(start(&m, &err));
	waits_for(&m, "user session is ready for ssh");
	set_marker("g", "lima-ssh-ready", "iid-1\n");
	waits_for(&m, "first");
	not_ok(ha_wait_ready(m.dir, 0, 300, NULL, &a, &i, &err), "in time");
	set_marker("g", "first", "");
	waits_for(&m, "boot scripts must have finished");
	set_marker("g", "lima-boot-done", "iid-1");
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_string_equal(i.errors, "");
	assert_string_equal(i.waiting_for, "");
	assert_true(i.since_ms > 1600000000000);
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"status\":{\"running\":true,\"sshLocalPort\":"));
	assert_null(strstr(events, "degraded"));
	log = log_text(&m, "ha.stderr.log");
	assert_non_null(strstr(log, "\"level\":\"info\",\"msg\":\"final requirement is satisfied"));
	done(&m);
	sshd_stop(&s);
}

/* One that writes to its console while it boots, as `ms` say; the tail of the file is the guest's, whoever writes it. */
static pid_t
chatter(const char *console, int ms, bool news)
{
	pid_t pid = fork();
	int fd = pid ? -1 : open(console, O_WRONLY | O_APPEND);

	for (int t = 0, n = 0; !pid && t < ms; t += 50, n++) {
		/* a count is no news */
		if (dprintf(fd, "%d: another driver%.*s\n", n, news ? n : 0, "oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo"
										 "ooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo") < 15)
			_exit(1);
		usleep(50000);
	}
	if (!pid)
		_exit(0);
	return pid;
}

TEST(time_is_up_when_a_guest_does_not_get_on_and_counts_anew_for_who_waits_anew)
{
	static const struct launch_probe probe = { "never", "#!/bin/sh\nexit 1\n", "look" };
	AUTO(arena) a = { 0 };
	struct sshd s = guest("again");
	auto_free char *serial = NULL, *chardev = NULL;
	struct machine m;
	struct ha_info i;
	struct error err;
	int seconds = 0;
	pid_t pid;

	make(&m, "again-vm");
	use_guest(&m, &s);
	serial = xasprintf("%s/serial.log", m.dir);
	chardev = xasprintf("file,id=c,path=%s", serial);
	word(&m, "-chardev");
	word(&m, chardev);
	m.l.guest.plain = true;
	m.l.probes = &probe;
	m.l.nprobes = 1;
	m.l.boot_timeout_ms = 4000;
	ok(start(&m, &err));
	pid = chatter(serial, 6000, true);
	ok(ha_wait_ready(m.dir, 0, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_int_equal(sscanf(i.errors, "not ready after %d s", &seconds), 1);
	assert_in_range(seconds, 5, 12);
	waitpid(pid, NULL, 0);
	/* said again at once to who only asks; who waits anew is told after his own time */
	ok(ha_wait_ready(m.dir, 0, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	not_ok(ha_wait_ready(m.dir, 50, 300, NULL, &a, &i, &err), "in time");
	ok(ha_info(m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_STARTING);
	assert_string_equal(i.errors, "");
	ok(ha_wait_ready(m.dir, 1, 60000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "not ready after 1 s"));
	done(&m);
	sshd_stop(&s);
}

/* However much it writes. */
TEST(a_guest_that_says_the_same_without_end_does_not_get_on)
{
	AUTO(arena) a = { 0 };
	auto_free char *serial = NULL, *chardev = NULL;
	struct machine m;
	struct ha_info i;
	struct error err;
	pid_t pid;

	make(&m, "same-vm");
	serial = xasprintf("%s/serial.log", m.dir);
	chardev = xasprintf("file,id=c,path=%s", serial);
	word(&m, "-chardev");
	word(&m, chardev);
	m.l.boot_timeout_ms = 4000;
	ok(start(&m, &err));
	pid = chatter(serial, 60000, false);
	ok(ha_wait_ready(m.dir, 0, 60000, NULL, &a, &i, &err));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "its console has only repeated itself for the last "))
		fail_msg("%s", i.errors);
	done(&m);
}

static size_t
count_settled(const struct ha_condition *k, size_t n)
{
	size_t settled = 0;

	for (size_t i = 0; i < n; i++)
		settled += strcmp(k[i].state, "waiting") != 0;
	return settled;
}

TEST(conditions_are_told_as_they_come_true)
{
	auto_free char *go = test_path("c-go");
	auto_free char *script = xasprintf("#!/bin/sh\ntest -e '%s'\n", go);
	const struct launch_probe probes[] = { { "already", "#!/bin/sh\n:\n", "" }, { "go", script, "" } };
	AUTO(arena) a = { 0 };
	struct sshd s = guest("c");
	struct ha_condition *k;
	struct machine m;
	size_t nk, seen = 0;
	struct error err;

	make(&m, "c-vm");
	use_guest(&m, &s);
	m.l.guest.plain = true;
	m.l.probes = probes;
	m.l.nprobes = 2;
	m.l.boot_timeout_ms = 60000;
	set_marker("c", "lima-boot-done", "iid-1\n");
	ok(start(&m, &err));
	/* each answer has more of them than the one before */
	for (;;) {
		ok(ha_await_conditions(m.dir, seen, PATIENCE_MS, &a, &k, &nk, &err));
		assert_true(count_settled(k, nk) > seen);
		seen = count_settled(k, nk);
		if (seen == nk - 1)
			break;
	}
	assert_string_equal(k[nk - 1].what, "go");
	assert_string_equal(k[nk - 1].state, "waiting");
	assert_int_equal(ha_await_conditions(m.dir, seen, 300, &a, &k, &nk, &err), -1);
	assert_int_equal(err.code, ETIMEDOUT);
	ok(fs_write(go, "", 0, 0600, &err));
	ok(ha_await_conditions(m.dir, seen, PATIENCE_MS, &a, &k, &nk, &err));
	assert_string_equal(k[nk - 1].state, "met");
	/* nothing is waited for any more, so nobody waits */
	ok(ha_await_conditions(m.dir, 1000, 5000, &a, &k, &nk, &err));
	done(&m);
	unlink(go);
	sshd_stop(&s);
}

TEST(is_degraded_when_time_is_up_and_ready_after_all)
{
	static const struct launch_probe probe = { "never \"mind\"", "#!/bin/sh\necho not yet >&2; exit 1\n", "look" };
	AUTO(arena) a = { 0 };
	struct sshd s = guest("h");
	auto_free char *events = NULL, *serial = NULL;
	struct ha_condition *k;
	size_t nk;
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "h-vm");
	use_guest(&m, &s);
	m.l.guest.plain = true;
	m.l.probes = &probe;
	m.l.nprobes = 1;
	m.l.boot_timeout_ms = 3000;
	ok(start(&m, &err));
	serial = xasprintf("%s/serial.log", m.dir);
	ok(fs_write(serial, "Welcome\r\n\033[31mpanic\033[0m: <no> init\r\n\r\n", 38, 0600, &err));
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "not ready after 3 s") || !strstr(i.errors, "never \"mind\"") ||
	    !strstr(i.errors, "the probe said: not yet") || !strstr(i.errors, "\nconsole: Welcome\nconsole: panic: <no> init"))
		fail_msg("%s", i.errors);
	ok(ha_conditions(m.dir, &a, &k, &nk, &err));
	assert_int_equal(nk, 3);
	assert_string_equal(k[0].what, "ssh");
	assert_string_equal(k[0].state, "met");
	assert_true(k[0].seconds < 3 && !k[0].probe);
	assert_string_equal(k[2].what, "never \"mind\"");
	assert_string_equal(k[2].state, "waiting");
	assert_string_equal(k[2].said, "not yet");
	assert_true(k[2].probe);
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"running\":true,\"degraded\":true,\"errors\":[\"not ready after"));
	assert_non_null(strstr(events, "\\u003cno\\u003e"));
	done(&m);
	free(events);
	/* without the probe, and time enough for the rest */
	make(&m, "h-vm");
	use_guest(&m, &s);
	m.l.guest.plain = true;
	m.l.boot_timeout_ms = 1500;
	ok(start(&m, &err));
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	set_marker("h", "lima-boot-done", "iid-1\n");
	waits_for(&m, "");
	ok(ha_info(m.dir, &a, &i, &err));
	assert_int_equal(i.phase, HA_RUNNING);
	assert_string_equal(i.errors, "");
	events = log_text(&m, "ha.stdout.log");
	assert_non_null(strstr(events, "\"status\":{\"running\":true,\"sshLocalPort\":"));
	done(&m);
	sshd_stop(&s);
}
