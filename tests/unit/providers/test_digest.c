#include "providers/fetch/digest.h"

#include <errno.h>

#include "tests/unit/test.h"

#define ABC256 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC384 \
	"sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
#define ABC512 \
	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd" \
	"454d4423643ce80e2a9ac94fa54ca49f"

TEST(known_vectors)		/* FIPS 180-2, appendix B.1 and its like for the others */
{
	static const char *const want[] = { ABC256, ABC384, ABC512 };
	char text[DIGEST_TEXT_MAX], hex[65];
	struct digest d;
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		ok(digest_init(&d, want[i], &err));
		digest_update(&d, "a", 1);
		digest_update(&d, "bc", 2);
		digest_text(&d, text);
		assert_string_equal(text, want[i]);
		ok(digest_parse(want[i], &err));
	}
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, &ABC256[7]);
	sha256_hex("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(a_million_bytes_in_odd_pieces)
{
	char text[DIGEST_TEXT_MAX], piece[1000];
	struct digest d;
	struct error err;

	memset(piece, 'a', sizeof piece);
	ok(digest_init(&d, "sha256", &err));
	for (size_t left = 1000000, n = 1; left; left -= n, n = n * 3 % 997 + 1) {
		if (n > left)
			n = left;
		digest_update(&d, piece, n);
	}
	digest_text(&d, text);
	assert_string_equal(text, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(texts_that_are_no_digest)
{
	static const struct { const char *text, *why; } cases[] = {
		{ "", "want ALGORITHM:HEX" }, { "sha256", "want ALGORITHM:HEX" },
		{ "md5:d41d8cd98f00b204e9800998ecf8427e", "digest 'md5': want sha256" }, { ":abc", "want sha256" },
		{ "sha25:00", "want sha256" }, { "sha2567:00", "want sha256" }, { "SHA256:00", "want sha256" },
		{ "sha256:", "0 digits, want 64" }, { "sha256:abcd", "4 digits, want 64" },
		{ "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "64 digits, want 128" },
		{ "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "lower-case" },
		{ "sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "lower-case" },
		{ ABC256 " ", "65 digits" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		not_ok(digest_parse(cases[i].text, &err), cases[i].why);
		assert_int_equal(err.code, ERR_INVALID);
	}
}

TEST(files)
{
	auto_free char *path = test_file("abc", "abc", 3), *got = NULL, *big = NULL;
	volatile int cancel = 1;
	AUTO(buf) b = BUF_INIT;
	auto_free char *bigpath = NULL;
	char hex[65];
	struct error err;

	ok(digest_file(path, ABC512, &got, NULL, &err));
	assert_string_equal(got, ABC512);
	for (int i = 0; i < 200000; i++)
		buf_addf(&b, "%d,", i);
	bigpath = test_file("big", b.s, b.len);
	ok(digest_file(bigpath, "sha256", &big, NULL, &err));
	sha256_hex(b.s, b.len, hex);
	assert_string_equal(big + 7, hex);
	not_ok(digest_file(bigpath, "sha256", &got, &cancel, &err), "cancelled");
	assert_int_equal(err.code, ERR_CANCELLED);
	not_ok(digest_file("/no/such/file", "sha256", &got, NULL, &err), "open /no/such/file");
	assert_int_equal(err.code, ENOENT);
	not_ok(digest_file("/", "sha256", &got, NULL, &err), "/ is a folder");
	not_ok(digest_file(path, "crc32", &got, NULL, &err), "want sha256");
	assert_string_equal(got, ABC512);	/* untouched by failures */
}
