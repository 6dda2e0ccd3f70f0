/* Sockets that the guest agent opens in the guest for the host. */
#include "tests/unit/guest_tube.h"

/* What a listener told. */
struct knocks {
	uint64_t last;
	unsigned n;
	bool closed;
	struct grpc_status why;
};

static void
knocked(void *ctx, uint64_t id)
{
	struct knocks *k = ctx;

	k->n++;
	k->last = id;
}

static void
reverse_closed(void *ctx, const struct grpc_status *why)
{
	struct knocks *k = ctx;

	k->closed = true;
	k->why = *why;
}

static const struct ga_reverse_ops reverse_ops = { knocked, reverse_closed };

TEST(a_socket_of_the_guest_that_leads_to_the_host)
{
	auto_free char *path = test_path("listener");
	struct knocks k = { 0 };
	struct ga_reverse *listener;
	struct world w;
	struct error err;
	struct stat st;
	struct tube t, nobody;
	AUTO(buf) b = BUF_INIT;
	char number[24];
	int fd;

	begin_informed(&w);
	listener = ga_reverse_open(w.c, path, 0, &reverse_ops, &k, &err);
	assert_non_null(listener);
	UNTIL(&w, k.n == 1);
	assert_int_equal(k.last, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fd = dial_unix(path);
	UNTIL(&w, k.n == 2);
	assert_true(k.last > 0);
	snprintf(number, sizeof number, "%llu", (unsigned long long)k.last);
	tube_open(&w, &t, "accepted", number);
	ga_tunnel_send(t.t, "hi", 2);
	assert_int_equal(service_read(&w, fd, &b, 2), 2);
	/* nobody is there twice */
	tube_open(&w, &nobody, "accepted", number);
	UNTIL(&w, nobody.closed);
	assert_string_equal(nobody.why.text, "nobody of that number waits");
	ga_reverse_close(listener);
	UNTIL(&w, !fs_exists(path));
	ga_tunnel_close(t.t);
	close(fd);
	end(&w);
}

TEST(sockets_that_cannot_be)
{
	auto_free char *path = test_path("file");
	const char *const bad[] = { "relative", "/", "/no/such/folder/s", path };
	struct world w;
	struct error err;

	ok(fs_write(path, "x", 1, 0600, &err));
	begin_informed(&w);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct knocks k = { 0 };

		assert_non_null(ga_reverse_open(w.c, bad[i], 0, &reverse_ops, &k, &err));
		UNTIL(&w, k.closed);
		assert_int_equal(k.n, 0);
		assert_true(*k.why.text);
	}
	assert_true(fs_exists(path));
	end(&w);
}
