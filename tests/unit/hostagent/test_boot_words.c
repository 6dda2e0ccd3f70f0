/* How far a boot is, by lines of a console as guests write them. */
#include "hostagent/machine/boot_words.h"
#include "tests/unit/test.h"

TEST(lines_of_a_boot_have_words)
{
	static const char *const table[][2] = {
		{ "BdsDxe: starting Boot0001 \"UEFI QEMU HARDDISK\"", "firmware" },
		{ "SeaBIOS (version 1.16.2-debian-1.16.2-1)", "firmware" },
		{ "                             GNU GRUB  version 2.06-13+deb12u1", "boot loader" },
		{ "[    0.000000] Linux version 6.1.0-57-cloud-amd64 (debian-kernel@lists.debian.org)", "kernel" },
		{ "Loading, please wait...", "initrd" },
		{ "[    1.234567] Run /init as init process", "initrd" },
		{ "[    2.345678] systemd[1]: systemd 252.39-1~deb12u1 running in system mode (+PAM)", "systemd" },
		{ "Welcome to Debian GNU/Linux 12 (bookworm)!", "systemd" },
		{ "[    9.1] cloud-init[351]: Cloud-init v. 22.4.2 running 'init-local' at Mon, 30 Nov 2026 06:00:00 +0000. Up 9.10 seconds.", "cloud-init 1/4: what is attached" },
		{ "cloud-init[401]: Cloud-init v. 22.4.2 running 'init' at Mon", "cloud-init 2/4: network and users" },
		{ "cloud-init[401]: Cloud-init v. 22.4.2 running 'modules:config' at Mon", "cloud-init 3/4: configuration" },
		{ "cloud-init[401]: Cloud-init v. 22.4.2 running 'modules:final' at Mon", "cloud-init 4/4: packages and scripts" },
		{ "cloud-init[401]: Cloud-init v. 22.4.2 finished at Mon", "cloud-init is through" },
		{ "Welcome to my guest", NULL },
		{ "[    5.0] systemd[1]: Started getty", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *word = boot_word(table[i][0]);

		if (!table[i][1])
			assert_null(word);
		else
			assert_string_equal(word, table[i][1]);
	}
}

TEST(each_word_is_noted_once_with_its_time_and_no_more_than_there_is_room_for)
{
	struct boot_words b = { 0 };

	boot_words_hear(&b, "Linux version 6", 10);
	boot_words_hear(&b, "noise", 11);
	boot_words_hear(&b, "Linux version 6", 12);
	boot_words_hear(&b, "Welcome to Debian!", 30);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.v[0].word, "kernel");
	assert_int_equal(b.v[0].at, 10);
	assert_int_equal(b.v[1].at, 30);
	for (b.n = 0; b.n < BOOT_WORDS; b.n++)
		b.v[b.n].word = "another";
	boot_words_hear(&b, "SeaBIOS", 40);
	assert_int_equal(b.n, BOOT_WORDS);
}
